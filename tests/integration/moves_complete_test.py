#!/usr/bin/python3
"""C-MOVEs of which upstream leaves a part out: what it lists is asked for again."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from moves_many_test import ManyCase, MovingClient  # noqa: E402

SOME_FAILED = 0xB000


class CompleteMoves(ManyCase):
    """Upstream leaves instances out and says nothing of it; C-FIND knows of them."""

    INSTANCES = 12

    def moved(self, move, rounds=2):
        self.scene(series=2, destinations=1, complete_moves=rounds)
        self.upstream.set(move=move)
        self.wanted, self.uids = next(iter(self.series.items()))
        final = self.mover("C1", "D00", self.wanted)()
        arrived = self.arrived()["D00"]
        self.assertEqual(set(arrived.values()), {1})  # nothing twice
        self.assertLessEqual(set(arrived), set(self.uids))
        self.assertEqual(len(arrived), final.completed)
        return final

    def compared(self, outcome):
        return self.sluice.metric("sluice_move_completions_total", outcome=outcome)

    def asked_for(self):
        return [line["matches"] + line["skipped"] for line in self.upstream.journal("move_begins")]

    def test_a_whole_move_is_asked_for_once(self):
        self.assertEqual(self.moved({})[:5], (0, 12, 0, 0, []))
        self.assertEqual(self.asked_for(), [12])
        self.assertEqual(self.compared("whole"), 1)

    def test_what_is_left_out_comes_when_it_is_asked_for_again(self):
        self.assertEqual(self.moved({"skip_every": 4})[:5], (0, 12, 0, 0, []))
        self.assertEqual(self.asked_for(), [12, 3])
        self.assertEqual(self.compared("completed"), 1)

    def test_what_never_comes_has_failed_after_so_many_times(self):
        missing = [f"2.25.7.1.{number}" for number in (10003, 10007)]
        final = self.moved({"skip_uids": missing})
        self.assertEqual(final[:4], (SOME_FAILED, 10, 2, 0))
        self.assertEqual(final.failed_uids, missing)
        self.assertEqual(self.asked_for(), [12, 2, 2])
        self.assertEqual(self.compared("incomplete"), 1)

    def test_what_the_destination_refuses_is_not_asked_for_again(self):
        self.scene(series=1, destinations=1, complete_moves=2)
        refused = self.series["2.25.7.1"][3]
        self.receiver.set(store_status=[{"uid": refused, "status": 0xA900}])
        final = self.mover("C1", "D00", "2.25.7.1")()
        self.assertEqual(final[:5], (SOME_FAILED, 11, 1, 0, [refused]))
        self.assertEqual(self.asked_for(), [12])

    def test_a_study_is_compared_where_only_hierarchical_queries_are_taken(self):
        self.scene(series=2, destinations=1, complete_moves=1)
        self.upstream.set(relational="refused", move={"skip_every": 5})
        final = MovingClient(self.sluice, "C1").move("D00", {0xD: "2.25.7"}, level="STUDY")
        self.assertEqual(final[:5], (0, 24, 0, 0, []))
        self.assertEqual(self.compared("completed"), 1)
        self.assertEqual(len(self.arrived()["D00"]), 24)

    def test_without_an_answer_to_the_question_upstream_is_believed(self):
        self.scene(series=1, destinations=1, complete_moves=2)
        self.upstream.set(find={"status": 0xA700, "times": -1}, move={"skip_first": 1})
        final = self.mover("C1", "D00", "2.25.7.1")()
        self.assertEqual(final[:5], (0, 11, 0, 0, []))
        self.assertEqual(self.compared("unknown"), 1)


if __name__ == "__main__":
    run_cases()
