#!/usr/bin/python3
"""Storage commitment that Sluice serves: what exists upstream is committed, and the client told."""
import pathlib
import select
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from harness import commitment  # noqa: E402
from harness.commitment import COMPLETE, FAILURES_EXIST, PUSH_MODEL, Listener, Report  # noqa: E402
from harness.raw_case import instance  # noqa: E402
from injection_test import QUICK  # noqa: E402

SOON = 30  # seconds: a loaded machine is slow
COMMIT, IMAGE = 1, 3  # presentation contexts
CONTEXTS = ((COMMIT, PUSH_MODEL, (wire.IMPLICIT,)), (IMAGE, wire.CT, (wire.IMPLICIT,)))
PROCESSING_FAILURE, NO_SUCH_INSTANCE, CLASS_CONFLICT, USED = 0x0110, 0x0112, 0x0119, 0x0131
PLAN_CLASS = "1.2.840.10008.5.1.4.1.1.481.8"  # RayStation's is an RT Ion Plan


class CommitmentCase(Case):
    """A client played by hand, Sluice, and the stand-in for VMSDBD."""

    def begin(self, receives_on=None, keys=None, start=True):
        self.upstream = self.start(FaultyPeer, aet="VMSDBD")
        client = {"ae_title": "ME", "from": "127.0.0.1"}
        if receives_on:
            client["receives_on"] = receives_on
        config = sluice_config(
            self.directory,
            {"VMSDBD": {"address": self.upstream.address, "also_called": ["ARIA"],
                        "storage_commitment": "existence", "verify_for": "300ms",
                        "breaker": {"failures": 1000, "probe_every": "200ms"}, **QUICK,
                        **(keys or {}),
                        "commitment": {"idle_for": "50ms", **(keys or {}).get("commitment", {})}}},
            clients=[client], limits={"artim": "1s"},
            store={"directory": str(self.directory / "store"), "free_floor": "64MiB"})
        self.sluice = self.start(Sluice, config)

    def connect(self, contexts=CONTEXTS, called="ARIA", **how):
        client = wire.Wire(self.sluice, timeout=SOON)
        self.addCleanup(client.socket.close)
        client.accepted = client.associate(contexts=contexts, called=called, **how)
        return client

    def listen(self, listener, listening=None):
        peer = RawUpstream(listener, listening=listening, timeout=SOON)
        self.addCleanup(peer.close)
        return peer

    def store(self, client, uid, message_id=1):
        client.send(wire.request(IMAGE, 0x0001, wire.CT, message_id, instance("1.2.7", uid),
                                 {0x1000: uid}))
        self.assertEqual(client.message().status, 0)

    def ask(self, client, transaction, *instances, message_id=2):
        client.send(commitment.action(COMMIT, message_id,
                                      commitment.request_data(transaction, instances)))
        answer = client.message()
        self.assertEqual((answer.field, answer.message_id, answer.status, answer.number(0x1008)),
                         (0x8130, message_id, 0, 1))

    def leave_asking(self, transaction, *instances, client=None):
        """Asks while upstream cannot be asked, so that the client has left before it is told."""
        client = client or self.connect()
        self.upstream.set(outage=True)
        self.ask(client, transaction, *instances, message_id=50)
        client.release()
        client.socket.close()
        self.upstream.set(outage=False)

    def told(self, client):
        """The report on this association, acknowledged."""
        message = client.message()
        report = Report(message)
        client.send(message.answer(0))
        return report

    def assert_told(self, report, transaction, committed=(), failed=None):
        failed = failed or {}
        self.assertEqual(report.transaction, transaction)
        self.assertEqual(sorted(report.committed), sorted(committed))
        self.assertEqual(report.failed, failed)
        self.assertEqual(report.event_type, FAILURES_EXIST if failed else COMPLETE)
        self.assertEqual(report.sequences, (["FailedSOPSequence"] if failed else [])
                         + (["ReferencedSOPSequence"] if committed else []))

    def assert_logged(self, words, times=1):
        wait_until(lambda: self.sluice.output().count(words) >= times, SOON, f"the log: {words}")

    def assert_nothing_came(self, client):
        self.assertEqual(select.select([client.socket], [], [], 0)[0], [])


