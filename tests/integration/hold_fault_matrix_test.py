#!/usr/bin/python3
"""Many chains at once, and an upstream that does one thing after another wrong, then all of them.

hold_faults_test.py shows for one real chain what becomes of it; here nothing may be lost, come out
of order or stay behind where there is much of it. Seconds stand for minutes.
"""
import concurrent.futures
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403

CLIENTS = 6    # at a time
WITHIN = 240   # seconds, on a machine that is ten times slower than it should be
QUICK = {"existence": {"first": "100ms", "most": "500ms", "per_second": 2000},
         "retry": {"first": "50ms", "most": "500ms"}, "decide_within": "300ms", "wait_for": "5s",
         "verify_for": "300ms", "breaker": {"failures": 3, "probe_every": "200ms"},
         "timeouts": {"response": "1s", "connect": "1s", "association": "2s", "release": "500ms"}}
NOTHING_IS_FOUND = {"find": {"empty_first": 10 ** 9}}


class MatrixCase(Case):
    """The stand-in silently orphans what comes too early: there is no second chance."""

    def setUp(self):
        super().setUp()
        self.over = threading.Event()

    def scene(self, chains=20, keys=None, **switches):
        self.random = random.Random(4)
        self.chains = [SmallChain() for _ in range(chains)]
        self.upstream = self.start(FaultyPeer, aet="VMSDBD",
                                   switches={"missing": "orphan", **switches})
        config = sluice_config(
            self.directory, {"VMSDBD": {"address": self.upstream.address, "profile": "aria",
                                        **QUICK, **(keys or {})}},
            store={"directory": str(self.directory / "store"), "free_floor": "64MiB"})
        self.sluice = self.start(Sluice, config)

    # ---- clients that try until they are told 0000H

    def send_one_group(self, group):
        left = list(group)

        def acknowledged():
            # Those behind one that was refused are tried as well: no client waits for another.
            statuses = wire.store(self.sluice, left, timeout=WITHIN)
            left[:] = [one for one, status in zip(left, statuses) if status != 0] \
                + left[len(statuses):]
            return self.over.is_set() or not left
        wait_until(acknowledged, WITHIN, f"{len(group)} instances to be acknowledged", every=0.1)

    def sending(self, groups):
        """Starts to send groups of instances, each over one association; ends with the test."""
        clients = concurrent.futures.ThreadPoolExecutor(CLIENTS)
        self.addCleanup(clients.shutdown, cancel_futures=True)
        self.addCleanup(self.over.set)  # before that one
        return [clients.submit(self.send_one_group, group) for group in groups]

    def send(self, groups):
        for one in self.sending(groups):
            one.result()

    def dependants(self, chains=None):
        """All but the images, the last first."""
        return [[*chain.doses, chain.plan, chain.structure_set] for chain in chains or self.chains]

    def images(self, chains=None):
        return [chain.images for chain in chains or self.chains]

    def hold(self, chains=None):
        """Has the dependants of all chains held."""
        before = self.sluice.metric("sluice_held_instances")
        groups = self.dependants(chains)
        self.send(groups)
        wanted = before + sum(len(group) for group in groups)
        wait_until(lambda: self.sluice.metric("sluice_held_instances") == wanted, WITHIN,
                   f"{wanted} instances held")

    # ---- what must be true in the end, whatever was wrong

    def unsettled(self):
        names = ("sluice_held_instances", "sluice_queue_instances", "sluice_queue_bytes",
                 "sluice_quarantined_instances", "sluice_spool_bytes")
        values = {name: self.sluice.metric(name) for name in names}
        return {name: value for name, value in values.items() if value}

    def assert_all_is_well(self):
        everything = {one.uid: one.data_set for chain in self.chains for one in chain.instances()}
        wait_until(lambda: self.upstream.state()["instances"] == len(everything)
                   and not self.sluice.json("/api/v1/held?state=all")["held"], WITHIN,
                   f"{len(everything)} instances upstream and none left here")
        wait_until(lambda: not self.unsettled(), WITHIN, "gauges at zero")
        # Sent twice, perhaps, where an answer was lost; then both are the same.
        stored = self.upstream.files()
        self.assertEqual({uid: dataset_bytes(path) for uid, path in stored.items()}, everything)
        kept = [line for line in self.upstream.journal("store") if line["kept"]]
        self.assertEqual([line for line in kept if line.get("orphan")], [])
        places = {}
        for line in sorted(kept, key=lambda line: line["place"]):
            places.setdefault(line["uid"], line["place"])
        self.assertEqual(illegal(self.chains, places), [])

    def outcomes(self, outcome):
        return self.sluice.metric("sluice_delivery_attempts_total", outcome=outcome)

    def breaker_is_open(self):
        return self.sluice.metric("sluice_breaker_state") != 0


