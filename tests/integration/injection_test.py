#!/usr/bin/python3
"""The order of injection on real chains: sent in the wrong order, arriving in the right one."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403

# So that a test waits for Sluice and not for a schedule made for hospitals.
QUICK = {"existence": {"first": "100ms", "most": "500ms"}, "decide_within": "500ms",
         "retry": {"first": "100ms", "most": "500ms"}}
TO_ARIA = "DCMTK"


class Injection(Case):
    """Orthanc as VMSDBD: trusts SLUICE alone and refuses what misses its references."""

    def begin(self, chain, **more):
        self.sluice_port = free_port()
        self.aria = self.start(OrthancAria, peers={"SLUICE": self.sluice_port},
                               machines=[chain.machine])
        vmsdbd = {"address": self.aria.address, "profile": "aria", "machines": [chain.machine],
                  **QUICK, **more}
        config = sluice_config(self.directory, {"VMSDBD": vmsdbd}, port=self.sluice_port,
                               clients=[{"ae_title": TO_ARIA, "from": "127.0.0.1"}],
                               store={"directory": str(self.directory / "store"),
                                      "free_floor": "64MiB"})
        self.sluice = self.start(Sluice, config)

    def send(self, *files):
        outcome = storescu(self.sluice, files, calling=TO_ARIA)
        self.assertEqual(outcome.returncode, 0, outcome)

    def wait_for(self, files):
        wanted = {sop_instance_uid(file) for file in files}
        wait_until(lambda: wanted <= set(self.aria.instances()), 90,
                   f"{len(wanted)} instances upstream; held: {self.sluice.held()}")

    def assert_same(self, files):
        arrived = self.aria.files()
        for file in files:
            self.assertEqual(canonical_sha256(arrived[sop_instance_uid(file)]),
                             canonical_sha256(file), file)

    def assert_order(self, chain):
        kinds = [line["kind"] for line in self.aria.journal()]
        self.assertEqual([kind for kind in kinds if kind != "image"],
                         ["structure_set", "plan", "dose"])
        self.assertEqual(kinds[:len(chain.images)], ["image"] * len(chain.images))
        self.assertEqual({line["status"] for line in self.aria.journal()}, {0})

    def inject_in_reverse(self, chain):
        self.begin(chain)
        self.send(chain.dose)
        self.send(chain.plan)
        self.send(chain.structure_set)
        held = self.sluice.held()
        self.assertEqual({one["kind"] for one in held}, {"dose", "plan", "structure_set"})
        self.assertEqual({one["state"] for one in held}, {"waiting"})
        missing = {one["kind"]: one["missing"] for one in held}
        self.assertEqual([one["uid"] for one in missing["dose"]], [sop_instance_uid(chain.plan)])
        self.assertEqual([one["uid"] for one in missing["plan"]],
                         [sop_instance_uid(chain.structure_set)])
        self.assertEqual(self.aria.instances(), {})
        self.send(*chain.images)
        everything = [*chain.images, chain.structure_set, chain.plan, chain.dose]
        self.wait_for(everything)
        wait_until(lambda: not self.sluice.held(), 30, "nothing to be held")
        self.assert_order(chain)
        self.assert_same(everything)

    def test_an_eclipse_chain_sent_backwards_arrives_in_order(self):
        self.inject_in_reverse(eclipse_chain())

    def test_a_raystation_chain_sent_backwards_arrives_in_order(self):
        self.inject_in_reverse(raystation_chain())


class InjectionCrash(Injection):
    """What was acknowledged survives kill -9."""

    def test_three_held_instances_are_delivered_after_kill_9_and_a_restart(self):
        chain = raystation_chain()
        self.begin(chain)
        self.send(chain.dose)
        self.send(chain.plan)
        self.send(chain.structure_set)
        self.assertEqual(len(self.sluice.held()), 3)
        self.sluice.kill9()
        self.sluice.restart()
        self.assertEqual({one["kind"] for one in self.sluice.held()},
                         {"dose", "plan", "structure_set"})
        self.send(*chain.images)
        everything = [*chain.images, chain.structure_set, chain.plan, chain.dose]
        self.wait_for(everything)
        self.assert_order(chain)
        self.assert_same(everything)

    # Run once, by the class above.
    test_an_eclipse_chain_sent_backwards_arrives_in_order = None
    test_a_raystation_chain_sent_backwards_arrives_in_order = None


class InjectionMachine(Injection):
    """The treatment machine is a precondition."""

    def test_a_plan_for_an_unknown_machine_is_kept_with_its_reason(self):
        chain = raystation_chain()
        self.begin(chain._replace(machine="EDGE"))
        self.send(chain.plan)
        (held,) = self.sluice.held()
        self.assertEqual((held["state"], held["kind"]), ("quarantined", "plan"))
        self.assertIn(chain.machine, held["reason"])
        self.assertIn("EDGE", held["reason"])
        self.assertEqual(self.aria.instances(), {})

    test_an_eclipse_chain_sent_backwards_arrives_in_order = None
    test_a_raystation_chain_sent_backwards_arrives_in_order = None


if __name__ == "__main__":
    run_cases()
