#!/usr/bin/python3
"""Objects that refer to those of another patient: said, or kept; and nothing of a patient told."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from injection_test import QUICK  # noqa: E402
import pydicom  # noqa: E402

OTHER_ID, OTHER_NAME = "SOMEBODY-ELSE-4711", "Somebody^Else"


class PatientCheck(Case):
    def scene(self, **keys):
        self.chain = raystation_chain()
        self.upstream = self.start(FaultyPeer, aet="VMSDBD", switches={"missing": "refuse"})
        config = sluice_config(
            self.directory,
            {"VMSDBD": {"address": self.upstream.address, "profile": "aria", **QUICK, **keys}},
            clients=[{"ae_title": "ME", "from": "127.0.0.1"},
                     {"ae_title": "REFUSER", "from": "127.0.0.1", "acknowledge": "refuse"}],
            store={"directory": str(self.directory / "store"), "free_floor": "64MiB"})
        self.sluice = self.start(Sluice, config)
        self.theirs = self.of_somebody_else(self.chain.dose)

    def of_somebody_else(self, path):
        instance = pydicom.dcmread(path)
        instance.PatientID, instance.PatientName = OTHER_ID, OTHER_NAME
        other = self.directory / f"other-{path.name}"
        instance.save_as(other)
        return other

    def send(self, *files):
        outcome = storescu(self.sluice, files, calling="ME")
        self.assertEqual(outcome.returncode, 0, outcome)

    def assert_refused(self, file, calling):
        outcome = storescu(self.sluice, [file], calling=calling, options=("-R",))
        self.assertNotEqual(outcome.returncode, 0, outcome)

    def states(self):
        return {one["kind"]: one["state"] for one in self.sluice.held()}

    def wait_for(self, *files):
        wanted = {sop_instance_uid(file) for file in files}
        wait_until(lambda: wanted <= set(self.upstream.files()), 60, "all of it upstream")

    def assert_kept(self):
        """The dose of somebody else, by the UID of the plan alone."""
        (held,) = wait_until(lambda: [one for one in self.sluice.held() if one["kind"] == "dose"],
                             what="a held dose")
        self.assertEqual(held["state"], "quarantined")
        self.assertIn(sop_instance_uid(self.chain.plan), held["reason"])
        wait_until(lambda: self.sluice.metric("sluice_quarantined_instances",
                                              reason="patient_check") == 1, what="the gauge")
        self.assertNotIn(sop_instance_uid(self.theirs), self.upstream.arrivals())

    def assert_nothing_is_told(self):
        own = pydicom.dcmread(self.chain.plan, stop_before_pixels=True)
        told = self.sluice.output() + self.sluice.get("/api/v1/held")[1] + \
            self.sluice.get("/metrics")[1]
        for secret in (OTHER_ID, OTHER_NAME, str(own.PatientID), str(own.PatientName)):
            self.assertTrue(secret)
            self.assertNotIn(secret, told)

    def test_a_dose_of_another_patient_than_its_plan_is_kept(self):
        self.scene(patient_check="quarantine")
        self.send(*self.chain.images)
        self.send(self.chain.structure_set)
        self.send(self.chain.plan)
        self.wait_for(self.chain.structure_set, self.chain.plan)
        self.send(self.theirs)
        self.assert_kept()
        self.assert_nothing_is_told()

    def test_a_dose_that_came_before_the_plan_of_another_patient_is_kept_and_the_plan_sent(self):
        self.scene(patient_check="quarantine")
        self.send(self.theirs)
        (held,) = self.sluice.held()
        self.assertEqual(held["state"], "waiting")
        self.send(self.chain.plan)
        self.assert_kept()
        self.send(self.chain.structure_set)
        self.send(*self.chain.images)
        self.wait_for(self.chain.structure_set, self.chain.plan)
        self.assert_kept()
        self.assert_nothing_is_told()

    def test_what_is_refused_is_nobodys_and_ends_nothing_that_waits_for_it(self):
        self.scene(patient_check="quarantine")
        self.send(self.theirs)
        self.assert_refused(self.chain.plan, "REFUSER")  # the structure set is missing
        self.assertEqual(self.states(), {"dose": "waiting"})
        self.send(self.of_somebody_else(self.chain.plan))
        self.assertEqual(self.states(), {"dose": "waiting", "plan": "waiting"})

    def test_what_is_in_conflict_ends_nothing_that_waits_for_the_first(self):
        self.scene(patient_check="quarantine")
        self.send(self.chain.plan)
        self.send(self.chain.dose)
        self.assert_refused(self.of_somebody_else(self.chain.plan), "ME")
        self.assertEqual(self.states(), {"dose": "waiting", "plan": "waiting"})

    def test_what_is_sent_at_once_ends_what_waits_for_it_before_that_is_ready(self):
        self.scene(patient_check="quarantine", confirm="status", decide_within="20s")
        self.send(*self.chain.images)
        self.send(self.chain.structure_set)
        self.wait_for(self.chain.structure_set)
        self.send(self.theirs)
        outcome = storescu(self.sluice, [self.chain.plan], calling="REFUSER", options=("-R",))
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assert_kept()

    def test_by_default_it_is_said_and_sent(self):
        self.scene()
        self.send(self.theirs)
        self.send(self.chain.plan)
        self.send(self.chain.structure_set)
        self.send(*self.chain.images)
        self.wait_for(self.chain.structure_set, self.chain.plan, self.theirs)
        self.assertIn("patient differs", self.sluice.output())
        self.assert_nothing_is_told()


if __name__ == "__main__":
    run_cases()