class HoldFaultsOfQueries(MatrixCase):
    """What upstream says exists is wrong, incomplete, late, or not said at all."""

    def hold_and_release(self, **switches):
        self.scene(**switches)
        self.hold()
        self.send(self.images())
        self.assert_all_is_well()

    def test_half_of_the_queries_find_nothing(self):
        self.hold_and_release(find={"empty_percent": 50})

    def test_every_third_match_is_left_out(self):
        self.hold_and_release(find={"skip_every": 3})

    def test_what_is_stored_is_visible_only_after_a_time(self):
        self.hold_and_release(commit={"ms": 1500})

    def test_what_is_stored_is_visible_only_after_some_questions(self):
        self.hold_and_release(commit={"queries": 3})

    def test_late_and_flapping_and_incomplete(self):
        self.hold_and_release(commit={"ms": 700, "queries": 2},
                              find={"empty_percent": 30, "skip_every": 4})

    def test_answers_to_queries_are_lost(self):
        self.scene()
        self.hold()
        self.upstream.set(lose={"find": 6})
        self.send(self.images())
        self.assert_all_is_well()
        lost = [line for line in self.upstream.journal("find") if not line["answered"]]
        self.assertEqual(len(lost), 6)

    def test_queries_fail(self):
        self.scene()
        self.hold()
        self.upstream.set(find={"status": 0xA700, "times": 40})
        self.send(self.images())
        self.assert_all_is_well()


class HoldFaultsOfStores(MatrixCase):
    """What is released is answered, refused and cut off as it happens."""

    def release_all_at_once(self, chains=20, **switches):
        """All is upstream but what is held, and nobody knows it yet: then the switches are set."""
        self.scene(chains, **NOTHING_IS_FOUND)
        self.hold()
        self.send(self.images())
        self.upstream.set(find={"empty_first": 0}, **switches)

    def test_answers_to_stores_are_lost(self):
        self.release_all_at_once(lose={"store": 8})
        self.assert_all_is_well()
        lost = [line for line in self.upstream.journal("store") if not line["answered"]]
        self.assertEqual(len(lost), 8)
        self.assertGreaterEqual(self.outcomes("unknown"), 8)

    def test_stores_are_refused_for_a_while(self):
        self.release_all_at_once(store_status=[{"status": 0xA700, "times": 40},
                                               {"status": 0x0110, "times": 10}])
        self.assert_all_is_well()
        refused = [line for line in self.upstream.journal("store") if line["status"] != 0]
        self.assertEqual(len(refused), 50)
        self.assertGreater(self.outcomes("retry"), 0)

    def test_connections_are_reset_in_the_middle_of_instances(self):
        # The seventh PDU ends the data set of the third instance on an association.
        self.release_all_at_once(reset={"after_pdus": 7, "times": 12})
        self.assert_all_is_well()
        self.assertEqual(len(self.upstream.journal("reset")), 12)

    def test_connections_are_reset_while_images_come(self):
        self.scene()
        self.hold()
        self.upstream.set(reset={"after_pdus": 5, "times": 25})
        self.send(self.images())
        self.assert_all_is_well()
        self.assertEqual(len(self.upstream.journal("reset")), 25)


