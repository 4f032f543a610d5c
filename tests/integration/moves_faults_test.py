#!/usr/bin/python3
"""C-MOVEs to destinations that fail in every way: what the client is told, and whom it touches."""
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from moves_many_test import CT_IMAGE, ManyCase, MovingClient, at_once, cancel, final_of  # noqa: E402

IMPLICIT = "1.2.840.10008.1.2"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
UNABLE, SOME_FAILED, CANCELLED = 0xA702, 0xB000, 0xFE00


class DestinationFaults(ManyCase):
    """Destination BAD fails; D00 and D01 are well and are moved to at the same time."""

    INSTANCES = 10

    def begin(self, bad=None, **application):
        self.bad = self.start(FaultyPeer, aet="BAD", name="bad", switches=bad or {})
        self.scene(series=4, destinations=2, **application)
        self.first, *self.others = self.series

    def scene(self, **options):
        bad = {"address": self.bad.address, "timeouts": {"association": "5s"}}
        super().scene(more={"BAD": bad}, **options)

    def move_beside_others(self, *jobs):
        """Runs jobs together with moves to good destinations, which must succeed."""
        beside = [self.mover("C1", "D00", self.others[0]), self.mover("C2", "D01", self.others[1])]
        finals = at_once([*jobs, *beside])
        for final in finals[-2:]:
            self.assertEqual(final[:5], (0, self.INSTANCES, 0, 0, []))
        self.assert_nothing_is_left()
        return finals[:-2]

    def to_bad(self, series=None, client="C0"):
        return self.mover(client, "BAD", series or self.first)

    def kept(self):
        return [line["uid"] for line in self.bad.journal("store") if line["kept"]]

    def test_that_refuses_some_is_told_instance_by_instance(self):
        self.begin()
        refused, warned = self.series[self.first][2:4], self.series[self.first][5]
        self.bad.set(store_status=[*({"uid": uid, "status": 0xA900} for uid in refused),
                                   {"uid": warned, "status": 0xB007, "keep": True}])
        final, = self.move_beside_others(self.to_bad())
        self.assertEqual(final[:4], (SOME_FAILED, 7, 2, 1))
        self.assertEqual(final.failed_uids, refused)
        self.assertEqual(len(self.kept()), 8)

    def test_that_refuses_all_of_us_is_told_as_failed(self):
        self.begin({"trusted": []})
        final, = self.move_beside_others(self.to_bad())
        self.assertEqual(final[:4], (UNABLE, 0, 10, 0))
        self.assertEqual(final.failed_uids, self.series[self.first])

    def test_that_resets_once_costs_the_instance_that_was_under_way(self):
        self.begin({"reset": {"after_pdus": 7, "times": 1}})
        final, = self.move_beside_others(self.to_bad())
        self.assertEqual(final[:4], (SOME_FAILED, 9, 1, 0))
        arrived = set(self.series[self.first]) - set(final.failed_uids)
        self.assertLessEqual(arrived, set(self.kept()))

    def test_that_takes_one_association_at_a_time_is_waited_for(self):
        self.begin({"max_associations": 1, "delay_ms": {"store": 20}})
        finals = self.move_beside_others(*(
            self.to_bad(series, client) for series in (self.first, self.others[2])
            for client in ("C0", "C3")))
        for final in finals:
            self.assertEqual(final[:5], (0, 10, 0, 0, []))
        self.assertEqual(len(self.kept()), 40)

    def test_that_takes_another_syntax_gets_that(self):
        self.begin({"transfer_syntaxes": [IMPLICIT]})
        final, = self.move_beside_others(self.to_bad())
        self.assertEqual(final[:5], (0, 10, 0, 0, []))
        self.assertEqual({line["transfer_syntax"] for line in self.bad.journal("store")},
                         {IMPLICIT})

    def test_that_does_not_take_the_class_is_told_as_failed(self):
        self.begin({"sop_classes": [MR_IMAGE]})
        final, = self.move_beside_others(self.to_bad())
        self.assertEqual(final[:4], (UNABLE, 0, 10, 0))
        self.assertEqual(final.failed_uids, self.series[self.first])

    def test_that_crawls_keeps_nobody_else_waiting(self):
        self.begin({"delay_ms": {"store": 2000}})
        order = []

        def crawling():
            final = self.to_bad()()
            order.append("bad")
            return final

        def others():
            for title in ("D00", "D01"):
                self.mover("C4", title, self.others[2])()
                order.append(title)
            self.bad.set(delay_ms={"store": 0})
        final, _ = self.move_beside_others(crawling, others)
        self.assertEqual(final[:5], (0, 10, 0, 0, []))
        self.assertEqual(order, ["D00", "D01", "bad"])

    def test_that_answers_too_late_is_told_as_failed(self):
        self.begin(answer_within="2s")
        self.bad.set(lose={"store": 2})
        final, = self.move_beside_others(self.to_bad())
        self.assertEqual(final[:4], (SOME_FAILED, 8, 2, 0))
        self.assertEqual(final.failed_uids, self.series[self.first][:2])


