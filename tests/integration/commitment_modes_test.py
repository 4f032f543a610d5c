#!/usr/bin/python3
"""Storage commitment where the application serves it, and where the spool keeps the originals."""
import contextlib
import pathlib
import socket
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from harness.raw_case import instance  # noqa: E402
from commitment_test import (CONTEXTS, IMAGE, NO_SUCH_INSTANCE, PLAN_CLASS,  # noqa: E402
                             PROCESSING_FAILURE, SOON, CommitmentCase, Listener)


class CommitmentRelayed(CommitmentCase):
    """The application serves storage commitment, but knows nothing of what Sluice holds."""

    def begin_off(self, **keys):
        self.chain = raystation_chain()
        self.begin(keys={"profile": "aria", "confirm": "query", "storage_commitment": "off",
                         **keys})
        self.upstream.set(commitment=True)
        self.plan = (PLAN_CLASS, sop_instance_uid(self.chain.plan))

    def hold_plan(self):
        outcome = storescu(self.sluice, [self.chain.plan], options=("-R",))
        self.assertEqual(outcome.returncode, 0, outcome)

    def relayed(self):
        return [line["transaction"] for line in self.upstream.journal("commitment")]

    def test_what_names_nothing_that_is_held_is_the_applications(self):
        self.begin_off()
        self.hold_plan()
        holding = (CONTEXTS[0], (IMAGE, PLAN_CLASS, (wire.IMPLICIT,)))
        for number, contexts in enumerate((CONTEXTS[:1], CONTEXTS, holding)):
            client = self.connect(contexts=contexts)
            self.ask(client, f"2.{number}", (wire.CT, "1.2.7.1"))
            self.ask(client, f"3.{number}", *[(wire.CT, f"1.2.8.{n}") for n in range(200)],
                     message_id=3)
            client.release()
        self.assertEqual(self.relayed(), ["2.0", "3.0", "2.1", "3.1", "2.2", "3.2"])
        self.assertEqual(self.sluice.json("/api/v1/commitments")["total"], 0)

    def test_an_answer_to_our_report_that_comes_late_is_not_the_applications(self):
        self.begin_off(commitment={"at_most": "1s", "report_for": "1d"})
        self.hold_plan()
        client = self.connect(contexts=CONTEXTS[:1])
        self.ask(client, "2.1", self.plan)
        message = client.message()
        client.send(message.answer(0))
        self.assert_logged("storage commitment reported")
        self.ask(client, "2.2", (wire.CT, "1.2.7.8"), message_id=4)  # opens the leg
        client.send(message.answer(0))  # once more, with nobody waiting for it
        self.ask(client, "2.3", (wire.CT, "1.2.7.8"), message_id=5)
        self.assertEqual(self.relayed(), ["2.2", "2.3"])
        self.assertEqual(self.upstream.journal("unexpected"), [])
        client.release()

    def test_what_names_something_that_is_held_is_ours_as_a_whole(self):
        self.begin_off()
        self.hold_plan()
        client = self.connect(contexts=CONTEXTS[:1])
        stranger = (wire.CT, "1.2.7.9")
        self.ask(client, "2.1", stranger, self.plan)
        self.ask(client, "2.1", stranger, self.plan, message_id=3)  # again
        self.ask(client, "2.2", (wire.CT, "1.2.7.8"), message_id=4)
        self.assertEqual(self.relayed(), ["2.2"])
        outcome = storescu(self.sluice, [*self.chain.images, self.chain.structure_set],
                           options=("-R",))
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assert_told(self.told(client), "2.1", [self.plan], {stranger: NO_SUCH_INSTANCE})
        self.assert_logged("storage commitment reported")
        self.assertEqual(self.upstream.journal("unexpected"), [])
        self.ask(client, "2.3", (wire.CT, "1.2.7.8"), message_id=5)
        self.assertEqual(self.relayed(), ["2.2", "2.3"])
        client.release()

    def test_quarantine_has_failed_whoever_serves(self):
        self.begin_off(machines=["EDGE"])
        self.hold_plan()
        client = self.connect(contexts=CONTEXTS[:1])
        self.ask(client, "2.1", self.plan)
        self.assert_told(self.told(client), "2.1", [], {self.plan: PROCESSING_FAILURE})
        self.assertEqual(self.relayed(), [])
        client.release()