class HoldOutages(MatrixCase):
    """Upstream is away, with hundreds held."""

    def test_an_outage_before_and_one_during_the_release_of_hundreds(self):
        self.scene(chains=75, **NOTHING_IS_FOUND)
        early, late = self.chains[:60], self.chains[60:]
        self.hold(early)
        self.upstream.set(outage=True)
        self.hold(late)  # what is asked about first finds that nobody is there
        self.assertEqual(self.sluice.metric("sluice_held_instances"), 300)
        wait_until(self.breaker_is_open, WITHIN, "the breaker to open")
        images = self.sending(self.images(early))
        self.upstream.set(outage=False)
        for one in images:
            one.result()
        self.upstream.set(find={"empty_first": 0})
        wait_until(lambda: self.outcomes("delivered") >= 30, WITHIN, "30 deliveries")
        self.upstream.set(outage=True)
        wait_until(self.breaker_is_open, WITHIN, "the breaker to open again")
        self.assertGreaterEqual(self.sluice.metric("sluice_held_instances"), 4 * len(late))
        self.upstream.set(outage=False)
        self.send(self.images(late))
        self.assert_all_is_well()

    def test_upstream_is_restarted_again_and_again(self):
        self.scene(chains=40, **NOTHING_IS_FOUND)
        self.hold()
        self.send(self.images())
        self.upstream.set(find={"empty_first": 0})
        for deliveries in (10, 50, 100):
            wait_until(lambda: self.outcomes("delivered") >= deliveries, WITHIN,
                       f"{deliveries} deliveries")
            self.upstream.restart()
        self.assert_all_is_well()

    def test_sluice_is_killed_while_upstream_is_away(self):
        self.scene(chains=40, **NOTHING_IS_FOUND)
        self.hold()
        self.send(self.images(self.chains[:30]))
        self.upstream.set(find={"empty_first": 0})
        wait_until(lambda: self.outcomes("delivered") >= 20, WITHIN, "20 deliveries")
        self.upstream.set(outage=True)
        self.sluice.kill9()
        self.sluice.restart()
        wait_until(self.breaker_is_open, WITHIN, "the breaker to open")
        self.upstream.set(outage=False)
        self.send(self.images(self.chains[30:]))
        self.assert_all_is_well()


class HoldFaultsMixed(MatrixCase):
    """One fault after another, as a seed throws them, while clients send in any order."""

    def faults(self):
        return [
            {"find": {"empty_percent": 50}}, {"find": {"skip_every": 2}},
            {"commit": {"ms": 400}}, {"commit": {"queries": 2}},
            {"lose": {"store": 2}}, {"lose": {"find": 2}}, {"lose": {"echo": 1, "release": 2}},
            {"reset": {"after_pdus": 5, "times": 4}}, {"reset": {"after_bytes": 4000, "times": 4}},
            {"reject": {"result": 2, "source": 3, "reason": 2, "times": 3}},
            {"store_status": [{"status": 0xA700, "times": 5}]}, {"max_associations": 1},
            {"find": {"status": 0xA700, "times": 5}}, {"delay_ms": {"store": 100, "find": 50}},
            {"outage": True}, "restart", "reset", "abort",
        ]

    def apply(self, fault):
        if isinstance(fault, dict):
            self.upstream.set(**fault)
        elif fault == "kill":
            self.sluice.kill9()
            self.sluice.restart()
        else:
            getattr(self.upstream, fault)()

    def watch(self, seconds):
        """Until something has come of a fault, or not for so long."""
        size, until = self.upstream.journal_size(), time.monotonic() + seconds
        wait_until(lambda: self.upstream.journal_size() > size + 8000
                   or time.monotonic() >= until, WITHIN)

    def run_with_seed(self, seed, also=(), **keys):
        self.scene(chains=40, keys=keys)
        self.random.seed(seed)
        groups = []
        for chain in self.chains:
            instances = chain.instances()
            self.random.shuffle(instances)
            cut = self.random.randrange(1, len(instances))
            groups += [instances[:cut], instances[cut:]]
        calm = self.upstream.control(switches=True)["switches"]
        sent = self.sending(groups)
        for _ in range(24):
            first, second = self.random.sample(self.faults() + list(also), 2)
            self.apply(first)
            self.apply(second)
            self.watch(self.random.choice((0.1, 0.3, 0.6)))
            self.upstream.set(**calm)
        for one in sent:
            one.result()
        self.assert_all_is_well()

    def test_two_at_a_time_as_seed_1_throws_them(self):
        self.run_with_seed(1)

    def test_two_at_a_time_as_seed_2_throws_them(self):
        self.run_with_seed(2)

    def test_two_at_a_time_as_seed_3_throws_them_with_sluice_killed_now_and_then(self):
        self.run_with_seed(3, also=["kill"] * 4)

    def test_two_at_a_time_as_seed_4_throws_them_over_one_association_in_all(self):
        self.run_with_seed(4, max_associations=1)


if __name__ == "__main__":
    run_cases()