class MovesAtRandom(ManyCase):
    """Faults of both sides by chance; every count is compared with the truth."""

    INSTANCES, ROUNDS, MOVES = 8, 5, 6

    def test_what_clients_are_told_is_what_happened(self):
        seed = random.randrange(10 ** 9)
        chance = random.Random(seed)
        self.scene(series=self.ROUNDS * self.MOVES, destinations=self.MOVES, answer_within="5s")
        series = list(self.series)
        for number in range(self.ROUNDS):
            these = series[number * self.MOVES:][:self.MOVES]
            told = self.upset_upstream(chance)
            resets = self.upset_receiver(chance, these)
            finals = at_once([self.mover(f"C{chance.randrange(3)}", title, one)
                              for title, one in zip(self.titles, these)])
            for title, one, final in zip(self.titles, these, finals):
                with self.subTest(seed=seed, round=number, series=one, final=final[:5]):
                    self.compare(title, one, final, told, resets)
        self.assert_nothing_is_left()

    def upset_upstream(self, chance):
        """Returns what it does with every second or third instance that it leaves out."""
        move = {"originator": chance.choice(["both", "none", "title", "id"]),
                "associations": chance.choice(["one", "successive", "parallel"]),
                "per_association": chance.randrange(1, 4),
                "pending": chance.choice(["right", "wrong", "absent", "none"]),
                "skip_every": chance.choice([0, 0, 2, 3]),
                "skipped": chance.choice(["uncounted", "failed"])}
        self.upstream.set(move=move)
        every = move["skip_every"]
        self.skipped = {uid for uids in self.series.values() for place, uid in enumerate(uids, 1)
                        if every and place % every == 0}
        # Without counts in its responses nobody can know what it left out.
        return move["skipped"] == "failed"

    def upset_receiver(self, chance, series):
        uids = [uid for one in series for uid in self.series[one]]
        status = [{"uid": uid, "status": 0xA900} for uid in chance.sample(uids, 5)]
        status += [{"uid": uid, "status": 0xB000, "keep": True} for uid in chance.sample(uids, 3)]
        resets = chance.choice([0, 0, 2])
        self.receiver.set(store_status=status,
                          reject={"result": 2, "source": 3, "reason": 2,
                                  "times": chance.randrange(3)},
                          reset={"after_pdus": 4, "times": resets})
        return resets > 0

    def compare(self, title, series, final, told, resets):
        uids = self.series[series]
        lines = {line["uid"]: line for line in self.receiver.journal("store")
                 if line["called"] == title and line["uid"] in uids}
        sent = [uid for uid in uids if uid not in self.skipped]
        good = {uid for uid in sent if uid in lines and lines[uid]["kept"]}
        failed = set(final.failed_uids)
        left_out = set(uids) - set(sent) if told else set()
        self.assertEqual(len(failed), final.failed)
        self.assertEqual(final.completed + final.warning + final.failed,
                         len(sent) + len(left_out))
        self.assertLessEqual(failed, set(sent) | left_out)
        self.assertLessEqual(left_out, failed)
        arrived = set(sent) - failed
        if resets:  # one whose answer was lost is there, and told as failed
            self.assertLessEqual(arrived, good)
        else:
            self.assertEqual(arrived, good)
        self.assertEqual(final.warning, sum(lines[uid]["status"] == 0xB000 for uid in arrived))
        expected = 0
        if final.failed or final.warning:
            expected = SOME_FAILED if final.completed or final.warning else UNABLE
        self.assertEqual(final.status, expected)


