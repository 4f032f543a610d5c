#!/usr/bin/python3
"""`mode: observe`: everything passes as it comes, and what would have been done is told."""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from injection_test import QUICK  # noqa: E402


class Observe(Case):
    """A chain is sent backwards through an application that is only watched."""

    def begin(self, switches=None, **more):
        self.chain = raystation_chain()
        self.upstream = self.start(FaultyPeer, aet="VMSDBD", switches=switches)
        vmsdbd = {"address": self.upstream.address, "profile": "aria", "mode": "observe",
                  "machines": [self.chain.machine], **QUICK, **more}
        config = sluice_config(self.directory, {"VMSDBD": vmsdbd},
                               store={"directory": str(self.directory / "store"),
                                      "free_floor": "64MiB"})
        self.sluice = self.start(Sluice, config)

    def send(self, *files):
        outcome = storescu(self.sluice, files)
        self.assertEqual(outcome.returncode, 0, outcome)

    def seen(self):
        (application,) = self.sluice.json("/api/v1/observe")["observed"]
        return {(one["action"], one["kind"], one["reason"]): one["count"]
                for one in application["actions"]}

    def await_seen(self, wanted):
        wait_until(lambda: self.seen() == wanted, 60,
                   f"{wanted} to be seen; the last was {self.seen()}")

    def test_what_would_have_been_held_passes_and_is_reported(self):
        self.begin()
        self.send(self.chain.dose)
        wanted = {("hold", "dose", "plan"): 1}
        self.await_seen(wanted)
        self.send(self.chain.plan)
        wanted[("hold", "plan", "structure_set")] = 1
        self.await_seen(wanted)
        self.send(self.chain.structure_set)
        wanted[("hold", "structure_set", "image")] = 1
        self.await_seen(wanted)
        self.send(*self.chain.images)
        self.send(self.chain.structure_set)
        wanted[("pass", "structure_set", "")] = 1
        self.await_seen(wanted)

        sent = [self.chain.dose, self.chain.plan, self.chain.structure_set, *self.chain.images,
                self.chain.structure_set]
        self.assertEqual(self.upstream.arrivals(), [sop_instance_uid(file) for file in sent])
        arrived = self.upstream.files()
        for file in sent:
            self.assertEqual(canonical_sha256(arrived[sop_instance_uid(file)]),
                             canonical_sha256(file))
        self.assertEqual(self.sluice.held(), [])
        self.assertEqual(self.sluice.metric("sluice_observed_actions_total", action="hold"), 3)
        self.assertEqual(self.sluice.metric("sluice_observed_actions_total"), 3)
        lines = [line for line in self.sluice.output().splitlines() if "would=" in line]
        self.assertEqual(len(lines), 3, lines)
        uid = sop_instance_uid(self.chain.dose)
        self.assertIn(uid, lines[0])

        report = subprocess.run(
            [os.environ["SLUICE"], "observe", "report", "--url",
             f"http://127.0.0.1:{self.sluice.config.admin_port}"],
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(report.returncode, 0, report)
        (dose,) = [line.split() for line in report.stdout.splitlines() if " dose " in line]
        self.assertEqual(dose[:4], ["hold", "dose", "plan", "1"])
        self.assertEqual(dose[5], uid)
        # What passed is remembered as seen, with its time.
        answer = self.sluice.json(f"/api/v1/instances/{uid}")
        self.assertEqual(answer["answer"], "upstream", answer)

    def test_a_plan_for_an_unknown_machine_passes_and_is_reported(self):
        self.begin(machines=["EDGE"])
        self.send(self.chain.plan)
        self.await_seen({("quarantine", "plan", "machine"): 1})
        self.assertEqual(self.upstream.arrivals(), [sop_instance_uid(self.chain.plan)])

    def test_nobody_waits_for_the_questions_that_observing_asks(self):
        self.begin(switches={"lose": {"find": -1}}, decide_within="60s")
        self.send(self.chain.plan)
        self.assertEqual(self.seen(), {}, "the client had its answer before the judgement was made")
        self.sluice.stop()
        self.assertEqual(self.upstream.arrivals(), [sop_instance_uid(self.chain.plan)])

    def test_moves_that_would_have_been_carried_are_counted(self):
        self.begin()
        self.send(*self.chain.images[:1])
        moved = movescu(self.sluice, "VMSDBD", ["0008,0052=IMAGE",
                        f"0008,0018={sop_instance_uid(self.chain.images[0])}"])
        self.assertIsNotNone(moved.returncode)
        self.await_seen({("carry", "", ""): 1})


if __name__ == "__main__":
    run_cases()
