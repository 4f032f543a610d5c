#!/usr/bin/python3
"""Rules where a peer does what no tool does, and where an order must hold."""
import datetime
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from harness.raw_case import C_ECHO, C_FIND, FIND, RELEASE_RP, SUCCESS, RawCase  # noqa: E402
from harness import wire  # noqa: E402
import pydicom  # noqa: E402


class RulesByHand(RawCase):
    def begin_with(self, rules, behave):
        self.upstream = self.listen(behave)
        config = sluice_config(
            self.directory, {"VMSDBD": {"address": self.upstream.address}}, rules=rules,
            store={"directory": str(self.directory / "store"), "free_floor": "16MiB"})
        self.sluice = self.start(Sluice, config)

    def test_a_request_without_a_data_set_is_sent_once_and_no_edit_makes_it_one(self):
        seen = []

        def behave(leg):
            leg.accept()
            while isinstance(message := leg.next(), wire.Message):
                seen.append(message.field)
                leg.send(message.answer(SUCCESS))
            leg.send(RELEASE_RP)

        self.begin_with([{"name": "latin is not enough", "when": {"calling": "ME"},
                          "then": {"character_set": "ISO_IR 192",
                                   "set": {"PatientComments": "by a rule"}}}], behave)
        client = self.connect()
        client.send(wire.command(FIND, C_FIND, wire.FIND, 7, False))
        self.assert_answered(client, C_FIND, 7)
        self.assert_echoed(client, 8)
        client.release()
        self.assertEqual(seen, [C_FIND, C_ECHO])


class RulesInOrder(Case):
    def test_what_comes_later_in_a_series_stays_behind_what_a_rule_has_queued(self):
        pacs = self.start(Storescp, name="pacs", aet="PACS")
        now = datetime.datetime.now()
        window = "-".join((now + datetime.timedelta(hours=hours)).strftime("%H:%M")
                          for hours in (6, 8))
        slices = vary(eclipse_chain().images[0], self.directory / "slices", 4)
        self.sluice = self.start(Sluice, sluice_config(
            self.directory, {"PACS": {"address": pacs.address, "max_associations": 1,
                                      "retry": {"first": "100ms", "most": "500ms"}}},
            token="of this test", store={"directory": str(self.directory / "store"),
                                         "free_floor": "64MiB"},
            rules=[{"name": "later", "when": {"command": "C-STORE",
                                              "dataset": {"InstanceNumber": 2}},
                    "then": {"queue": {"window": window}}}]), aet="PACS")
        sent = storescu(self.sluice, slices)
        self.assertEqual(sent.returncode, 0, sent)
        self.assertEqual(set(pacs.files()), {sop_instance_uid(slices[0])})
        self.assertEqual(self.sluice.metric("sluice_queue_instances", destination="PACS"), 3)
        retried = self.sluice.operator("retry", sop_instance_uid(slices[1]))
        self.assertEqual(retried.returncode, 0, retried)
        wait_until(lambda: len(pacs.files()) == 4, 60, what="the rest of the series")
        arrived = sorted(pacs.files().values(), key=lambda path: path.stat().st_mtime_ns)
        self.assertEqual([int(pydicom.dcmread(path).InstanceNumber) for path in arrived],
                         [1, 2, 3, 4])


if __name__ == "__main__":
    run_cases()
