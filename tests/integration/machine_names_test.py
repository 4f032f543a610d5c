#!/usr/bin/python3
"""unknown_machine: map. A plan is sent under the name that its machine has at the application."""
import os
import pathlib
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from injection_test import QUICK  # noqa: E402
import pydicom  # noqa: E402

HERE = "TRUEBEAM_NO_1"  # longer than what the plan says


def beams(plan):
    return plan.get("IonBeamSequence") or plan.BeamSequence


class MachineNames(Case):
    def scene(self, keys=None, **names):
        self.chain = eclipse_chain()
        self.upstream = self.start(FaultyPeer, aet="VMSDBD",
                                   switches={"missing": "refuse", "machines": [HERE]})
        config = sluice_config(
            self.directory,
            {"VMSDBD": {"address": self.upstream.address, "profile": "aria", **QUICK,
                        "machines": [HERE], "unknown_machine": "map", "machine_names": names,
                        "clinical_edit": True, **(keys or {})}},
            admin_port=(port := free_port()),
            admin={"listen": f"127.0.0.1:{port}", "token": "token-of-this-test"},
            store={"directory": str(self.directory / "store"), "free_floor": "64MiB"})
        self.sluice = self.start(Sluice, config)

    def send(self, *files):
        outcome = storescu(self.sluice, files)
        self.assertEqual(outcome.returncode, 0, outcome)

    def history(self):
        path = self.directory / "store" / "ledger.sqlite"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as ledger:
            return [reason for (reason,) in ledger.execute(
                "SELECT h.reason FROM history h JOIN delivery d ON d.id = h.row "
                "WHERE d.sop_instance = ?", (sop_instance_uid(self.chain.plan),))]

    def assert_renamed(self):
        uid = sop_instance_uid(self.chain.plan)
        wait_until(lambda: uid in self.upstream.arrivals() and not self.sluice.held(), 60,
                   "the plan upstream")
        arrived = pydicom.dcmread(self.upstream.files()[uid])
        sent = pydicom.dcmread(self.chain.plan)
        self.assertEqual({beam.TreatmentMachineName for beam in beams(arrived)}, {HERE})
        for beam in beams(sent):
            beam.TreatmentMachineName = HERE
        self.assertEqual(arrived, sent)
        self.assertEqual([line["status"] for line in self.upstream.journal("store")
                          if line["kind"] == "plan"], [0])
        told = f'treatment machine "{self.chain.machine}" was changed to "{HERE}"'
        self.assertIn(told, self.history())
        self.assertIn("plan edited", self.sluice.output())

    def test_a_plan_that_waits_is_sent_under_the_name_that_its_machine_has_there(self):
        self.scene(**{"TR3": HERE})
        self.send(self.chain.plan)
        (held,) = self.sluice.held()
        self.assertEqual(held["state"], "waiting")
        self.send(self.chain.structure_set)
        self.send(*self.chain.images)
        self.assert_renamed()

    def test_a_plan_that_is_ready_is_too_and_its_history_says_so(self):
        self.scene(**{"TR3": HERE})
        self.send(*self.chain.images)
        self.send(self.chain.structure_set)
        self.send(self.chain.plan)
        self.assert_renamed()

    def test_a_plan_whose_machine_was_not_replaced_is_kept_as_it_came(self):
        self.scene(**{"TR3": HERE})
        plan = pydicom.dcmread(self.chain.plan)
        beams(plan)[0].TreatmentMachineName = ["TR3", "TR3"]
        plan.save_as(several := self.directory / "several.dcm")
        self.send(several)
        (held,) = self.sluice.held()
        self.assertEqual(held["state"], "quarantined")
        self.assertIn('"TR3" is still there', held["reason"])
        (file,) = (self.directory / "store" / "spool").iterdir()
        self.assertEqual(canonical_sha256(file), canonical_sha256(several))

    def test_a_plan_that_is_ready_is_sent_although_nothing_more_is_held(self):
        # Ready on the slowest machine: what it refers to is known, or asked about for long.
        self.scene({"confirm": "status", "decide_within": "20s"}, **{"TR3": HERE})
        self.send(*self.chain.images)
        self.send(self.chain.structure_set)
        left = subprocess.run([os.environ["SLUICE"], "leave", "--config", self.sluice.config.path,
                               "--to", self.directory / "out"], timeout=120, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(left.returncode, 0, left)
        self.send(self.chain.plan)
        arrived = pydicom.dcmread(self.upstream.files()[sop_instance_uid(self.chain.plan)])
        self.assertEqual({beam.TreatmentMachineName for beam in beams(arrived)}, {HERE})

    def test_a_plan_for_a_machine_without_a_name_there_is_kept_as_it_is(self):
        self.scene(ANOTHER=HERE)
        self.send(self.chain.plan)
        (held,) = self.sluice.held()
        self.assertEqual(held["state"], "quarantined")
        (file,) = (self.directory / "store" / "spool").iterdir()
        self.assertEqual(canonical_sha256(file), canonical_sha256(self.chain.plan))


if __name__ == "__main__":
    run_cases()
