#!/usr/bin/python3
"""Two contents under one UID, held, while Sluice or the upstream misbehaves: none is given up."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from hold_faults_test import HoldFaults  # noqa: E402
from pydicom import dcmread  # noqa: E402

ELSEWHERE = "1.2.826.0.1.3680043.10.1.5"  # a structure set that comes later


class HoldVersions(HoldFaults):
    """The plan is upstream or held in one version, and comes in another."""

    def version(self, source, label, structure_set=None, **elements):
        data = dcmread(source)
        data.RTPlanLabel = label
        if structure_set:
            data.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID = structure_set
        return self.write(data, f"{label}.dcm", **elements)

    def later_structure_set(self):
        return self.write(dcmread(self.chain.structure_set), "later.dcm", SOPInstanceUID=ELSEWHERE)

    def write(self, data, name, **elements):
        for keyword, value in elements.items():
            setattr(data, keyword, value)
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
        path = self.directory / name
        data.save_as(path)
        return path

    def label_upstream(self):
        file = self.upstream.files().get(sop_instance_uid(self.chain.plan))
        return dcmread(file).RTPlanLabel if file else None

    def send_what_is_needed(self):
        self.send(*self.chain.images)
        self.send(self.chain.structure_set)

    def test_what_was_claimed_and_not_sent_before_a_crash_is_sent_after_it(self):
        self.scene(response="20s")
        self.send_what_is_needed()
        self.send(self.version(self.chain.plan, "V1"))
        # Both are released together and claimed at once; the other goes first.
        self.send(self.version(self.chain.plan, "P0", ELSEWHERE, SOPInstanceUID="1.2.3.4.6",
                               SeriesInstanceUID="1.2.3.4.7"),
                  self.version(self.chain.plan, "V2", ELSEWHERE))
        self.upstream.set(delay_ms={"store": 4000})
        self.send(self.later_structure_set())
        wait_until(lambda: len(self.sluice.json("/api/v1/held?state=sending")["held"]) == 2, 30,
                   "both to be claimed")
        self.sluice.kill9()
        self.upstream.set(delay_ms={"store": 0})
        self.sluice.restart()
        wait_until(lambda: not self.sluice.held() and self.label_upstream() == "V2", 30,
                   f"the second version upstream, which has {self.label_upstream()}")

    def test_a_duplicate_of_what_was_never_sent_is_kept(self):
        self.scene()
        self.send_what_is_needed()
        self.send(self.version(self.chain.plan, "V1"))
        self.send(self.version(self.chain.plan, "V2", ELSEWHERE))
        uid = sop_instance_uid(self.chain.plan)
        self.upstream.set(store_status=[{"uid": uid, "status": 0x0111, "times": -1}])
        self.send(self.later_structure_set())
        wait_until(lambda: [one["state"] for one in self.sluice.held()] == ["quarantined"], 30,
                   "the second version in quarantine")
        (held,) = self.sluice.held()
        self.assertEqual(held["sop_instance_uid"], uid)
        self.assertIn("0111H", held["reason"])
        self.assertEqual(self.label_upstream(), "V1")


    def test_a_version_that_is_ready_does_not_pass_one_that_is_held(self):
        self.scene()
        self.send(self.version(self.chain.plan, "V1", ELSEWHERE))
        self.send_what_is_needed()
        # Sent at once it would be overwritten by the first, which is still to come.
        outcome = storescu(self.sluice, [self.version(self.chain.plan, "V2")])
        self.assertNotEqual(outcome.returncode, 0, outcome)
        self.assertIsNone(self.label_upstream())
        self.send(self.later_structure_set())
        wait_until(lambda: not self.sluice.held() and self.label_upstream() == "V1", 30,
                   "the version that was acknowledged upstream")


for name in dir(HoldFaults):
    if name.startswith("test_"):
        setattr(HoldVersions, name, None)  # run once, by the class itself

if __name__ == "__main__":
    run_cases()
