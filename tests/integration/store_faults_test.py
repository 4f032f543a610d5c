#!/usr/bin/python3
"""A store that is not as it was left: what does not match is named, and never sent as if it did."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from injection_test import QUICK  # noqa: E402


class StoreFaults(Case):
    """A chain is held, Sluice is killed, and its spool is tampered with before the next start."""

    def setUp(self):
        super().setUp()
        self.chain = raystation_chain()
        self.upstream = self.start(FaultyPeer, aet="VMSDBD")
        self.store = self.directory / "store"
        config = sluice_config(
            self.directory,
            {"VMSDBD": {"address": self.upstream.address, "profile": "aria", **QUICK,
                        "hold": {"then": "send"}}},
            store={"directory": str(self.store), "free_floor": "64MiB"})
        self.sluice = self.start(Sluice, config)
        for file in (self.chain.dose, self.chain.plan, self.chain.structure_set):
            outcome = storescu(self.sluice, [file])
            self.assertEqual(outcome.returncode, 0, outcome)
        self.uid = {name: sop_instance_uid(getattr(self.chain, name))
                    for name in ("structure_set", "plan", "dose")}

    def file_of(self, name):
        (row,) = self.sluice.json(f"/api/v1/held/{self.uid[name]}")["held"]
        return self.store / "spool" / row["spool_file"]

    def test_a_file_that_rotted_never_arrives_and_says_why(self):
        plan = self.file_of("plan")
        self.sluice.kill9()
        rotten = bytearray(plan.read_bytes())
        rotten[-100] ^= 1
        plan.write_bytes(rotten)
        self.sluice.restart()
        self.assertEqual(storescu(self.sluice, self.chain.images).returncode, 0)

        def quarantined():
            return [one for one in self.sluice.held() if one["state"] == "quarantined"]
        wait_until(quarantined, 60, "the plan in quarantine")
        (held,) = quarantined()
        self.assertEqual(held["sop_instance_uid"], self.uid["plan"])
        self.assertIn("SHA-256", held["reason"])
        self.assertIn(self.uid["structure_set"], self.upstream.files())
        self.assertNotIn(self.uid["plan"], self.upstream.files())
        self.assertTrue(plan.exists())

    def test_what_does_not_match_at_the_start_is_named_and_kept(self):
        gone, short = self.file_of("dose"), self.file_of("plan")
        self.sluice.kill9()
        gone.unlink()
        short.write_bytes(short.read_bytes()[:-10])
        stray = self.store / "spool" / ("0" * 32 + ".dcm")
        stray.write_bytes(b"nobody knows me")
        self.sluice.restart()
        found = self.sluice.json("/api/v1/store")["found_at_start"]
        self.assertEqual(found["files_without_row"], {"count": 1, "files": [stray.name]})
        self.assertEqual(found["rows_without_file"], {"count": 1, "files": [gone.name]})
        self.assertEqual(found["wrong_sizes"], {"count": 1, "files": [short.name]})
        told = self.sluice.output_of_this_run()
        for file in (stray, gone, short):
            self.assertIn(file.name, told)
        self.assertTrue(stray.exists())
        self.assertEqual(len(self.sluice.held()), 3)

    def test_what_happens_at_the_deadline_is_told(self):
        self.assertEqual({one["at_deadline"] for one in self.sluice.held()}, {"send"})


if __name__ == "__main__":
    run_cases()
