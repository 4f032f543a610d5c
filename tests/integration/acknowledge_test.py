#!/usr/bin/python3
"""What a client is told of an instance that upstream does not take at once, and what is kept."""
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from injection_test import QUICK  # noqa: E402

LONG = 300  # seconds that a willing client would wait; no test does
NEVER_COMMITS = {"commit": {"ms": 3600 * 1000}}  # what is stored is not found


class Acknowledge(Case):
    """KEEPER leaves its instances to Sluice, REFUSER does not, WAITER waits."""

    def scene(self, switches=None, **keys):
        self.chain = raystation_chain()
        self.upstream = self.start(FaultyPeer, aet="VMSDBD",
                                   switches={"missing": "refuse", **(switches or {})})
        application = {"address": self.upstream.address, "profile": "aria", **QUICK,
                       "verify_for": "300ms",
                       "breaker": {"failures": 100, "probe_every": "200ms"},
                       "timeouts": {"response": "1s", "connect": "1s", "release": "500ms"}, **keys}
        clients = [{"ae_title": "KEEPER", "from": "127.0.0.1"},
                   {"ae_title": "REFUSER", "from": "127.0.0.1", "acknowledge": "refuse"},
                   {"ae_title": "WAITER", "from": "127.0.0.1",
                    "acknowledge": {"wait": f"{LONG}s", "then": "refuse"}}]
        config = sluice_config(self.directory, {"VMSDBD": application}, clients=clients,
                               store={"directory": str(self.directory / "store"),
                                      "free_floor": "64MiB"})
        self.sluice = self.start(Sluice, config)

    def send(self, *files, calling="KEEPER", options=("-R",)):
        return storescu(self.sluice, files, calling=calling, options=options)

    def assert_taken(self, *files, **how):
        outcome = self.send(*files, **how)
        self.assertEqual(outcome.returncode, 0, outcome)
        return outcome

    def assert_refused(self, file, status="OutOfResources", **how):
        outcome = self.send(file, calling="REFUSER", **how)
        self.assertNotEqual(outcome.returncode, 0, outcome)
        self.assertIn(f": {status})", outcome.output, outcome)  # as storescu words it

    def send_and_commit(self, file):
        """Sent by one who waits; upstream finds what it was sent before only once it was asked."""
        outcomes = []
        asked = len(self.upstream.journal("find"))
        sender = threading.Thread(target=lambda: outcomes.append(self.send(file, calling="WAITER")))
        sender.start()
        try:
            wait_until(lambda: len(self.upstream.journal("find")) > asked, what="a question")
        finally:
            self.upstream.set(commit={"ms": 0})
            sender.join()
        return outcomes[0]

    def spooled(self):
        return sorted(path.name for path in (self.directory / "store" / "spool").iterdir())

    def assert_nothing_is_kept(self):
        self.assertEqual(self.sluice.held(), [])
        wait_until(lambda: self.spooled() == [], what="an empty spool")

    def arrivals(self, file):
        return self.upstream.arrivals().count(sop_instance_uid(file))

    def test_what_upstream_says_is_not_there_is_asked_about_again(self):
        self.scene(statuses={"not_yet": "A900"})
        self.assert_taken(*self.chain.images, self.chain.structure_set, self.chain.plan)
        wait_until(lambda: not self.sluice.held(), 60, "nothing held")  # on a slow machine
        gone = sop_instance_uid(self.chain.structure_set)
        self.upstream.forget(gone)
        self.assertNotEqual(self.send(self.chain.plan).returncode, 0, "it was believed there")
        self.assertEqual(self.sluice.held(), [])
        self.assert_taken(self.chain.plan)
        (held,) = self.sluice.held()
        self.assertEqual((held["state"], [one["uid"] for one in held["missing"]]),
                         ("waiting", [gone]))
        self.assert_taken(self.chain.structure_set)
        wait_until(lambda: not self.sluice.held(), 60, "nothing held")

    def test_durable_is_told_success_and_the_instance_is_on_disk(self):
        self.scene()
        self.assert_taken(self.chain.dose)
        (held,) = self.sluice.held()
        self.assertEqual((held["state"], held["kind"]), ("waiting", "dose"))
        self.assertEqual(len(self.spooled()), 1)

    def test_refuse_is_told_a_failure_while_references_are_missing_and_nothing_is_kept(self):
        self.scene()
        self.assert_refused(self.chain.structure_set)
        self.assert_nothing_is_kept()
        self.assert_taken(*self.chain.images)
        self.assert_nothing_is_kept()
        self.assertEqual(self.arrivals(self.chain.structure_set), 0)
        self.assert_taken(self.chain.structure_set, calling="REFUSER")
        self.assertIn(sop_instance_uid(self.chain.structure_set), self.upstream.files())
        self.assert_nothing_is_kept()

    def test_refuse_is_told_a_failure_where_upstream_is_away_and_nothing_is_sent_later(self):
        self.scene()
        self.assert_taken(*self.chain.images)
        # Found to exist, so that the next is ready on arrival; and its context is learned.
        self.assert_taken(self.chain.structure_set, options=())
        self.upstream.set(outage=True)
        self.assert_refused(self.chain.structure_set, options=())
        self.assert_nothing_is_kept()
        self.upstream.set(outage=False)
        # Whatever were queued would go before this one.
        self.assert_taken(self.chain.plan)
        wait_until(lambda: sop_instance_uid(self.chain.plan) in self.upstream.files(), 60,
                   "the plan upstream")
        self.assertEqual(self.arrivals(self.chain.structure_set), 1)

    def test_refuse_is_told_a_failure_when_the_answer_was_lost_and_may_send_it_again(self):
        self.scene()
        self.assert_taken(*self.chain.images)
        self.upstream.set(lose={"store": 1})
        self.assert_refused(self.chain.structure_set)
        self.assert_nothing_is_kept()
        self.assertEqual(self.arrivals(self.chain.structure_set), 1)
        self.assert_taken(self.chain.structure_set, calling="REFUSER")
        self.assertEqual(self.arrivals(self.chain.structure_set), 2)
        self.assert_nothing_is_kept()

    def test_refuse_is_told_success_of_what_another_client_left_here(self):
        self.scene()
        self.assert_taken(self.chain.plan)
        self.assert_taken(self.chain.plan, calling="REFUSER")
        (held,) = self.sluice.held()
        self.assertEqual(held["client"], "KEEPER")
        self.assertEqual(len(self.spooled()), 1)

    def test_refuse_is_told_a_failure_of_what_another_client_left_and_nobody_sends(self):
        self.scene(hold={"warn_after": "200ms", "at_most": "500ms", "then": "quarantine"})
        self.assert_taken(self.chain.plan)
        wait_until(lambda: [one["state"] for one in self.sluice.held()] == ["quarantined"], 60,
                   "the plan in quarantine")
        self.assert_refused(self.chain.plan)
        wait_until(lambda: "the same instance is in quarantine here" in self.sluice.output(),
                   what="the reason in the log")
        self.assert_taken(self.chain.plan)  # durable it is
        self.assertEqual(len(self.spooled()), 1)

    def test_refuse_keeps_no_plan_for_an_unknown_machine_either(self):
        self.scene(machines=["ELSEWHERE"])
        self.assert_refused(self.chain.plan, status="CannotUnderstand")
        self.assert_nothing_is_kept()

    def test_nobody_waits_for_what_he_may_be_about_to_send(self):
        self.scene()
        began = self.send(self.chain.plan, calling="WAITER")
        self.assertLess(began.seconds, LONG / 5)
        self.assertNotEqual(began.returncode, 0, began)
        self.assert_nothing_is_kept()

    def test_who_waits_hears_upstream_itself_once_what_was_stored_is_found(self):
        self.scene(NEVER_COMMITS, decide_within="50ms")
        self.assert_taken(*self.chain.images)
        outcome = self.send_and_commit(self.chain.structure_set)
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertIn(sop_instance_uid(self.chain.structure_set), self.upstream.files())
        self.assert_nothing_is_kept()

    def test_who_waits_does_so_for_what_another_client_left_here(self):
        self.scene(NEVER_COMMITS, decide_within="50ms")
        self.assert_taken(*self.chain.images)
        self.assert_taken(self.chain.structure_set)
        self.assertEqual([one["kind"] for one in self.sluice.held()], ["structure_set"])
        outcome = self.send_and_commit(self.chain.plan)
        self.assertEqual(outcome.returncode, 0, outcome)
        kinds = [line["kind"] for line in self.upstream.journal("store")
                 if line["status"] == 0 and line["kind"] != "image"]
        self.assertEqual(kinds, ["structure_set", "plan"])
        self.assert_nothing_is_kept()

    def test_a_stop_ends_the_wait(self):
        self.scene(NEVER_COMMITS)
        self.assert_taken(*self.chain.images)
        asked = len(self.upstream.journal("find"))
        sender = Process("storescu", ["storescu", "-v", "-R", "-aet", "WAITER", "-aec", "VMSDBD",
                                      self.sluice.host, self.sluice.port,
                                      self.chain.structure_set], self.directory).start()
        self.addCleanup(sender.end)
        wait_until(lambda: len(self.upstream.journal("find")) > asked, what="a question")
        self.sluice.stop()
        self.assertNotEqual(sender.wait(), 0)
        self.assertEqual(self.spooled(), [])


if __name__ == "__main__":
    run_cases()