class CommitmentRetained(CommitmentCase):
    """What the spool keeps is committed, whatever the application says of it."""

    def begin_retained(self):
        self.begin(keys={"storage_commitment": "retained"})

    def kept_bytes(self):
        return self.sluice.metric("sluice_spool_kept_bytes")

    def test_what_was_sent_is_kept_and_committed_without_a_question(self):
        self.begin_retained()
        client = self.connect()
        self.store(client, "1.2.7.1")
        self.assertEqual(self.upstream.arrivals(), ["1.2.7.1"])
        self.assertGreater(self.kept_bytes(), 0)
        self.ask(client, "2.1", (wire.CT, "1.2.7.1"), (wire.CT, "1.2.7.9"))
        self.assert_told(self.told(client), "2.1", [(wire.CT, "1.2.7.1")],
                         {(wire.CT, "1.2.7.9"): NO_SUCH_INSTANCE})
        self.assertEqual(self.upstream.journal("find"), [])
        client.release()

    def test_the_original_outlives_the_process(self):
        self.begin_retained()
        client = self.connect()
        self.store(client, "1.2.7.1")
        self.sluice.kill9()
        self.sluice.start()
        client = self.connect()
        self.ask(client, "2.1", (wire.CT, "1.2.7.1"))
        self.assert_told(self.told(client), "2.1", [(wire.CT, "1.2.7.1")])
        client.release()

    def test_what_is_kept_no_longer_is_not_committed(self):
        self.begin_retained()
        client = self.connect()
        self.store(client, "1.2.7.1")
        for file in (self.directory / "store" / "spool").glob("*.dcm"):
            file.unlink()
        self.ask(client, "2.1", (wire.CT, "1.2.7.1"))
        self.assert_told(self.told(client), "2.1", [], {(wire.CT, "1.2.7.1"): NO_SUCH_INSTANCE})
        client.release()

    def test_what_is_damaged_is_not_committed(self):
        self.begin_retained()
        client = self.connect()
        self.store(client, "1.2.7.1")
        self.store(client, "1.2.7.2", 2)
        whole, cut = sorted((self.directory / "store" / "spool").glob("*.dcm"))
        content = whole.read_bytes()
        whole.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        cut.write_bytes(cut.read_bytes()[:-2])
        both = [(wire.CT, "1.2.7.1"), (wire.CT, "1.2.7.2")]
        self.ask(client, "2.1", *both, message_id=3)
        self.assert_told(self.told(client), "2.1", [], {one: PROCESSING_FAILURE for one in both})
        client.release()

    def test_what_is_kept_no_longer_when_it_is_reported_is_not_reported_as_committed(self):
        listener = Listener()
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        self.addCleanup(held.close)
        self.begin(receives_on=held.getsockname()[1],
                   keys={"storage_commitment": "retained",
                         "commitment": {"retain_for": "7d", "idle_for": "60s"}})
        client = self.connect()
        self.store(client, "1.2.7.1")
        self.ask(client, "2.1", (wire.CT, "1.2.7.1"))
        client.release()
        self.assert_logged("storage commitment not reported yet")
        self.sluice.kill9()
        with contextlib.closing(sqlite3.connect(self.directory / "store" / "ledger.sqlite")) as db:
            self.assertGreater(db.execute("SELECT promised_until FROM file").fetchone()[0], 0)
            db.execute("DELETE FROM file")
            db.commit()
        held.listen()
        self.listen(listener, listening=held)
        self.sluice.start()
        wait_until(lambda: listener.reports, SOON, "a report")
        self.assert_told(listener.reports[0], "2.1", [],
                         {(wire.CT, "1.2.7.1"): PROCESSING_FAILURE})

    def test_what_the_application_refused_is_not_kept(self):
        self.begin_retained()
        client = self.connect()
        self.upstream.set(store_status=[{"status": 0xA900, "times": 1}])
        client.send(wire.request(IMAGE, 0x0001, wire.CT, 1, instance("1.2.7", "1.2.7.1"),
                                 {0x1000: "1.2.7.1"}))
        self.assertEqual(client.message().status, 0xA900)
        self.assertEqual(self.kept_bytes(), 0)
        self.assertEqual(list((self.directory / "store" / "spool").iterdir()), [])
        client.release()

    def test_what_waits_for_its_delivery_is_committed(self):
        self.begin_retained()
        client = self.connect()
        self.upstream.set(outage=True)
        client.send(wire.request(IMAGE, 0x0001, wire.CT, 1, instance("1.2.7", "1.2.7.1"),
                                 {0x1000: "1.2.7.1"}))
        self.assertEqual(client.message().status, 0)
        self.ask(client, "2.1", (wire.CT, "1.2.7.1"))
        self.assert_told(self.told(client), "2.1", [(wire.CT, "1.2.7.1")])
        self.assertEqual(self.upstream.arrivals(), [])
        self.upstream.set(outage=False)
        wait_until(lambda: self.upstream.arrivals() == ["1.2.7.1"], SOON, "its delivery")
        wait_until(lambda: self.kept_bytes() > 0, SOON, "its original is kept")
        client.release()


if __name__ == "__main__":
    run_cases()