class Commitment(CommitmentCase):
    """On the association that asked."""

    def test_what_was_stored_is_committed_where_it_was_asked_for(self):
        self.begin()
        client = self.connect()
        for number in (1, 2, 3):
            self.store(client, f"1.2.7.{number}", number)
        wanted = [(wire.CT, f"1.2.7.{number}") for number in (3, 1, 2)]
        self.ask(client, "2.1", *wanted, wanted[0])
        self.assert_told(self.told(client), "2.1", wanted)
        self.assert_logged("storage commitment reported")
        # The association goes on as before.
        self.store(client, "1.2.7.4", 9)
        self.ask(client, "2.2", (wire.CT, "1.2.7.4"))
        self.assert_told(self.told(client), "2.2", [(wire.CT, "1.2.7.4")])
        client.release()

    def test_what_upstream_has_not_fails_after_three_questions(self):
        self.begin()
        client = self.connect()
        self.store(client, "1.2.7.1")
        self.ask(client, "2.1", (wire.CT, "1.2.7.1"), (wire.CT, "1.2.7.9"))
        self.assert_told(self.told(client), "2.1", [(wire.CT, "1.2.7.1")],
                         {(wire.CT, "1.2.7.9"): NO_SUCH_INSTANCE})
        asked = [line for line in self.upstream.journal("find") if "1.2.7.9" in str(line["keys"])]
        self.assertGreaterEqual(len(asked), 3)

    def test_one_no_proves_nothing(self):
        self.begin()
        client = self.connect()
        self.store(client, "1.2.7.1")
        self.upstream.set(find={"empty_every": 2})
        for number in range(4):
            self.ask(client, f"2.{number}", (wire.CT, "1.2.7.1"), message_id=10 + number)
            self.assert_told(self.told(client), f"2.{number}", [(wire.CT, "1.2.7.1")])

    def test_a_long_request_keeps_a_short_one_waiting_for_one_round(self):
        self.begin(keys={"existence": {**QUICK["existence"], "per_second": 100}})
        client = self.connect()
        self.store(client, "1.2.7.1")
        self.upstream.set(outage=True)
        long, short = [self.connect(contexts=CONTEXTS[:1]) for _ in range(2)]
        strangers = [(wire.CT, f"1.2.9.{number}") for number in range(220)]
        self.ask(long, "2.1", *strangers)
        self.ask(short, "2.2", (wire.CT, "1.2.7.1"))
        self.upstream.set(outage=False)
        self.assert_told(self.told(short), "2.2", [(wire.CT, "1.2.7.1")])
        long.socket.settimeout(3 * SOON)  # 660 questions
        self.assert_told(self.told(long), "2.1", [], {one: NO_SUCH_INSTANCE for one in strangers})
        asked = [str(line["keys"]) for line in self.upstream.journal("find")]
        before = next(n for n, keys in enumerate(asked) if "1.2.7.1" in keys)
        self.assertLess(before, 180, "of the 220 that were asked for first")

    def test_only_our_class_is_answered_by_us_and_roles_are_as_proposed(self):
        self.begin()
        role = {PUSH_MODEL: (1, 0)}
        client = self.connect(contexts=((COMMIT, PUSH_MODEL, ("1.2.840.10008.1.2.4.50",
                                                              wire.IMPLICIT)),), roles=role)
        self.assertEqual(wire.answered_contexts(client.accepted), {COMMIT: (0, wire.IMPLICIT)})
        self.assertEqual(wire.roles_of(client.accepted), role)
        self.assertEqual(self.upstream.journal("associate"), [], "nobody asked upstream")
        other = self.connect(contexts=((COMMIT, PUSH_MODEL, ("1.2.840.10008.1.2.4.50",)),))
        self.assertEqual(wire.answered_contexts(other.accepted)[COMMIT][0], 4)

    def test_what_cannot_be_a_request_is_answered_with_its_fault(self):
        self.begin()
        client = self.connect()
        good = commitment.request_data("2.1", [(wire.CT, "1.2.7.1")])
        for number, (status, how) in enumerate((
                (0x0123, {"action_type": 2}),
                (0x0112, {"instance": "1.2.840.10008.1.20.1.2"}),
                (0x0118, {"sop_class": wire.CT}),
                (0x0211, {"field": 0x0110}),
                (0x0115, {"data_set": None}),
                (0x0115, {"data_set": commitment.request_data(None, [(wire.CT, "1.2.7.1")])}),
                (0x0115, {"data_set": commitment.request_data("2.1", [])}),
                (0x0115, {"data_set": b"\xff" * 11}),
                (0x0213, {"data_set": commitment.request_data(
                    "2.1", [(wire.CT, f"1.2.{n}") for n in range(10001)])})), 1):
            raw = {"data_set": good, **how}
            pieces = raw.pop("data_set")
            if pieces is None or len(pieces) < 60000:
                client.send(commitment.action(COMMIT, number, pieces, **raw))
            else:  # in PDUs that Sluice takes
                head = commitment.action(COMMIT, number, b"", **raw)
                client.send(head[:-12])  # without the empty data set
                for at in range(0, len(pieces), 60000):
                    client.send(wire.data(COMMIT, pieces[at:at + 60000],
                                          last=at + 60000 >= len(pieces)))
            answer = client.message()
            self.assertEqual((answer.message_id, f"{answer.status:04X}"),
                             (number, f"{status:04X}"), how if number < 9 else "too many")
        self.store(client, "1.2.7.1", 20)
        self.ask(client, "2.1", (wire.CT, "1.2.7.1"))
        self.assert_told(self.told(client), "2.1", [(wire.CT, "1.2.7.1")])

    def test_a_transaction_uid_serves_one_request(self):
        self.begin()
        client = self.connect()
        self.store(client, "1.2.7.1")
        self.ask(client, "2.1", (wire.CT, "1.2.7.1"))
        self.assert_told(self.told(client), "2.1", [(wire.CT, "1.2.7.1")])
        self.assert_logged("storage commitment reported")
        again = [(wire.CT, "1.2.7.1"), (wire.CT, "1.2.7.2")]
        self.ask(client, "2.1", *again)
        self.assert_told(self.told(client), "2.1", [], {one: USED for one in again})

    def test_a_client_that_asks_too_much_is_refused(self):
        self.begin(keys={"commitment": {"most_owed": 2}})
        self.upstream.set(outage=True)
        client = self.connect(contexts=CONTEXTS[:1])
        for number in (1, 2):
            self.ask(client, f"2.{number}", (wire.CT, "1.2.7.9"), message_id=number)
        client.send(commitment.action(COMMIT, 3, commitment.request_data(
            "2.3", [(wire.CT, "1.2.7.9")])))
        answer = client.message()
        self.assertEqual((answer.message_id, f"{answer.status:04X}"), (3, "0213"))
        self.ask(client, "2.1", (wire.CT, "1.2.7.9"), message_id=4)  # again: it is owed already
        status = self.sluice.json("/api/v1/commitments")
        self.assertEqual(status["total"], 2)
        self.assertEqual([(one["client"], one["transaction_uid"], one["state"], one["instances"])
                          for one in status["commitments"]],
                         [("ME", "2.1", "open", 1), ("ME", "2.2", "open", 1)])
        owed = lambda state: self.sluice.metric("sluice_commitments", application="VMSDBD",
                                                state=state)
        self.assertEqual(owed("open"), 2)
        self.assertIn("2 requests for storage commitment not reported yet",
                      self.sluice.operator("status").output)
        self.upstream.set(outage=False)
        self.assertEqual({self.told(client).transaction for _ in range(2)}, {"2.1", "2.2"})
        wait_until(lambda: self.sluice.json("/api/v1/commitments")["total"] == 0, SOON, "none owed")
        self.assertEqual(owed("open"), 0)
        self.assertEqual(self.sluice.metric("sluice_commitments_total", application="VMSDBD",
                                            outcome="failures"), 2)
        self.assertEqual(self.sluice.metric("sluice_commitments_total", application="VMSDBD",
                                            outcome="refused"), 1)

    def test_no_report_comes_between_two_stores(self):
        listener = Listener()
        self.begin(receives_on=self.listen(listener).port,
                   keys={"commitment": {"idle_for": "60s"}})
        client = self.connect()
        self.store(client, "1.2.7.1")
        self.ask(client, "2.1", (wire.CT, "1.2.7.1"))
        wait_until(lambda: [one["state"] for one in
                            self.sluice.json("/api/v1/commitments")["commitments"]] == ["decided"],
                   SOON, "the report is due")
        # The next request is still coming, and its answer is the first thing to be heard.
        client.send(wire.request(IMAGE, 0x0001, wire.CT, 10, instance("1.2.7", "1.2.7.2"),
                                 {0x1000: "1.2.7.2"}))
        answer = client.message()
        self.assertEqual((answer.field, answer.message_id, answer.status), (0x8001, 10, 0))
        wait_until(lambda: listener.reports, SOON, "the report by a call")
        self.assert_told(listener.reports[0], "2.1", [(wire.CT, "1.2.7.1")])
        client.release()

    def test_a_busy_client_without_an_address_has_not_left(self):
        self.begin(keys={"commitment": {"idle_for": "1s", "report_for": "1s"}})
        client = self.connect()
        self.store(client, "1.2.7.1")
        self.ask(client, "2.1", (wire.CT, "1.2.7.1"))
        raw = wire.request(IMAGE, 0x0001, wire.CT, 10, instance("1.2.7", "1.2.7.2"),
                           {0x1000: "1.2.7.2"})
        client.send(raw[:-20])  # in the middle of an instance for as long as it likes
        wait_until(lambda: [one["state"] for one in
                            self.sluice.json("/api/v1/commitments")["commitments"]] == ["decided"],
                   SOON, "the report is due")
        decided = time.monotonic()
        wait_until(lambda: time.monotonic() > decided + 4, SOON, "more than it is reported for")
        client.send(raw[-20:])
        self.assertEqual(client.message().status, 0)
        self.assert_told(self.told(client), "2.1", [(wire.CT, "1.2.7.1")])
        self.assertNotIn("has left", self.sluice.output())
        client.release()

    def test_with_commitment_off_the_application_answers(self):
        self.begin(keys={"storage_commitment": "off"})
        client = self.connect()
        # The stand-in takes no storage commitment, and so says Sluice.
        self.assertNotEqual(wire.answered_contexts(client.accepted)[COMMIT][0], 0)