class MovesCalledOff(ManyCase):
    """C-CANCEL, clients that go, and moves that wait for their turn."""

    INSTANCES = 40

    def begin(self, series=0, client="C1"):
        return MovingClient(self.sluice, client).begin("D00", {0xE: list(self.series)[series]})

    def slow_scene(self, **application):
        self.scene(series=4, destinations=1, pending_interval="100ms", **application)
        self.upstream.set(delay_ms={"suboperation": 250})

    def ended(self):
        """The final statuses of upstream's moves."""
        return [line["status"] for line in self.upstream.journal("move")]

    def assert_upstream_ends(self, status):
        wait_until(lambda: self.ended() == [status], 30, f"upstream to end with {status:04X}H")

    def test_a_move_that_is_cancelled_ends_with_what_has_arrived(self):
        self.slow_scene()
        with self.begin() as line:
            wait_until(lambda: len(self.receiver.arrivals()) >= 2, 30, "the first to arrive")
            line.send(cancel())
            final = final_of(line)
            line.release()
        self.assertEqual(final.status, CANCELLED)
        self.assertEqual(final.completed, len(self.receiver.arrivals()))
        self.assertLess(final.completed, self.INSTANCES)
        self.assertEqual(final.failed, 0)
        self.assertEqual(self.ended(), [CANCELLED])

    def test_a_move_that_waits_hears_pending_and_can_be_cancelled(self):
        self.slow_scene(max_moves=1)
        with self.begin() as first, self.begin(1, "C2") as second:
            wait_until(lambda: self.receiver.arrivals(), 30, "the first to arrive")
            self.assertEqual(second.message().status, 0xFF00)
            second.send(cancel())
            final = final_of(second)
            self.assertEqual((final.status, final.completed), (CANCELLED, 0))
            self.upstream.set(delay_ms={"suboperation": 0})
            self.assertEqual(final_of(first)[:2], (0, self.INSTANCES))
        self.assertEqual(self.ended(), [0])  # it was never asked for the second

    def test_no_more_moves_than_the_limit_are_under_way(self):
        self.scene(series=4, destinations=1, max_moves=2)
        self.upstream.set(delay_ms={"suboperation": 2})
        finals = at_once([self.mover(client, "D00", series) for series in self.series
                          for client in ("C1", "C2")])
        for final in finals:
            self.assertEqual(final[:5], (0, self.INSTANCES, 0, 0, []))
        under_way = most = 0
        for line in self.upstream.journal():
            under_way += {"move_begins": 1, "move": -1}.get(line["event"], 0)
            most = max(most, under_way)
        self.assertEqual(most, 2)

    def test_a_move_waits_for_the_one_association_that_upstream_takes(self):
        self.slow_scene(profile="aria", machines=["A"], max_associations=2, wait_for="50ms")
        clients = [MovingClient(self.sluice, name) for name in ("C1", "C2")]
        for client in clients:  # with a class that may have to wait: it is answered by Sluice
            client.contexts = (*client.contexts, (3, wire.RT_PLAN, (wire.IMPLICIT,)))
        series = list(self.series)
        with clients[0].begin("D00", {0xE: series[0]}) as first:
            wait_until(lambda: self.receiver.arrivals(), 30, "the first to arrive")
            with clients[1].begin("D00", {0xE: series[1]}) as second:
                for _ in range(3):
                    self.assertEqual(second.message().status, 0xFF00)
                self.upstream.set(delay_ms={"suboperation": 0})
                self.assertEqual(final_of(first)[:2], (0, self.INSTANCES))
                first.release()
                self.assertEqual(final_of(second)[:2], (0, self.INSTANCES))

    def test_who_waits_for_the_association_keeps_no_title_from_who_has_it(self):
        self.scene(series=2, destinations=1, profile="aria", machines=["A"], max_associations=2,
                   max_moves=1, wait_for="50ms", pending_interval="100ms")
        waiting = MovingClient(self.sluice, "C2")
        waiting.contexts = (*waiting.contexts, (3, wire.RT_PLAN, (wire.IMPLICIT,)))
        with wire.Wire(self.sluice, 120) as warm:  # what upstream accepts is known from then on
            warm.associate(called="VMSDBD", calling="C2", contexts=waiting.contexts)
            warm.release()
        has, waits = self.series
        identifier = wire.element(8, 0x52, "SERIES") + wire.element(0x20, 0xE, has)
        with wire.Wire(self.sluice, 120) as first:
            first.associate(called="VMSDBD", calling="C1", contexts=MovingClient.contexts)
            with waiting.begin("D00", {0xE: waits}) as second:
                for _ in range(3):
                    self.assertEqual(second.message().status, 0xFF00)
                first.send(wire.request(1, 0x0021, wire.MOVE, 7, identifier, {0x0600: "D00"}))
                wait_until(lambda: self.ended() == [0], 30, "the move of who has it to end")
                self.assertEqual(final_of(first)[:2], (0, self.INSTANCES))
                first.release()
                wait_until(lambda: self.ended() == [0, 0], 30, "the other to end")
                self.assertEqual(final_of(second)[:2], (0, self.INSTANCES))

    def test_the_move_of_a_client_that_is_gone_is_cancelled(self):
        self.slow_scene()
        with self.begin():
            wait_until(lambda: self.receiver.arrivals(), 30, "the first to arrive")
        self.assert_upstream_ends(CANCELLED)
        wait_until(lambda: self.sluice.metric("sluice_moves_total", outcome="cancelled") == 1, 30,
                   "the move to have ended")

    def test_or_brought_to_its_end_where_that_is_wanted(self):
        self.slow_scene(client_gone="finish")
        with self.begin():
            wait_until(lambda: self.receiver.arrivals(), 30, "the first to arrive")
        self.upstream.set(delay_ms={"suboperation": 0})
        self.assert_upstream_ends(0)
        self.assertEqual(len(self.receiver.arrivals()), self.INSTANCES)


