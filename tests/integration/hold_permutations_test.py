#!/usr/bin/python3
"""Every order in which a chain of five can come: 480 chains at once through one Sluice."""
import collections
import concurrent.futures
import itertools
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from harness.chains import KINDS  # noqa: E402

CLIENTS = 8      # at a time
WITHIN = 300     # seconds, on a machine that is ten times slower than it should be
ALL_AT_ONCE = "over one association"
ONE_BY_ONE = "over several"
Delivery = collections.namedtuple("Delivery", "chain order how application")
# Schedules made for hospitals, in milliseconds.
QUICK = {"existence": {"first": "200ms", "most": "2s", "per_second": 1000},
         "retry": {"first": "100ms", "most": "500ms"}, "decide_within": "500ms", "wait_for": "60s"}
# What must be there before each part.
NEEDS = {"structure_set": {"images"}, "plan": {"images", "structure_set"},
         "dose": {"images", "structure_set", "plan"},
         "second_dose": {"images", "structure_set", "plan"}}


def must_be_held(order):
    """How many parts of an order come before something that they need."""
    return sum(not NEEDS.get(kind, set()) <= set(order[:at]) for at, kind in enumerate(order))


class HoldPermutations(Case):
    """120 orders × {one association, several} × {upstream refuses what lacks a reference, upstream
    takes it and silently orphans it}."""

    def scene(self):
        # By what it does where a reference is missing.
        self.upstream = {mode: self.start(FaultyPeer, aet=mode.upper(), name=mode,
                                          switches={"missing": mode})
                         for mode in ("refuse", "orphan")}
        applications = {peer.aet: {"address": peer.address, "profile": "aria", **QUICK}
                        for peer in self.upstream.values()}
        config = sluice_config(self.directory, applications,
                               store={"directory": str(self.directory / "store"),
                                      "free_floor": "64MiB"})
        self.sluice = self.start(Sluice, config)

    def send(self, delivery):
        """Sends a chain in its order; the statuses of its C-STOREs."""
        parts = [delivery.chain.parts()[kind] for kind in delivery.order]
        if delivery.how == ALL_AT_ONCE:
            parts = [[one for part in parts for one in part]]
        return [status for part in parts
                for status in wire.store(self.sluice, part, called=delivery.application,
                                         timeout=WITHIN)]

    def gauges(self):
        return {name: self.sluice.metric(name)
                for name in ("sluice_held_instances", "sluice_queue_instances",
                             "sluice_quarantined_instances", "sluice_spool_bytes")}

    def deliveries(self):
        return [Delivery(SmallChain(), order, how, peer.aet)
                for order in itertools.permutations(KINDS)
                for how in (ALL_AT_ONCE, ONE_BY_ONE)
                for peer in self.upstream.values()]

    def test_each_arrives_complete_and_in_a_legal_order(self):
        self.scene()
        deliveries = self.deliveries()
        self.assertEqual(len(deliveries), 480)
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
            statuses = list(clients.map(self.send, deliveries))
        sent = time.monotonic()
        for delivery, of_one in zip(deliveries, statuses):
            self.assertEqual(of_one, [0] * 7, delivery[1:])
        wait_until(lambda: all(peer.state()["instances"] == 240 * 7
                               for peer in self.upstream.values()), WITHIN, "all to arrive")
        ended = time.monotonic()
        wait_until(lambda: not any(self.gauges().values()), WITHIN, "nothing held, nothing queued")
        self.assertEqual(self.sluice.json("/api/v1/held?state=all")["held"], [])
        for mode, peer in self.upstream.items():
            self.check(mode, peer, [one for one in deliveries if one.application == peer.aet])
        held = sum(must_be_held(one.order) for one in deliveries)
        self.assertGreaterEqual(self.sluice.metric("sluice_released_total"), held)
        print(f"{len(deliveries)} chains: {sent - began:.1f} s to send, "
              f"{ended - sent:.1f} s until the last had arrived; {held} parts had to wait",
              file=sys.stderr)

    def check(self, mode, peer, deliveries):
        lines = peer.journal("store")
        self.assertEqual([line for line in lines if line["status"] != 0 or line.get("orphan")], [],
                         f"refused or orphaned by {mode}")
        chains = [one.chain for one in deliveries]
        everything = {one.uid: one for chain in chains for one in chain.instances()}
        self.assertEqual(sorted(line["uid"] for line in lines), sorted(everything),
                         f"each once at {mode}")
        places = {line["uid"]: line["place"] for line in lines}
        for delivery in deliveries:
            self.assertEqual(illegal([delivery.chain], places), [], delivery[1:])
        stored = {uid: dataset_bytes(path) for uid, path in peer.files().items()}
        self.assertEqual(stored, {uid: one.data_set for uid, one in everything.items()})


if __name__ == "__main__":
    run_cases()