class CommitmentCalls(CommitmentCase):
    """The client has left."""

    def test_a_client_that_has_left_is_called_as_whom_it_called(self):
        listener = Listener()
        self.begin(receives_on=self.listen(listener).port)
        client = self.connect()
        self.store(client, "1.2.7.1")
        self.leave_asking("2.1", (wire.CT, "1.2.7.1"), client=client)
        wait_until(lambda: listener.reports, SOON, "a report")
        self.assert_logged("storage commitment reported")
        (report,), (body,) = listener.reports, listener.requests
        self.assert_told(report, "2.1", [(wire.CT, "1.2.7.1")])
        self.assertEqual(wire.titles_of(body), ("ME", "ARIA"))
        self.assertEqual(wire.roles_of(body), {PUSH_MODEL: (0, 1)})

    def test_a_report_is_repeated_until_it_is_acknowledged(self):
        listener = Listener(faults=[None, PROCESSING_FAILURE], roles={})
        self.begin(receives_on=self.listen(listener).port)
        self.leave_asking("2.1", (wire.CT, "1.2.7.9"))
        self.assert_logged("storage commitment reported")
        self.assertEqual(len(listener.reports), 3)
        for report in listener.reports:
            self.assert_told(report, "2.1", [], {(wire.CT, "1.2.7.9"): NO_SUCH_INSTANCE})

    def test_a_client_that_cannot_be_reached_is_given_up_in_time(self):
        self.begin(keys={"commitment": {"report_for": "1s"}})
        self.leave_asking("2.1", (wire.CT, "1.2.7.9"))
        self.assert_logged("add receives_on or address to the client")
        self.assert_logged("given up")

    def test_a_client_without_an_address_is_told_when_it_asks_again(self):
        self.begin()
        self.leave_asking("2.1", (wire.CT, "1.2.7.9"))
        self.assert_logged("storage commitment not reported yet")
        client = self.connect()
        self.ask(client, "2.1", (wire.CT, "1.2.7.9"))
        self.assert_told(self.told(client), "2.1", [], {(wire.CT, "1.2.7.9"): NO_SUCH_INSTANCE})
        self.assert_logged("storage commitment reported")

    def test_a_client_that_refuses_the_role_is_not_told(self):
        listener = Listener(roles={PUSH_MODEL: (0, 0)})
        self.begin(receives_on=self.listen(listener).port, keys={"commitment": {"report_for": "1s"}})
        self.leave_asking("2.1", (wire.CT, "1.2.7.9"))
        self.assert_logged("role selection")
        self.assert_logged("given up")
        self.assertEqual(listener.reports, [])

    def test_what_nobody_can_ask_about_fails_at_its_time(self):
        listener = Listener()
        self.begin(receives_on=self.listen(listener).port, keys={"commitment": {"at_most": "1s"}})
        client = self.connect()
        self.upstream.set(outage=True)
        self.ask(client, "2.1", (wire.CT, "1.2.7.9"))
        client.release()
        wait_until(lambda: listener.reports, SOON, "a report")
        self.assert_told(listener.reports[0], "2.1", [],
                         {(wire.CT, "1.2.7.9"): PROCESSING_FAILURE})


