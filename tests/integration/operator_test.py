#!/usr/bin/python3
"""What a person at the machine types, and what is said when it cannot be done."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403

TOKEN = "token-of-this-test"


class Operator(Case):
    """Nobody is behind the application: what is asked of Sluice itself needs no peer."""

    def setUp(self):
        super().setUp()
        self.applications = {"VMSDBD": {"address": f"127.0.0.1:{free_port()}", "profile": "aria"}}
        self.limits = {"drain": "3s"}
        self.config = self.write(port=free_port(), admin_port=free_port())

    def write(self, port=None, admin_port=None, **keys):
        return sluice_config(self.directory, self.applications, port=port or self.config.port,
                             admin_port=admin_port or self.config.admin_port, token=TOKEN,
                             limits=self.limits, **keys)

    def begin(self):
        self.sluice = self.start(Sluice, self.config)

    def assert_refused(self, outcome, *said):
        self.assertEqual(outcome.returncode, 1, outcome)
        for text in said:
            self.assertIn(text, outcome.output)

    def test_a_reload_that_is_refused_names_each_key_that_needs_a_restart(self):
        self.begin()
        self.applications["VMSDBD"].update(mode="observe", max_associations=3)
        self.applications["NEW"] = {"address": f"127.0.0.1:{free_port()}"}
        self.write(loops=3, log={"form": "json"})
        refused = self.sluice.operator("reload")
        self.assert_refused(refused, "applications: VMSDBD: mode (from enforce to observe)",
                            "applications: VMSDBD: max_associations (from 8 to 3)",
                            "applications: NEW (is new)", "loops (from 0 to 3)",
                            "log: form (from text to json)", "systemctl restart")
        self.assertEqual(self.sluice.json("/api/v1/config")["applications"]["VMSDBD"]["mode"],
                         "enforce")
        del self.applications["NEW"]
        self.applications["VMSDBD"] = {"address": f"127.0.0.1:{free_port()}", "profile": "aria",
                                       "machines": ["TR3"]}
        self.limits["buffers"] = "96MiB"
        self.write()
        taken = self.sluice.operator("reload")
        self.assertEqual(taken.returncode, 0, taken)
        self.assertEqual(self.sluice.metric("sluice_buffer_limit_bytes"), 96 << 20)

    def test_a_reload_follows_what_is_included_and_names_the_file_at_fault(self):
        parts = self.directory / "conf.d"
        parts.mkdir()
        self.write(include="conf.d/*.yaml")
        self.begin()
        (parts / "10.yaml").write_text("clients:\n  - {ae_title: NEW, from: 127.0.0.1}\n")
        us = (self.sluice.host, self.config.port, "SLUICE")
        self.assertNotEqual(echoscu(us, calling="NEW").returncode, 0)
        self.assertEqual(self.sluice.operator("reload").returncode, 0)
        self.assertEqual(echoscu(us, calling="NEW").returncode, 0)
        (parts / "20.yaml").write_text("clients:\n  - {ae_title: NEWER, form: 127.0.0.1}\n")
        self.assert_refused(self.sluice.operator("reload"), f"{parts}/20.yaml:2:23: unknown key "
                            '"form"; did you mean "from"?', "nothing was taken over")
        self.assertEqual(echoscu(us, calling="NEW").returncode, 0)
        (parts / "20.yaml").unlink()
        checked = run_tool([self.sluice.command[0], "check", "--config", self.config.path])
        self.assertIn("sluice.yaml and 1 included: 1 applications, 2 clients", checked.output)

    def test_discarding_demands_a_reason_and_its_help_says_so(self):
        self.begin()
        self.assert_refused(self.sluice.operator("discard", "1.2.3"), "--reason is required")
        told = self.sluice.operator("discard", "--help")
        self.assertRegex(told.output, r"--reason TEXT REQUIRED")
        self.assertNotIn("REQUIRED", self.sluice.operator("release", "--help").output
                         .split("--reason")[1])
        self.assert_refused(self.sluice.operator("discard", "1.2.3", "--reason", "a test"),
                            "1.2.3 was never held here", "sluice held")

    def test_a_store_without_room_is_named_with_what_is_free_and_what_is_asked_for(self):
        self.config = self.write(store={"directory": str(self.directory / "store"),
                                        "free_floor": "1023TiB"})
        self.sluice = Sluice(self.config, self.directory / "sluice")
        self._started.append(self.sluice)
        self.sluice.start(wait=False)
        wait_until(lambda: self.sluice.operator("status").returncode == 0, 60, "an answer")
        told = self.sluice.operator("status").output
        self.assertTrue(told.startswith("not ready\n"), told)
        self.assertIn(f"{self.directory / 'store'} has ", told)
        self.assertIn(f"less than store: free_floor ({1023 << 40})", told)
        self.assertIn("make room there", told)

    def test_an_application_that_does_not_trust_us_is_up_and_its_answer_is_shown(self):
        upstream = self.start(FaultyPeer, aet="VMSDBD", switches={"trusted": ["NOBODY"]})
        self.applications["VMSDBD"]["address"] = upstream.address
        self.config = self.write()
        self.begin()
        self.assertNotEqual(echoscu(self.sluice).returncode, 0)
        wait_until(lambda: "calling AE title not recognized" in
                   self.sluice.operator("status").output, 60, "the answer in the status")
        upstream.set(trusted=None)
        self.assertEqual(echoscu(self.sluice).returncode, 0)
        wait_until(lambda: "not recognized" not in self.sluice.operator("status").output, 60,
                   "the answer to be forgotten")

    def test_what_is_no_command_or_names_no_directory_is_called_so(self):
        sluice = os.environ["SLUICE"]
        self.assert_refused(run_tool([sluice, "hold"]), "there is no command hold", "held, ")
        self.assert_refused(run_tool([sluice]), "say what to do: serve, check")
        self.assert_refused(run_tool([sluice, "leave", "--to", ""]), "must have a name")
        self.assert_refused(run_tool([sluice, "rescue", "--store", "", "--to", "x"]),
                            "must have a name")

    def test_a_start_that_fails_says_why_and_nothing_of_an_end(self):
        self.begin()
        second = self.write(admin_port=free_port(), store={"directory": f"{self.directory}/other"})
        refused = run_tool([self.sluice.command[0], "serve", "--config", second.path])
        self.assert_refused(refused, f"cannot listen on *:{self.config.port}")
        self.assertNotIn("drain", refused.output)


if __name__ == "__main__":
    run_cases()
