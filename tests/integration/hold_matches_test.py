#!/usr/bin/python3
"""Looser requirements: a series, a frame of reference, any structure set of the study."""
import pathlib
import sys
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from harness.chains import encoded  # noqa: E402
from injection_test import QUICK  # noqa: E402
import pydicom  # noqa: E402
import pydicom.uid  # noqa: E402

QUIET = 2500  # ms


class HoldMatches(Case):
    """What upstream lacks by the letter of the references, and has by their sense."""

    def scene(self, requirements=None, **keys):
        self.chain = raystation_chain()
        self.upstream = self.start(FaultyPeer, aet="VMSDBD")
        config = sluice_config(
            self.directory,
            {"VMSDBD": {"address": self.upstream.address, "profile": "aria", **QUICK,
                        "quiet_for": f"{QUIET}ms", "requirements": requirements or {}, **keys}},
            store={"directory": str(self.directory / "store"), "free_floor": "64MiB"})
        self.sluice = self.start(Sluice, config)

    def send(self, *files):
        outcome = storescu(self.sluice, files)
        self.assertEqual(outcome.returncode, 0, outcome)

    def written(self, instance, name):
        instance.save_as(self.directory / name)
        return self.directory / name

    def structure_set(self, series=True, frame=True):
        """The chain's, without any image; the series and the frame of reference, if wanted."""
        instance = pydicom.dcmread(self.chain.structure_set)
        for contour in instance.ROIContourSequence:
            for one in contour.get("ContourSequence", []):
                if "ContourImageSequence" in one:
                    del one.ContourImageSequence
        for of_frame in instance.ReferencedFrameOfReferenceSequence:
            for study in of_frame.RTReferencedStudySequence:
                for of_series in study.RTReferencedSeriesSequence:
                    del of_series.ContourImageSequence
                if not series:
                    del study.RTReferencedSeriesSequence
        if not frame:
            del instance.ReferencedFrameOfReferenceSequence
            for roi in instance.StructureSetROISequence:
                del roi.ReferencedFrameOfReferenceUID
        return self.written(instance, "structure_set.dcm")

    def wait_for(self, file):
        wait_until(lambda: sop_instance_uid(file) in self.upstream.arrivals(), 60,
                   f"its arrival; held: {self.sluice.held()}")
        wait_until(lambda: self.sluice.held() == [], what="nothing to be held")

    def quiet_before(self, file):
        """Milliseconds between the last image and the file, as upstream saw them come."""
        came = self.upstream.journal("store")
        last = max(line["ms"] for line in came if line["kind"] == "image")
        (own,) = [line["ms"] for line in came if line["uid"] == sop_instance_uid(file)]
        return own - last

    def assert_waits_for(self, kind, uid):
        (held,) = self.sluice.held()
        self.assertEqual(held["state"], "waiting")
        self.assertEqual([(one["kind"], one["uid"]) for one in held["missing"]], [(kind, uid)])

    def series(self):
        return str(pydicom.dcmread(self.chain.images[0], stop_before_pixels=True).SeriesInstanceUID)

    def test_a_structure_set_without_images_waits_until_its_series_has_come_and_is_quiet(self):
        self.scene()
        file = self.structure_set()
        self.send(file)
        self.assert_waits_for("image", self.series())
        self.send(*self.chain.images)
        self.wait_for(file)
        self.assertGreaterEqual(self.quiet_before(file), QUIET)

    def test_a_series_that_has_just_come_is_not_believed_to_be_whole(self):
        self.scene()
        file = self.structure_set()
        self.send(*self.chain.images)
        self.send(file)
        self.wait_for(file)
        self.assertGreaterEqual(self.quiet_before(file), QUIET)

    def test_a_series_whose_first_fragments_tell_nothing_is_not_believed_to_be_whole(self):
        """Twenty bytes of each image come apart, long before the UIDs of study and series."""
        self.scene()
        file = self.structure_set()
        images = [pydicom.dcmread(image) for image in self.chain.images]
        sent = [types.SimpleNamespace(uid=str(one.SOPInstanceUID), sop_class=str(one.SOPClassUID),
                                      data_set=encoded(one)) for one in images]
        self.assertEqual(wire.store(self.sluice, sent, called="VMSDBD", first=20), [0] * len(sent))
        self.send(file)
        self.wait_for(file)
        self.assertGreaterEqual(self.quiet_before(file), QUIET)

    def test_a_structure_set_that_names_other_images_of_its_series_by_choice(self):
        """Anonymisers keep the series and change instance UIDs (facts.md, trap 5)."""
        self.scene({"match_images": "series"})
        instance = pydicom.dcmread(self.chain.structure_set)
        for of_frame in instance.ReferencedFrameOfReferenceSequence:
            for one in of_frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0] \
                    .ContourImageSequence:
                one.ReferencedSOPInstanceUID = pydicom.uid.generate_uid()
        file = self.written(instance, "renamed.dcm")
        self.send(file)
        self.assert_waits_for("image", self.series())
        self.send(*self.chain.images)
        self.wait_for(file)

    def test_a_structure_set_that_names_a_frame_of_reference_alone_waits_for_images_of_it(self):
        self.scene()
        file = self.structure_set(series=False)
        frame = str(pydicom.dcmread(self.chain.images[0],
                                    stop_before_pixels=True).FrameOfReferenceUID)
        self.send(file)
        self.assert_waits_for("image", frame)
        self.send(*self.chain.images)
        self.wait_for(file)
        self.assertGreaterEqual(self.quiet_before(file), QUIET)

    def test_a_structure_set_that_names_nothing_is_sent(self):
        self.scene()
        file = self.structure_set(series=False, frame=False)
        self.send(file)
        self.assertIn(sop_instance_uid(file), self.upstream.files())

    def test_a_structure_set_that_names_nothing_is_kept_by_choice(self):
        self.scene({"no_images": "quarantine"})
        self.send(self.structure_set(series=False, frame=False))
        (held,) = self.sluice.held()
        self.assertEqual(held["state"], "quarantined")
        self.assertIn("names no image", held["reason"])
        self.assertEqual(self.upstream.arrivals(), [])

    def test_a_plan_takes_any_structure_set_of_its_study_by_choice(self):
        """Eclipse exports structure sets under UIDs that its plans do not name (trap 1)."""
        self.scene({"match_structure_sets": "study"}, existence={"first": "300s", "most": "300s"})
        instance = pydicom.dcmread(self.chain.structure_set)
        instance.SOPInstanceUID = pydicom.uid.generate_uid()
        instance.file_meta.MediaStorageSOPInstanceUID = instance.SOPInstanceUID
        exported = self.written(instance, "exported.dcm")
        self.send(self.chain.plan)
        self.assert_waits_for("structure_set", str(instance.StudyInstanceUID))
        self.send(*self.chain.images)
        self.send(exported)
        self.wait_for(self.chain.plan)
        arrivals = self.upstream.arrivals()
        self.assertLess(arrivals.index(sop_instance_uid(exported)),
                        arrivals.index(sop_instance_uid(self.chain.plan)))


if __name__ == "__main__":
    run_cases()