class CommitmentRestart(CommitmentCase):
    """What was answered with 0000H is owed, whatever happens to the process."""

    def test_an_application_whose_clients_are_owed_a_report_is_asked_back(self):
        self.begin()
        self.leave_asking("2.1", (wire.CT, "1.2.7.9"))
        self.sluice.stop()
        config = self.sluice.config
        sluice_config(self.directory, {"PACS": {"address": self.upstream.address}},
                      port=config.port, admin_port=config.admin_port)
        self.sluice.start(wait=False)
        self.assertNotEqual(self.sluice.wait(within=30), 0)
        self.assertIn("clients of application VMSDBD", self.sluice.output_of_this_run())

    def test_what_was_undecided_is_decided_and_reported_after_kill_9(self):
        listener = Listener()
        self.begin(receives_on=self.listen(listener).port)
        client = self.connect()
        self.store(client, "1.2.7.1")
        self.upstream.set(outage=True)
        self.ask(client, "2.1", (wire.CT, "1.2.7.1"))
        self.sluice.kill9()
        self.upstream.set(outage=False)
        self.sluice.start()
        wait_until(lambda: listener.reports, SOON, "a report")
        self.assert_told(listener.reports[0], "2.1", [(wire.CT, "1.2.7.1")])

    def test_what_was_decided_is_reported_after_kill_9_whatever_upstream_says_now(self):
        # Nobody listens there until the test does.
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        self.addCleanup(held.close)
        self.begin(receives_on=held.getsockname()[1])
        client = self.connect()
        self.store(client, "1.2.7.1")
        self.upstream.set(outage=True)
        self.ask(client, "2.1", (wire.CT, "1.2.7.1"))
        client.release()
        self.upstream.set(outage=False)
        self.assert_logged("storage commitment not reported yet")
        self.sluice.kill9()
        self.upstream.set(outage=True)
        held.listen()
        listener = Listener()
        self.listen(listener, listening=held)
        self.sluice.start()
        wait_until(lambda: listener.reports, SOON, "a report")
        self.assert_told(listener.reports[0], "2.1", [(wire.CT, "1.2.7.1")])
        self.assert_logged("storage commitment reported")
        self.sluice.restart()
        self.assertEqual(len(listener.reports), 1)

    def test_a_call_that_opens_while_sluice_stops_ends_at_once(self):
        called, stopping = threading.Event(), threading.Event()

        def behave(leg):
            called.set()
            self.assertTrue(stopping.wait(SOON))
            leg.accept({PUSH_MODEL: (0, 1)})
            return leg.next()

        self.begin(receives_on=self.listen(behave).port)
        self.leave_asking("2.1", (wire.CT, "1.2.7.9"))
        self.assertTrue(called.wait(SOON))
        begun = time.monotonic()
        self.sluice.send_signal(signal.SIGTERM)
        self.assert_logged("draining")
        stopping.set()
        self.sluice.wait(within=30)
        self.assertLess(time.monotonic() - begun, 30)

    def test_a_stop_waits_for_no_answer_on_the_clients_association(self):
        listener = Listener()
        self.begin(receives_on=self.listen(listener).port)
        client = self.connect()
        self.store(client, "1.2.7.1")
        self.ask(client, "2.1", (wire.CT, "1.2.7.1"))
        self.assertEqual(Report(client.message()).transaction, "2.1")
        self.sluice.stop(within=30)
        self.sluice.start()
        wait_until(lambda: listener.reports, SOON, "a report by a call")
        self.assert_told(listener.reports[0], "2.1", [(wire.CT, "1.2.7.1")])

    def test_a_stop_waits_for_no_answer_of_a_client_that_was_called(self):
        silent = []
        listener = Listener()

        def behave(leg):
            if silent:
                return listener(leg)
            leg.accept({PUSH_MODEL: (0, 1)})
            silent.append(Report(leg.next(), implicit=False))
            return leg.next()  # Sluice ends it

        self.begin(receives_on=self.listen(behave).port)
        self.leave_asking("2.1", (wire.CT, "1.2.7.9"))
        wait_until(lambda: silent, SOON, "a report that nobody answers")
        self.sluice.stop(within=30)
        self.assertEqual(listener.reports, [])
        self.sluice.start()
        wait_until(lambda: listener.reports, SOON, "the report again")
        self.assert_told(listener.reports[0], "2.1", [],
                         {(wire.CT, "1.2.7.9"): NO_SUCH_INSTANCE})