class MovesToSeveral(ManyCase):
    """EXPORT stands for D00 and BAD: each instance goes to both, the worse answer wins."""

    INSTANCES = 6

    def moved(self, bad=None):
        self.bad = self.start(FaultyPeer, aet="BAD", name="bad", switches=bad or {})
        self.scene(series=1, destinations=1, answer_within="5s", more={
            "BAD": {"address": self.bad.address}, "EXPORT": {"move_to": ["D00", "BAD"]}})
        self.uids = self.series["2.25.7.1"]
        final = self.mover("C1", "EXPORT", "2.25.7.1")()
        self.assertEqual(set(self.receiver.arrivals()), set(self.uids))
        self.assertEqual(list((self.directory / "store" / "spool").iterdir()), [])
        return final

    def outcomes(self, destination):
        return [self.sluice.metric("sluice_move_suboperations_total", destination=destination,
                                   outcome=outcome) for outcome in ("completed", "failed")]

    def test_what_all_have_taken_is_told_as_completed(self):
        self.assertEqual(self.moved()[:5], (0, 6, 0, 0, []))
        self.assertEqual(set(self.bad.arrivals()), set(self.uids))
        self.assertEqual(self.bad.files().keys(), self.receiver.files().keys())
        for uid, file in self.bad.files().items():
            self.assertEqual(dataset_bytes(file), dataset_bytes(self.receiver.files()[uid]))

    def test_what_one_refuses_is_told_as_failed(self):
        final = self.moved({"store_status": [{"sop_class": CT_IMAGE, "status": 0xA900,
                                              "times": 2}]})
        self.assertEqual(final[:5], (SOME_FAILED, 4, 2, 0, self.uids[:2]))
        self.assertEqual((self.outcomes("D00"), self.outcomes("BAD")), ([6, 0], [4, 2]))

    def test_each_gets_the_syntax_that_it_takes(self):
        self.assertEqual(self.moved({"transfer_syntaxes": [IMPLICIT]})[:5], (0, 6, 0, 0, []))
        self.assertEqual({line["transfer_syntax"] for line in self.bad.journal("store")},
                         {IMPLICIT})
        self.assertNotIn(IMPLICIT, {line["transfer_syntax"]
                                    for line in self.receiver.journal("store")})


class SlowMoves(ManyCase):
    """A move whose first instance is long in coming."""

    INSTANCES = 200

    def test_a_client_hears_of_it_until_the_first_instance_comes(self):
        self.scene(series=1, destinations=1, pending_interval="100ms")
        self.upstream.set(delay_ms={"first": 600_000}, move={"pending": "none"})
        series, uids = next(iter(self.series.items()))
        with MovingClient(self.sluice, "C1").begin("D00", {0xE: series}) as line:
            for _ in range(5):
                pending = line.message()
                self.assertEqual(pending.status, 0xFF00)
                self.assertGreater(pending.number(0x1020), 0)
            self.assertEqual(self.receiver.arrivals(), [])
            self.upstream.set(delay_ms={"first": 0})
            final = final_of(line)
            line.release()
        self.assertEqual(final[:5], (0, len(uids), 0, 0, []))


if __name__ == "__main__":
    run_cases()
