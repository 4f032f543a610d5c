#!/usr/bin/python3
"""Held instances and an upstream that loses answers, flaps, commits late or is away."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from injection_test import QUICK  # noqa: E402


class HoldFaults(Case):
    """A plan waits for its structure set, which waits for its images, at the stand-in on dcmnet."""

    def scene(self, response="1s", keys=None, **switches):
        self.chain = raystation_chain()
        self.upstream = self.start(FaultyPeer, aet="VMSDBD",
                                   switches={"missing": "refuse", **switches})
        config = sluice_config(
            self.directory,
            {"VMSDBD": {"address": self.upstream.address, "profile": "aria", **QUICK,
                        "also_called": ["VMSDBD1"], "verify_for": "300ms",
                        "breaker": {"failures": 100, "probe_every": "200ms"},
                        "timeouts": {"response": response, "connect": "1s", "release": "500ms"},
                        **(keys or {})}},
            store={"directory": str(self.directory / "store"), "free_floor": "64MiB"})
        self.sluice = self.start(Sluice, config)

    def send(self, *files, options=("-R",)):
        outcome = storescu(self.sluice, files, options=options)
        self.assertEqual(outcome.returncode, 0, outcome)

    def everything(self):
        return [*self.chain.images, self.chain.structure_set, self.chain.plan, self.chain.dose]

    def assert_all_arrive_in_order(self):
        wanted = {sop_instance_uid(file) for file in self.everything()}
        wait_until(lambda: wanted <= set(self.upstream.files()) and not self.sluice.held(), 60,
                   "everything upstream and nothing held")

        def order():  # the journal's line follows the file
            return list(dict.fromkeys(line["kind"] for line in self.upstream.journal("store")
                                      if line["status"] == 0 and line["kind"] != "image"))
        wait_until(lambda: "dose" in order(), 60, "the dose in the journal")
        self.assertEqual(order(), ["structure_set", "plan", "dose"])

    def inject(self):
        self.send(self.chain.dose)
        self.send(self.chain.plan)
        self.send(self.chain.structure_set)
        self.send(*self.chain.images)

    def test_find_that_flaps_delays_but_does_not_lose(self):
        self.scene(find={"empty_percent": 50})
        self.inject()
        self.assert_all_arrive_in_order()

    def test_late_commit_is_waited_for(self):
        self.scene(commit={"ms": 1000})
        self.inject()
        self.assert_all_arrive_in_order()

    def test_an_outage_holds_what_is_acknowledged_until_it_ends(self):
        self.scene()
        # Proposes 128 contexts: what upstream says to them is believed while it is away.
        self.send(self.chain.dose, options=())
        self.send(self.chain.plan)
        self.upstream.set(outage=True)
        self.send(self.chain.structure_set, options=())
        self.assertEqual(len(self.sluice.held()), 3)
        self.upstream.set(outage=False)
        self.send(*self.chain.images)
        self.assert_all_arrive_in_order()

    def test_hierarchical_questions_where_relational_ones_are_refused(self):
        self.scene(relational="refused")
        self.inject()
        self.assert_all_arrive_in_order()

    def test_a_lost_c_store_response_ends_well(self):
        self.scene()
        self.send(self.chain.dose)
        self.send(self.chain.plan)
        self.send(*self.chain.images)
        self.upstream.set(lose={"store": 1})
        self.send(self.chain.structure_set)
        self.assert_all_arrive_in_order()
        # It had arrived: asked about, not sent a second time under the same UID.
        uid = sop_instance_uid(self.chain.structure_set)
        tries = [line for line in self.upstream.journal("store") if line["uid"] == uid]
        self.assertEqual(len(tries), 1, tries)

    def test_find_answers_name_the_alias_that_was_called(self):
        self.scene()
        self.send(*self.chain.images[:1])
        for called in ("VMSDBD1", "VMSDBD"):
            found = findscu(self.sluice, ["0008,0052=STUDY", "0020,000D=", "0008,0054="],
                            called=called)
            self.assertIn(f"[{called}", found.output, found)


if __name__ == "__main__":
    run_cases()
