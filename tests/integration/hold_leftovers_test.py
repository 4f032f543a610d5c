#!/usr/bin/python3
"""What is held when the configuration changes: never left alone without a word."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from injection_test import QUICK  # noqa: E402


class HoldLeftovers(Case):
    """A plan waits for its structure set; Sluice ends and begins again, configured otherwise."""

    def setUp(self):
        super().setUp()
        self.chain = raystation_chain()
        self.upstream = self.start(FaultyPeer, aet="VMSDBD")
        self.application = {"address": self.upstream.address, "profile": "aria", **QUICK}
        self.config = self.configure({"VMSDBD": self.application})
        self.sluice = self.start(Sluice, self.config)
        outcome = storescu(self.sluice, [self.chain.plan])
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertEqual(len(self.sluice.held()), 1)
        self.sluice.stop()

    def configure(self, applications, **ports):
        return sluice_config(self.directory, applications, token="token-of-this-test",
                             store={"directory": str(self.directory / "store"),
                                    "free_floor": "64MiB"}, **ports)

    def configure_again(self, applications):
        self.configure(applications, port=self.config.port, admin_port=self.config.admin_port)

    def test_an_application_that_holds_no_more_still_gets_what_was_held(self):
        self.configure_again({"VMSDBD": {**self.application, "mode": "observe"}})
        self.sluice.start()
        # The log is written by a thread of its own.
        wait_until(lambda: "no longer holds" in self.sluice.output_of_this_run(), 30, "the warning")
        files = [*self.chain.images, self.chain.structure_set]
        outcome = storescu(self.sluice, files)
        self.assertEqual(outcome.returncode, 0, outcome)
        uid = sop_instance_uid(self.chain.plan)
        wait_until(lambda: uid in self.upstream.files() and not self.sluice.held(), 30,
                   "the plan upstream")
        # What is new passes as it comes, whatever it refers to.
        self.upstream.forget(sop_instance_uid(self.chain.plan))
        outcome = storescu(self.sluice, [self.chain.dose])
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertEqual(self.sluice.held(), [])

    def test_a_reload_without_it_says_that_a_restart_would_not_do(self):
        self.sluice.start()
        self.configure_again({"ARIA": {**self.application, "ae_title": "VMSDBD"}})
        refused = self.sluice.operator("reload")
        self.assertEqual(refused.returncode, 1, refused)
        self.assertIn("applications: VMSDBD (is no longer there). But do not restart it yet: the "
                      "store has 1 instances that are acknowledged and not delivered for "
                      "application VMSDBD, which is not configured", refused.output)
        self.assertEqual(len(self.sluice.held()), 1)
        self.sluice.operator("discard", sop_instance_uid(self.chain.plan), "--reason", "a test")
        refused = self.sluice.operator("reload")
        self.assertIn("VMSDBD (is no longer there)", refused.output)
        self.assertNotIn("do not restart", refused.output)

    def test_an_application_that_is_gone_is_asked_back(self):
        for applications in ({"ARIA": {**self.application, "ae_title": "VMSDBD"}},
                             {"VMSDBD": {"from": "127.0.0.1"}}):
            self.configure_again(applications)
            self.sluice.start(wait=False)
            self.assertNotEqual(self.sluice.wait(within=20), 0)
            told = self.sluice.output_of_this_run()
            self.assertIn("1 instances", told)
            self.assertIn("application VMSDBD", told)


if __name__ == "__main__":
    run_cases()
