#!/usr/bin/python3
"""What real files do: one test for each of ten traps, with the files of tests/data.

The stand-in has the images already, as Aria often has; what is sent is what a planning system
would send next. Where a test changes a file, it does what other writers were seen to do.
"""
import copy
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from pydicom import Dataset, dcmread  # noqa: E402
from pydicom.uid import generate_uid  # noqa: E402

QUICK = {"existence": {"first": "100ms", "most": "500ms", "per_second": 1000},
         "retry": {"first": "100ms", "most": "500ms"}, "decide_within": "500ms"}
# For what must end at its deadline; what may go at once has the time to be asked about.
SOON = {"hold": {"warn_after": "1s", "at_most": "3s"}, "decide_within": "60s"}
WITHIN = 120


class TrapCase(Case):
    def scene(self, upstream_has=(), missing="refuse", **keys):
        self.upstream = self.start(FaultyPeer, aet="VMSDBD", switches={"missing": missing})
        self.add_upstream(upstream_has)
        config = sluice_config(
            self.directory,
            {"VMSDBD": {"address": self.upstream.address, "profile": "aria", **QUICK, **keys}},
            store={"directory": str(self.directory / "store"), "free_floor": "64MiB"},
            token="of the operator")
        self.sluice = self.start(Sluice, config)

    def add_upstream(self, files):
        folder = self.directory / "there_before"
        folder.mkdir(exist_ok=True)
        for file in files:
            shutil.copy(file, folder / f"{len(list(folder.iterdir()))}.dcm")
        self.upstream.load(folder)

    def edited(self, source, change=None, **elements):
        """A copy of a file with other elements, and whatever `change` does to its data set."""
        data = dcmread(source)
        for keyword, value in elements.items():
            setattr(data, keyword, value)
        if change:
            change(data)
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
        path = self.directory / f"edited{len(list(self.directory.glob('edited*')))}.dcm"
        data.save_as(path)
        return path

    def send(self, *files, **how):
        outcome = storescu(self.sluice, files, **how)
        self.assertEqual(outcome.returncode, 0, outcome)

    def held(self, file, state="waiting"):
        """What `sluice held` says of a file, as soon as it is in a state."""
        uid = sop_instance_uid(file)

        def found():
            return next((one for one in self.sluice.held()
                         if (one["sop_instance_uid"], one["state"]) == (uid, state)), None)
        return wait_until(found, WITHIN, f"{uid} to be {state}")

    def missing(self, file):
        return {one["uid"] for one in self.held(file)["missing"]}

    def assert_arrive(self, *files):
        """Upstream, and no longer here."""
        wanted = {sop_instance_uid(file) for file in files}
        wait_until(lambda: wanted <= {line["uid"] for line in self.upstream.journal("store")
                                      if line["status"] == 0}, WITHIN, f"{wanted} upstream")
        wait_until(lambda: not wanted & {one["sop_instance_uid"] for one in self.sluice.held()},
                   WITHIN, "the same not to be held")

    def order(self, *files):
        """In which they arrived upstream."""
        names = {sop_instance_uid(file): file for file in files}
        return [names[line["uid"]] for line in self.upstream.journal("store")
                if line["status"] == 0 and line["uid"] in names]

    def operator(self, *words):
        outcome = self.sluice.operator(*words)
        self.assertEqual(outcome.returncode, 0, outcome)
        return outcome.output

    def history(self, file):
        (row,) = self.sluice.json(f"/api/v1/held/{sop_instance_uid(file)}")["held"]
        return row["history"]


def references(uid, sop_class, relationship=None):
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class
    item.ReferencedSOPInstanceUID = uid
    if relationship:
        item.RTPlanRelationship = relationship
    return [item]


STRUCTURE_SET, ION_PLAN, DOSE, RT_IMAGE = ("1.2.840.10008.5.1.4.1.1.481." + n for n in "3821")


