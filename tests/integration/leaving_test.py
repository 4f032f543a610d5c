#!/usr/bin/python3
"""Sluice is taken out again, running or dead: no acknowledged instance stays behind."""
import csv
import hashlib
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from injection_test import QUICK  # noqa: E402

TOKEN = "token-of-this-test"


class Leaving(Case):
    """A chain is held for the stand-in: dose, plan and structure set wait for the images."""

    def begin(self, clients=None, **more):
        self.chain = raystation_chain()
        self.upstream = self.start(FaultyPeer, aet="VMSDBD", switches={"missing": "refuse"})
        vmsdbd = {"address": self.upstream.address, "profile": "aria", "machines": ["TR3"],
                  **QUICK, **more}
        self.store = self.directory / "store"
        config = sluice_config(
            self.directory, {"VMSDBD": vmsdbd}, admin_port=(port := free_port()),
            store={"directory": str(self.store), "free_floor": "64MiB"},
            admin={"listen": f"127.0.0.1:{port}", "token": TOKEN}, limits={"drain": "3s"},
            **({"clients": clients} if clients else {}))
        self.sluice = self.start(Sluice, config)
        self.to = self.directory / "out"

    def hold(self):
        self.held = [self.chain.structure_set, self.chain.plan, self.chain.dose]
        for file in reversed(self.held):
            outcome = storescu(self.sluice, [file])
            self.assertEqual(outcome.returncode, 0, outcome)
        self.assertEqual(len(self.sluice.held()), 3)

    def run_sluice(self, *arguments, within=120):
        done = subprocess.run([os.environ["SLUICE"], *map(str, arguments)], timeout=within,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False)
        return done

    def rescue(self, to=None):
        return self.run_sluice("rescue", "--store", self.store, "--to", to or self.to)

    def leave(self, to=None):
        return self.run_sluice("leave", "--config", self.sluice.config.path,
                               "--to", to or self.to)

    def manifest(self, to=None):
        with open((to or self.to) / "manifest.csv", newline="") as lines:
            return list(csv.DictReader(lines))

    def send(self, *arguments, env=None):
        return run_tool(["sh", self.to / "send-VMSDBD.sh", *arguments], env=env)

    def snapshot(self):
        return {str(path): (hashlib.sha256(path.read_bytes()).hexdigest(),
                            path.stat().st_mtime_ns)
                for path in sorted(self.store.rglob("*")) if path.is_file()}

    def assert_taken_out(self):
        self.assertEqual([(line["order"], line["kind"], line["state"], line["sha256"])
                          for line in self.manifest()],
                         [("1", "structure_set", "waiting", "ok"), ("2", "plan", "waiting", "ok"),
                          ("3", "dose", "waiting", "ok")])
        for line, file in zip(self.manifest(), self.held):
            self.assertEqual(line["sop_instance_uid"], sop_instance_uid(file))
            self.assertEqual(dataset_bytes(self.to / line["file"]), dataset_bytes(file))

    def assert_script_completes_upstream(self):
        """The images are brought by hand; then the script of the export brings the rest."""
        images = storescu(self.upstream, self.chain.images)
        self.assertEqual(images.returncode, 0, images)
        sent = self.send(self.upstream.host, self.upstream.port)
        self.assertEqual(sent.returncode, 0, sent)
        order = [line["kind"] for line in self.upstream.journal("store")
                 if line["kind"] != "image"]
        self.assertEqual(order, ["structure_set", "plan", "dose"])
        arrived = self.upstream.files()
        for file in self.held:
            self.assertEqual(canonical_sha256(arrived[sop_instance_uid(file)]),
                             canonical_sha256(file))


