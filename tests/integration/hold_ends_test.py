#!/usr/bin/python3
"""How what is held ends where it does not go its way: cycles of references, and operators."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from real_file_traps_test import DOSE, ION_PLAN, SOON, STRUCTURE_SET  # noqa: E402
from real_file_traps_test import TrapCase, references  # noqa: E402
from pydicom.uid import generate_uid  # noqa: E402


class HoldEnds(TrapCase):
    """Of real files; upstream has what they refer to, or never will."""

    def test_a_plan_and_a_dose_that_name_each_other_do_not_wait_for_each_other(self):
        chain = raystation_chain()
        self.scene([*chain.images, chain.structure_set])
        dose_uid = sop_instance_uid(chain.dose)

        def name_the_dose(plan):
            plan.FractionGroupSequence[0].ReferencedDoseSequence = references(dose_uid, DOSE)
        plan = self.edited(chain.plan, name_the_dose)
        self.send(chain.dose, plan)
        self.assert_arrive(plan, chain.dose)
        self.assertEqual(self.order(plan, chain.dose), [plan, chain.dose])

    def test_two_plans_that_name_each_other_do_not_wait_for_each_other(self):
        chain = raystation_chain()
        self.scene([*chain.images, chain.structure_set])
        uids = [generate_uid(), generate_uid()]
        plans = [self.edited(chain.plan, SOPInstanceUID=own, ReferencedRTPlanSequence=references(
            other, ION_PLAN, "PREDECESSOR")) for own, other in (uids, uids[::-1])]
        self.send(*plans)
        self.assert_arrive(*plans)

    def test_a_cycle_of_what_must_exist_first_ends_in_quarantine_and_by_an_operator(self):
        chain = raystation_chain()
        self.scene(chain.images, missing="accept", **SOON)
        plan = self.edited(chain.plan, ReferencedStructureSetSequence=references(
            sop_instance_uid(chain.dose), STRUCTURE_SET))
        self.send(plan, chain.dose)
        for file in (plan, chain.dose):
            self.assertIn("missing", self.held(file, "quarantined")["reason"])
        self.operator("release", sop_instance_uid(plan), "--reason", "wrong reference")
        self.assert_arrive(plan)
        self.operator("release", sop_instance_uid(chain.dose))
        self.assert_arrive(chain.dose)

    def test_what_was_refused_for_good_is_kept_until_somebody_retries_it(self):
        chain = raystation_chain()
        self.scene([*chain.images, chain.structure_set])
        self.send(chain.dose)
        self.upstream.set(store_status=[{"kind": "dose", "status": 0xC123, "times": 1}])
        self.send(chain.plan)
        self.assertIn("C123H", self.held(chain.dose, "quarantined")["reason"])
        uid = sop_instance_uid(chain.dose)
        self.assertIn("ready", self.operator("retry", uid))
        self.assert_arrive(chain.dose)
        self.assertEqual([(step["from"], step["to"]) for step in self.history(chain.dose)
                          if "operator" in step["by"]], [("quarantined", "ready")])

    def test_without_the_token_nothing_changes(self):
        chain = raystation_chain()
        self.scene()
        self.send(chain.plan)
        uid = sop_instance_uid(chain.plan)
        (self.directory / "token").write_text("of somebody else\n")
        for words in (("release", uid), ("retry", uid), ("discard", uid, "--reason", "why not")):
            refused = self.sluice.operator(*words)
            self.assertEqual(refused.returncode, 1, refused)
            self.assertIn("token", refused.output)
        self.assertEqual(self.held(chain.plan)["missing"][0]["kind"], "structure_set")


if __name__ == "__main__":
    run_cases()