class TrapsOfReferences(TrapCase):
    def test_trap_1_eclipse_exports_the_structure_set_under_another_uid_than_the_plan_names(self):
        chain = eclipse_chain()
        self.scene(chain.images, missing="accept", **SOON)
        exported = self.edited(chain.structure_set, SOPInstanceUID="1.2.246.352.205.5136.4799")
        self.send(exported, chain.plan)
        held = self.held(chain.plan, "quarantined")
        self.assertIn("1 of what it refers to are missing, first: structure_set", held["reason"])
        self.assertIn(held["reason"], self.operator("held"))
        uid = sop_instance_uid(chain.plan)
        self.assertIn("ready", self.operator("release", uid, "--reason", "Eclipse renamed it"))
        self.assert_arrive(exported, chain.plan)
        step = next(step for step in self.history(chain.plan) if "operator" in step["by"])
        self.assertEqual((step["from"], step["to"], step["reason"]),
                         ("quarantined", "ready", "Eclipse renamed it"))
        self.send(chain.dose)  # it names the plan by the UID that the plan has
        self.assert_arrive(chain.dose)

    def test_trap_1_or_it_is_sent_without_being_asked_for_at_the_deadline(self):
        chain = eclipse_chain()
        self.scene(chain.images, missing="accept", **{**SOON, "hold": {**SOON["hold"], "then": "send"}})
        self.send(chain.plan)
        self.assert_arrive(chain.plan)
        self.assertIn("deadline", str(self.history(chain.plan)))

    def test_trap_2_verified_plan_predecessor_and_rt_image_dangle(self):
        chain = eclipse_chain()
        self.scene(chain.images)

        def dangle(plan):
            plan.ReferencedRTPlanSequence.extend(
                references(generate_uid(), ION_PLAN, "PREDECESSOR"))
            plan.IonBeamSequence[0].ReferencedReferenceImageSequence = references(
                generate_uid(), RT_IMAGE)
        plan = self.edited(chain.plan, dangle)
        self.send(chain.structure_set, plan, chain.dose)
        self.assert_arrive(chain.structure_set, plan, chain.dose)

    def test_trap_4_the_study_entry_names_a_study_whatever_its_class_says(self):
        mim, monaco = TEST_DATA / "mim-ct-phantom", TEST_DATA / "monaco-struct-box"
        pinnacle = sorted((TEST_DATA / "pinnacle-plan-dose-no-struct").glob("*.dcm"))
        of_mim = [file for file in mim.glob("*.dcm") if file.name != "dummy_rt.dcm"]
        self.scene([*of_mim, *monaco.glob("CT.*")])
        entry = dcmread(monaco / "RS.dcm").ReferencedFrameOfReferenceSequence[
            0].RTReferencedStudySequence[0]
        self.assertEqual(entry.ReferencedSOPClassUID, STRUCTURE_SET)  # with a Study Instance UID
        files = [mim / "dummy_rt.dcm", monaco / "RS.dcm", *pinnacle]
        self.send(*files)
        self.assert_arrive(*files)

    def test_trap_5_an_anonymiser_changed_the_uids_of_the_instances_alone(self):
        chain = raystation_chain()
        renamed = [self.edited(file, SOPInstanceUID=generate_uid()) for file in chain.images]
        self.scene(renamed, **SOON)
        self.send(chain.structure_set)
        held = self.held(chain.structure_set, "quarantined")  # the series is there: no comfort
        self.assertIn("61 of what it refers to are missing", held["reason"])
        uid = sop_instance_uid(chain.structure_set)
        refused = self.sluice.operator("discard", uid)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("--reason is required", refused.output)
        self.operator("discard", uid, "--reason", "exported anew")
        self.assertEqual(self.sluice.held(), [])
        self.assertEqual(self.history(chain.structure_set)[-1]["reason"], "exported anew")
        self.assertEqual(self.sluice.json(f"/api/v1/instances/{uid}")["answer"], "discarded")
        wait_until(lambda: self.sluice.metric("sluice_spool_bytes") == 0, WITHIN, "its file gone")
        self.assertEqual(self.upstream.journal("store"), [])

    def test_trap_6_patient_id_differs_within_the_chain_or_is_empty(self):
        chain = raystation_chain()
        self.scene(chain.images)
        files = [self.edited(chain.dose, PatientID="SOMEBODY", PatientName="Else^Somebody"),
                 self.edited(chain.plan, PatientID=""),
                 self.edited(chain.structure_set, PatientID="wtr303030")]
        self.send(*files)
        self.assert_arrive(*files)
        self.assertEqual(self.order(*files), files[::-1])

    def test_trap_7_doses_name_a_plan_a_structure_set_too_or_nothing(self):
        chain = eclipse_chain()
        self.scene(chain.images)
        structure_set, plan = (sop_instance_uid(one) for one in (chain.structure_set, chain.plan))

        def dose(change=None, **elements):
            return self.edited(chain.dose, change, SOPInstanceUID=generate_uid(), **elements)

        def name_nothing(data):
            del data.ReferencedRTPlanSequence
        alone = dose(name_nothing)
        with_both = dose(ReferencedStructureSetSequence=references(structure_set, STRUCTURE_SET))
        of_beams = [dose(DoseSummationType="BEAM", InstanceNumber=n) for n in (1, 2, 3)]
        empty = TEST_DATA / "varian-aria-dose-plan-absent" / "RD.DICOMORIENT.Dose_HFS_empty.dcm"
        waiting = [chain.dose, with_both, *of_beams]
        self.send(alone, empty, *waiting)
        self.assert_arrive(alone)
        self.assertEqual(self.missing(with_both), {plan, structure_set})
        for one in (chain.dose, *of_beams):
            self.assertEqual(self.missing(one), {plan})
        self.send(chain.plan, chain.structure_set)
        self.assert_arrive(chain.structure_set, chain.plan, *waiting)
        self.assertEqual(self.missing(empty),
                         {"1.2.246.352.71.5.53598612033.417400.20181208095637"})