class Rescue(Leaving):
    """`sluice rescue`: the daemon is dead."""

    def test_what_was_acknowledged_comes_out_of_the_store_of_a_killed_daemon(self):
        self.begin()
        self.hold()
        self.sluice.kill9()
        before = self.snapshot()
        done = self.rescue()
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("3 acknowledged instances are not known to be upstream", done.stdout)
        self.assert_taken_out()
        self.assertEqual(self.snapshot(), before)
        self.assert_script_completes_upstream()
        # And the daemon, started after all, has everything still, and sees that it has arrived.
        self.sluice.restart()
        wait_until(lambda: not self.sluice.held(), 60, "nothing to be held")

    def test_a_store_that_cannot_be_written_to_is_rescued_just_as_well(self):
        self.begin()
        self.hold()
        self.sluice.kill9()
        everything = [self.store, *self.store.rglob("*")]
        for path in everything:
            path.chmod(0o555 if path.is_dir() else 0o444)
        self.addCleanup(lambda: [path.chmod(0o755 if path.is_dir() else 0o644)
                                 for path in everything])
        done = self.rescue()
        self.assertEqual(done.returncode, 0, done)
        self.assert_taken_out()

    def test_while_the_daemon_runs_nothing_is_touched(self):
        self.begin()
        self.hold()
        done = self.rescue()
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("Sluice is running", done.stderr)
        self.assertFalse(self.to.exists())
        self.assertEqual(len(self.sluice.held()), 3)

    def test_a_folder_with_something_in_it_is_refused(self):
        self.begin()
        self.hold()
        self.sluice.kill9()
        self.to.mkdir()
        (self.to / "mine").write_text("x")
        done = self.rescue()
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("not empty", done.stderr)
        self.assertEqual([path.name for path in self.to.iterdir()], ["mine"])

    def test_a_file_that_rotted_is_told_by_the_exit_code_and_left_out_of_the_script(self):
        self.begin()
        self.hold()
        held = self.sluice.json(f"/api/v1/held/{sop_instance_uid(self.chain.plan)}")["held"]
        self.sluice.kill9()
        file = self.store / "spool" / held[0]["spool_file"]
        rotten = bytearray(file.read_bytes())
        rotten[len(rotten) // 2] ^= 1
        file.write_bytes(rotten)
        done = self.rescue()
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("1 files are not what was received", done.stderr)
        self.assertEqual([line["sha256"] for line in self.manifest()], ["ok", "differs", "ok"])
        self.assertNotIn("plan", (self.to / "send-VMSDBD.sh").read_text())

    def test_the_script_stops_at_a_refusal_that_storescu_calls_none_and_goes_on_from_there(self):
        self.begin()
        self.hold()
        self.sluice.kill9()
        self.assertEqual(self.rescue().returncode, 0)
        self.assertEqual(storescu(self.upstream, self.chain.images).returncode, 0)
        # storescu ends with 0 after a status below 0100H.
        self.upstream.set(store_status=[{"kind": "plan", "status": 0x00FF, "times": 1}])
        refused = self.send(self.upstream.host, self.upstream.port)
        self.assertEqual(refused.returncode, 1, refused)
        self.assertIn("000001-structure_set.dcm: taken (Success)", refused.output)
        self.assertIn("000002-plan.dcm: NOT TAKEN (Unknown Status: 0xff)", refused.output)
        self.assertIn("run the same again", refused.output)
        self.assertNotIn("dose", refused.output)
        again = self.send(self.upstream.host, self.upstream.port)
        self.assertEqual(again.returncode, 0, again)
        self.assertIn("000001-structure_set.dcm: taken before", again.output)
        self.assertEqual([line["kind"] for line in self.upstream.journal("store")
                          if line["kind"] != "image"], ["structure_set", "plan", "plan", "dose"])
        # Elsewhere nothing of it was taken yet; and nobody is there.
        elsewhere = self.send(self.upstream.host, free_port())
        self.assertEqual(elsewhere.returncode, 1, elsewhere)
        self.assertIn("gave no answer", elsewhere.output)

    def test_titles_reach_the_script_as_words_whatever_is_in_them(self):
        title = "A'$(touch x)`\"*"
        self.begin(clients=[{"ae_title": "ME", "from": "127.0.0.1", "call_as": title}])
        self.hold()
        self.sluice.kill9()
        self.assertEqual(self.rescue().returncode, 0)
        fake = self.directory / "bin"
        fake.mkdir()
        words = self.directory / "words"
        (fake / "storescu").write_text(
            f"#!/bin/sh\nprintf '%s\\n' \"$@\" >> {words}\nshift 8\nfor file in \"$@\"; do\n"
            "echo \"I: Sending file: $file\"\necho 'I: Received Store Response (Success)'\ndone\n")
        (fake / "storescu").chmod(0o755)
        sent = self.send("10.1.0.4", "104", env={"PATH": f"{fake}:{os.environ['PATH']}"})
        self.assertEqual(sent.returncode, 0, sent)
        told = words.read_text().splitlines()
        self.assertEqual(told[:8],
                         ["-v", "-R", "-aet", title, "-aec", "VMSDBD", "10.1.0.4", "104"])
        self.assertFalse((self.to / "x").exists())
        usage = self.send()
        self.assertEqual(usage.returncode, 2, usage)
        self.assertIn("HOST PORT", usage.output)


class Leave(Leaving):
    """`sluice leave`: the daemon runs, and goes on running."""

    def test_what_waits_is_written_and_nothing_more_is_held(self):
        self.begin()
        self.hold()
        done = self.leave()
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("3 acknowledged instances are not known to be upstream", done.stdout)
        self.assert_taken_out()
        # Who comes now and would wait is told so.
        later = vary(self.chain.plan, self.directory / "later", 1)
        refused = storescu(self.sluice, later)
        self.assertNotEqual(refused.returncode, 0, refused)
        self.assertIn("OutOfResources", refused.output)
        self.assertEqual(len(self.sluice.held()), 3)
        answer = self.sluice.json(f"/api/v1/instances/{sop_instance_uid(later[0])}")
        self.assertEqual(answer["answer"], "refused", answer)
        # What needs nothing passes as before, and releases what still waits.
        images = storescu(self.sluice, self.chain.images)
        self.assertEqual(images.returncode, 0, images)
        uids = {sop_instance_uid(file) for file in self.held}
        wait_until(lambda: uids <= set(self.upstream.files()) and not self.sluice.held(), 60,
                   "what was held upstream")

    def test_the_script_brings_upstream_what_was_written(self):
        self.begin()
        self.hold()
        self.assertEqual(self.leave().returncode, 0)
        self.sluice.stop()
        self.assert_script_completes_upstream()

    def test_after_a_restart_it_holds_again_and_has_lost_nothing(self):
        self.begin()
        self.hold()
        self.assertEqual(self.leave().returncode, 0)
        self.sluice.restart()
        self.assertEqual(len(self.sluice.held()), 3)
        more = vary(self.chain.plan, self.directory / "more", 1)
        self.assertEqual(storescu(self.sluice, more).returncode, 0)
        self.assertEqual(len(self.sluice.held()), 4)

    def test_what_is_due_is_sent_first(self):
        self.begin()
        self.hold()
        # Its images exist, but nobody has said so yet: it is due as soon as somebody asks.
        self.upstream.load(self.chain.structure_set.parent)
        done = self.leave()
        self.assertEqual(done.returncode, 0, done)
        status = self.sluice.json("/api/v1/leave")
        arrived = set(self.upstream.files())
        written = {line["sop_instance_uid"] for line in self.manifest()}
        self.assertEqual(status["not_upstream"], len(written))
        for file in self.held:  # nothing is in neither place
            self.assertIn(sop_instance_uid(file), arrived | written)

    def test_a_folder_in_use_is_refused_and_holding_goes_on(self):
        self.begin()
        self.hold()
        self.to.mkdir()
        (self.to / "mine").write_text("x")
        done = self.leave()
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("not empty", done.stderr)
        self.assertEqual(self.sluice.json("/api/v1/leave")["state"], "none")
        more = vary(self.chain.plan, self.directory / "more", 1)
        self.assertEqual(storescu(self.sluice, more).returncode, 0)
        self.assertEqual(len(self.sluice.held()), 4)

    def test_without_the_token_nobody_leaves(self):
        self.begin()
        status, _ = self.sluice.get("/api/v1/leave", method="POST",
                                    body=f'{{"to": "{self.to}"}}'.encode())
        self.assertEqual(status, 401)
        self.assertFalse(self.to.exists())

    def test_an_application_that_is_away_is_not_waited_for_without_end(self):
        self.begin(breaker={"failures": 100, "probe_every": "200ms"})
        dose = self.chain.dose
        self.assertEqual(storescu(self.sluice, [dose]).returncode, 0)
        self.upstream.kill9()
        status, text = self.sluice.get(
            f"/api/v1/held/{sop_instance_uid(dose)}/release", method="POST",
            headers={"Authorization": f"Bearer {TOKEN}"}, body=b"{}")
        self.assertEqual(status, 200, text)
        done = self.leave()
        self.assertEqual(done.returncode, 0, done)
        (line,) = self.manifest()
        self.assertIn(line["state"], ("ready", "sending"))
        self.assertEqual(dataset_bytes(self.to / line["file"]), dataset_bytes(dose))


if __name__ == "__main__":
    run_cases()
