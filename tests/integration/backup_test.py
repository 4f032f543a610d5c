#!/usr/bin/python3
"""The store is saved while Sluice runs, lost with the machine, and made again."""
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from injection_test import QUICK  # noqa: E402


class Backup(Case):
    """A dose, a plan and a structure set are held when the store is saved."""

    def setUp(self):
        super().setUp()
        self.chain = raystation_chain()
        self.store = self.directory / "store"
        self.shelf = self.directory / "shelf"
        self.upstream = self.start(FaultyPeer, aet="VMSDBD", switches={"missing": "refuse"})
        config = sluice_config(
            self.directory,
            {"VMSDBD": {"address": self.upstream.address, "profile": "aria", **QUICK,
                        "verify_for": "300ms"}},
            store={"directory": str(self.store), "free_floor": "64MiB"})
        self.sluice = self.start(Sluice, config)
        self.waiting = [self.chain.dose, self.chain.plan, self.chain.structure_set]
        for file in self.waiting:
            self.send(file)
        self.assertEqual(len(self.sluice.held()), 3)

    def send(self, *files):
        outcome = storescu(self.sluice, files, options=("-R",))
        self.assertEqual(outcome.returncode, 0, outcome)

    def command(self, *words):
        return run_tool([os.environ["SLUICE"], *words])

    def save(self):
        saved = self.command("backup", "--store", self.store, "--to", self.shelf)
        self.assertEqual(saved.returncode, 0, saved)
        self.assertIn("3 instances", saved.output)

    def lose_the_machine(self):
        self.sluice.kill9()
        shutil.rmtree(self.store)

    def restore(self):
        restored = self.command("restore", "--from", self.shelf, "--to", self.store)
        self.assertEqual(restored.returncode, 0, restored)
        self.assertIn("3 instances", restored.output)
        self.sluice.restart()

    def stored(self):
        """Kinds but images, in the order in which upstream took them."""
        return [line["kind"] for line in self.upstream.journal("store")
                if line["status"] == 0 and line["kind"] != "image"]

    def assert_all_upstream(self):
        wanted = {sop_instance_uid(file): file for file in [*self.chain.images, *self.waiting]}
        wait_until(lambda: set(wanted) <= set(self.upstream.files()) and not self.sluice.held(), 60,
                   "everything upstream and nothing held")
        arrived = self.upstream.files()
        for uid, file in wanted.items():
            self.assertEqual(canonical_sha256(arrived[uid]), canonical_sha256(file), file)

    def test_what_was_held_arrives_from_the_restored_store(self):
        self.save()
        self.lose_the_machine()
        self.restore()
        self.assertEqual({one["kind"] for one in self.sluice.held()},
                         {"dose", "plan", "structure_set"})
        self.send(*self.chain.images)
        self.assert_all_upstream()
        wait_until(lambda: len(self.stored()) == 3, 30, "three lines in the journal")
        self.assertEqual(self.stored(), ["structure_set", "plan", "dose"])

    def test_what_was_delivered_after_the_backup_is_sent_once_more_and_no_harm_done(self):
        self.save()
        self.send(*self.chain.images)
        self.assert_all_upstream()
        self.lose_the_machine()
        self.restore()
        self.assert_all_upstream()
        wait_until(lambda: len(self.stored()) == 6, 30, "six lines in the journal")
        self.assertEqual(sorted(self.stored()),
                         ["dose"] * 2 + ["plan"] * 2 + ["structure_set"] * 2)

    def test_a_running_sluice_goes_on_and_nothing_is_written_over(self):
        self.save()
        again = self.command("backup", "--store", self.store, "--to", self.shelf)
        self.assertEqual(again.returncode, 1, again)
        self.assertIn("not empty", again.output)
        over = self.command("restore", "--from", self.shelf, "--to", self.store)
        self.assertEqual(over.returncode, 1, over)
        self.assertIn("not empty", over.output)
        self.send(*self.chain.images)
        self.assert_all_upstream()

    def test_what_is_damaged_in_the_backup_is_named_and_not_counted_as_restored(self):
        self.save()
        plan = sop_instance_uid(self.chain.plan)
        held = self.sluice.json(f"/api/v1/held/{plan}")["held"]
        self.lose_the_machine()
        (self.shelf / "spool" / held[0]["spool_file"]).unlink()
        restored = self.command("restore", "--from", self.shelf, "--to", self.store)
        self.assertEqual(restored.returncode, 1, restored)
        self.assertIn("2 of 3 instances restored", restored.output)
        self.assertIn(f"plan {plan} for VMSDBD (waiting): its file", restored.output)
        self.assertIn("is not in the backup", restored.output)

    def test_what_is_no_backup_is_not_restored(self):
        self.shelf.mkdir()
        refused = self.command("restore", "--from", self.shelf, "--to", self.directory / "other")
        self.assertEqual(refused.returncode, 1, refused)
        self.assertIn("is no backup", refused.output)
        nothing = self.command("backup", "--store", self.directory / "other", "--to", self.shelf)
        self.assertEqual(nothing.returncode, 1, nothing)
        self.assertIn("no store", nothing.output)


if __name__ == "__main__":
    run_cases()