class TrapsOfImages(TrapCase):
    """Trap 3: the list of images, the contours, both, or neither."""

    def setUp(self):
        super().setUp()
        self.chain = raystation_chain()
        self.by_uid = {sop_instance_uid(file): file for file in self.chain.images}
        rois = dcmread(self.chain.structure_set).ROIContourSequence
        drawn_on = {image.ReferencedSOPInstanceUID for roi in rois
                    for contour in roi.get("ContourSequence", ())
                    for image in contour.ContourImageSequence}
        self.drawn_on = [self.by_uid[uid] for uid in drawn_on]
        self.assertEqual((len(self.by_uid), len(self.drawn_on)), (61, 45))

    def structure_set(self, *changes):
        def change(data):
            for one in changes:
                one(data)
        return self.edited(self.chain.structure_set, change, SOPInstanceUID=generate_uid())

    @staticmethod
    def without_list(data):
        frame = data.ReferencedFrameOfReferenceSequence[0]
        del frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0].ContourImageSequence

    @staticmethod
    def without_images_of_contours(data):
        for roi in data.ROIContourSequence:
            for contour in roi.get("ContourSequence", ()):
                del contour.ContourImageSequence

    def test_trap_3_the_list_names_more_images_than_carry_a_contour(self):
        self.scene(self.drawn_on, missing="accept", quiet_for="2s")

        def draw_elsewhere(data):
            contours = data.ROIContourSequence[0].ContourSequence
            contours.append(copy.deepcopy(contours[0]))
            contours[-1].ContourImageSequence[0].ReferencedSOPInstanceUID = "1.2.3.4"
        complete, incomplete = self.structure_set(), self.structure_set(draw_elsewhere)
        self.send(incomplete, complete)
        self.assert_arrive(complete)  # after `quiet_for`: 16 slices that nobody drew on
        self.assertIn("16 images that only the list names", str(self.history(complete)))
        self.assertIn("1.2.3.4", self.missing(incomplete))

    def test_trap_3_contours_name_images_and_the_list_is_missing(self):
        self.scene()
        structure_set = self.structure_set(self.without_list)
        self.send(structure_set)
        self.assertEqual(self.missing(structure_set),
                         {sop_instance_uid(file) for file in self.drawn_on})
        self.send(*self.drawn_on)
        self.assert_arrive(structure_set)

    def test_trap_3_some_contours_have_no_image(self):
        self.scene()

        def only_the_first_has(data):
            kept = data.ROIContourSequence[0].ContourSequence[0].ContourImageSequence
            self.without_images_of_contours(data)
            data.ROIContourSequence[0].ContourSequence[0].ContourImageSequence = kept
        structure_set = self.structure_set(only_the_first_has)
        self.send(structure_set)
        self.assertEqual(self.missing(structure_set), set(self.by_uid))
        self.send(*self.chain.images)
        self.assert_arrive(structure_set)

    def test_trap_3_neither_names_an_image_so_the_series_is_waited_for(self):
        self.scene(quiet_for="2s")
        structure_set = self.structure_set(self.without_list, self.without_images_of_contours)
        self.send(structure_set)
        series = str(dcmread(self.chain.images[0]).SeriesInstanceUID)
        self.assertEqual(self.missing(structure_set), {series})
        self.send(*self.chain.images)
        self.assert_arrive(structure_set)

    def test_trap_3_not_even_a_series_is_named(self):
        self.scene(self.chain.images, quiet_for="2s")

        def without_study(data):
            del data.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
        structure_set = self.structure_set(self.without_images_of_contours, without_study)
        self.send(structure_set)
        self.assert_arrive(structure_set)