class CommitmentHeld(CommitmentCase):
    """Instances that Sluice holds."""

    def begin_aria(self, **keys):
        self.chain = raystation_chain()
        self.begin(keys={"profile": "aria", "confirm": "query", **keys})
        self.plan = (PLAN_CLASS, sop_instance_uid(self.chain.plan))

    def send(self, *files):
        outcome = storescu(self.sluice, files, options=("-R",))
        self.assertEqual(outcome.returncode, 0, outcome)

    def test_what_is_held_is_reported_when_it_has_arrived(self):
        self.begin_aria()
        self.send(self.chain.plan)
        client = self.connect(contexts=CONTEXTS[:1])
        self.ask(client, "2.1", self.plan)
        self.assertEqual([one["state"] for one in self.sluice.held()], ["waiting"])
        self.assert_nothing_came(client)
        self.send(*self.chain.images, self.chain.structure_set)
        report = self.told(client)
        self.assertIn(self.plan[1], self.upstream.arrivals("plan"))
        self.assert_told(report, "2.1", [self.plan])

    def test_quarantine_fails_and_another_class_conflicts(self):
        self.begin_aria(machines=["EDGE"])
        self.send(self.chain.plan)
        self.assertEqual([one["state"] for one in self.sluice.held()], ["quarantined"])
        client = self.connect(contexts=CONTEXTS[:1])
        other = (wire.CT, self.plan[1])
        self.ask(client, "2.1", self.plan, other)
        self.assert_told(self.told(client), "2.1", [],
                         {self.plan: PROCESSING_FAILURE, other: CLASS_CONFLICT})

    def test_what_still_waits_at_its_time_has_failed_and_goes_on_waiting(self):
        self.begin_aria(commitment={"at_most": "1s"})
        self.send(self.chain.plan)
        client = self.connect(contexts=CONTEXTS[:1])
        self.ask(client, "2.1", self.plan)
        self.assert_told(self.told(client), "2.1", [], {self.plan: PROCESSING_FAILURE})
        self.assertEqual([one["state"] for one in self.sluice.held()], ["waiting"])


if __name__ == "__main__":
    run_cases()