class TrapsOfEncoding(TrapCase):
    def test_trap_8_uids_and_dates_are_called_unknown(self):
        chain = raystation_chain()
        self.scene(missing="accept")
        files = [self.edited(chain.dose, lambda data: setattr(
            data.ReferencedRTPlanSequence[0], "ReferencedSOPInstanceUID", uid),
            SOPInstanceUID=generate_uid(), StudyDate="UNKNOWN", SeriesDate="UNKNOWN")
            for uid in ("UNKNOWN", "0")]
        self.send(*files)
        self.assert_arrive(*files)

    def test_trap_8_two_different_files_share_one_uid(self):
        self.scene()
        plan = SmallChain().plan
        label = dcmread(raystation_chain().plan).RTPlanLabel.encode()
        other = plan._replace(data_set=plan.data_set.replace(label, label[::-1]))
        self.assertNotEqual(plan.data_set, other.data_set)
        self.assertEqual(wire.store(self.sluice, [plan]), [0])
        self.assertEqual(wire.store(self.sluice, [plan]), [0])  # the same again: one copy
        self.assertEqual(wire.store(self.sluice, [other]), [0xC000])
        self.assertIn("another content is held under its UID", self.sluice.output())
        self.assertEqual(len(self.sluice.held()), 1)
        self.upstream.set(missing="accept")
        self.operator("release", plan.uid)
        wait_until(lambda: self.upstream.arrivals(), WITHIN, "the first to arrive")
        self.assertEqual(dataset_bytes(self.upstream.files()[plan.uid]), plan.data_set)

    def test_trap_8_of_two_files_with_one_uid_the_later_replaces_the_first_if_told_so(self):
        self.scene(on_conflict="replace")
        chain = SmallChain()
        label = dcmread(raystation_chain().plan).RTPlanLabel.encode()
        later = chain.plan._replace(data_set=chain.plan.data_set.replace(label, label[::-1]))
        self.assertEqual(wire.store(self.sluice, [chain.plan, later]), [0, 0])
        self.assertEqual(wire.store(self.sluice, [*chain.images, chain.structure_set]), [0] * 4)
        wait_until(lambda: self.upstream.arrivals("plan") == [later.uid], WITHIN, "the plan")
        self.assertEqual(dataset_bytes(self.upstream.files()[later.uid]), later.data_set)

    def test_trap_8_monaco_writes_no_preamble_and_uids_below_the_sop_class(self):
        monaco = TEST_DATA / "monaco-struct-box"
        self.scene()
        bare = self.directory / "RS"
        bare.write_bytes(dataset_bytes(monaco / "RS.dcm"))
        self.assertTrue(sop_instance_uid(bare).startswith(STRUCTURE_SET + "."))
        images = list(monaco.glob("CT.*"))
        self.send(bare)
        self.assertEqual(self.missing(bare), {sop_instance_uid(file) for file in images})
        self.send(*images)
        self.assert_arrive(bare)

    def test_trap_9_one_study_mixes_transfer_syntaxes_and_names_no_character_set(self):
        chain = eclipse_chain()
        self.scene(chain.images[:-1])

        def without_character_set(data):
            if "SpecificCharacterSet" in data:
                del data.SpecificCharacterSet
        files = [self.edited(file, without_character_set)
                 for file in (chain.dose, chain.plan, chain.structure_set)] + [chain.images[-1]]
        self.assertEqual(len({transfer_syntax(file) for file in files}), 2)
        self.send(*files)
        self.assert_arrive(*files)
        directly = self.start(FaultyPeer, name="directly")
        self.assertEqual(storescu(directly, files).returncode, 0)
        sent, arrived = directly.files(), self.upstream.files()
        for file in files:  # what storescu makes of it, byte for byte, each in its own syntax
            uid = sop_instance_uid(file)
            self.assertEqual(transfer_syntax(arrived[uid]), transfer_syntax(file))
            self.assertEqual(dataset_sha256(arrived[uid]), dataset_sha256(sent[uid]))

    def test_trap_10_plain_storescu_does_not_propose_rt_ion_plan(self):
        chain = raystation_chain()
        self.scene()
        plain = storescu(self.sluice, [chain.plan], options=())
        self.assertNotEqual(plain.returncode, 0, plain)
        self.assertIn("No presentation context", plain.output)
        self.assertEqual((self.sluice.held(), self.upstream.journal("store")), ([], []))
        self.send(chain.plan, options=("-R",))
        self.held(chain.plan)


if __name__ == "__main__":
    run_cases()
