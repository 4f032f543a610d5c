#!/usr/bin/python3
"""Rules between real peers: what they decide is what happens, and nothing else changes."""
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
import pydicom  # noqa: E402

# DCMTK's storescp serves one association at a time.
QUICK = {"max_associations": 1, "retry": {"first": "100ms", "most": "500ms"}, "breaker": {"probe_every": "200ms"}}


class RulesCase(Case):
    def begin(self, rules, applications=None, **keys):
        """Sluice with these rules before a storescp as PACS, and others by name."""
        self.chain = eclipse_chain()
        self.pacs = self.start(Storescp, name="pacs", aet="PACS")
        self.applications = {"PACS": {"address": self.pacs.address, **QUICK},
                             **(applications or {})}
        self.sluice = self.start(Sluice, sluice_config(
            self.directory, self.applications, rules=rules, token="of this test",
            store={"directory": str(self.directory / "store"), "free_floor": "64MiB"}, **keys),
            aet="PACS")

    def send(self, *files, **how):
        return storescu(self.sluice, files, **how)

    def sends(self, *files, **how):
        outcome = self.send(*files, **how)
        self.assertEqual(outcome.returncode, 0, outcome)
        return outcome

    def matches(self, rule):
        return self.sluice.metric("sluice_rule_matches_total", rule=rule)

    def assert_same(self, files, peer):
        there = peer.files()
        for file in files:
            self.assertEqual(canonical_sha256(there[sop_instance_uid(file)]),
                             canonical_sha256(file), file)


class RulesRefuse(RulesCase):
    def test_what_a_rule_refuses_gets_its_status_and_goes_nowhere_and_the_rest_passes(self):
        self.begin([{"name": "no doses", "when": {"command": "C-STORE", "sop_class": "rt_dose"},
                     "then": {"refuse": {"status": "A900", "comment": "not accepted here"}}}])
        outcome = self.send(self.chain.dose, options=("-R", "-d"))
        self.assertIn("0xa900", outcome.output)
        self.assertIn("not accepted here", outcome.output)
        self.sends(self.chain.plan, *self.chain.images[:3])
        self.assertEqual(len(self.pacs.files()), 4)
        self.assert_same([self.chain.plan, *self.chain.images[:3]], self.pacs)
        self.assertEqual(self.matches("no doses"), 1)

    def test_an_element_deep_in_the_head_decides(self):
        self.begin([{"name": "not that machine",
                     "when": {"command": "C-STORE",
                              "dataset": {"IonBeamSequence.TreatmentMachineName":
                                          self.machine()}},
                     "then": {"refuse": {"status": "C001", "comment": "wrong machine"}}}])
        self.assertIn("0xc001", self.send(self.chain.plan, options=("-R", "-d")).output)
        self.sends(self.chain.structure_set, self.chain.dose, self.chain.images[0])
        self.assert_same([self.chain.structure_set, self.chain.dose, self.chain.images[0]],
                         self.pacs)

    @staticmethod
    def machine():
        return eclipse_chain().machine

    def test_what_is_dropped_is_told_success_and_is_loudly_logged(self):
        self.begin([{"name": "no plans", "when": {"command": "C-STORE", "sop_class": "plan"},
                     "then": {"drop": True}}])
        self.sends(self.chain.plan, self.chain.dose)
        self.assertEqual(set(self.pacs.files()), {sop_instance_uid(self.chain.dose)})
        self.assertIn("dropped by a rule", self.sluice.output())

    def test_a_size_is_known_at_the_end_and_decides_all_the_same(self):
        (small,) = vary(self.image(), self.directory / "small", 1)
        (large,) = vary(self.image(), self.directory / "large", 1, pad_to=3_000_000)
        self.begin([{"name": "not large", "when": {"command": "C-STORE", "size": {"above": "2MiB"}},
                     "then": {"refuse": {"status": "A700", "comment": "too large"}}}])
        self.assertIn("0xa700", self.send(large, options=("-R", "-d")).output)
        self.sends(small)
        self.assertEqual(set(self.pacs.files()), {sop_instance_uid(small)})
        self.assert_same([small], self.pacs)
        self.assertEqual(list((self.directory / "store" / "spool").iterdir()), [])

    @staticmethod
    def image():
        return eclipse_chain().images[0]

    def test_a_limit_keeps_the_others_waiting_and_loses_none(self):
        self.begin([{"name": "slowly", "when": {"command": "C-STORE"},
                     "then": {"limit": {"count": 4, "per": "1s"}}}])
        began = time.monotonic()
        self.sends(*self.chain.images[:10])
        self.assertGreater(time.monotonic() - began, 1.9)
        self.assertEqual(len(self.pacs.files()), 10)


class RulesEdit(RulesCase):
    def assert_edited(self, file, peer, **values):
        there = pydicom.dcmread(peer.files()[sop_instance_uid(file)])
        sent = pydicom.dcmread(file)
        for keyword, value in values.items():
            self.assertEqual(there.get(keyword), value)
            if value is None:
                if keyword in sent:
                    del sent[keyword]
            else:
                setattr(sent, keyword, value)
        self.assertEqual(there, sent)

    def test_heads_are_edited_and_all_else_is_as_it_was(self):
        self.begin([{"name": "say so", "when": {"command": "C-STORE", "calling": "ME"},
                     "then": {"set": {"SeriesDescription": "by Sluice"},
                              "remove": ["ReferringPhysicianName"]}}])
        files = [self.chain.images[0], self.chain.structure_set, self.chain.dose]
        (large,) = vary(self.chain.images[0], self.directory / "large", 1, pad_to=5_000_000)
        self.sends(*files, large)
        for file in (*files, large):
            self.assert_edited(file, self.pacs, SeriesDescription="by Sluice",
                               ReferringPhysicianName=None)

    def test_an_instance_of_which_all_has_to_be_seen_is_edited_in_the_spool(self):
        (large,) = vary(self.chain_image(), self.directory / "large", 1, pad_to=5_000_000)
        data = pydicom.dcmread(large)
        data.private_block(0x0011, "SOMEBODY", create=True).add_new(0x01, "LO", "secret")
        data.save_as(large)
        self.begin([{"name": "no private elements", "when": {"command": "C-STORE"},
                     "then": {"remove_private": True}}])
        self.sends(large)
        there = pydicom.dcmread(self.pacs.files()[sop_instance_uid(large)])
        sent = pydicom.dcmread(large)
        sent.remove_private_tags()
        self.assertEqual(there, sent)
        self.assertEqual(list((self.directory / "store" / "spool").iterdir()), [])

    @staticmethod
    def chain_image():
        return eclipse_chain().images[0]

    def test_what_cannot_be_edited_as_said_is_refused_and_nothing_of_it_arrives(self):
        self.begin([{"name": "cyrillic", "when": {"command": "C-STORE"},
                     "then": {"set": {"SeriesDescription": "Привет"}}}])
        (latin,) = vary(self.chain.images[0], self.directory / "latin", 1,
                        SpecificCharacterSet="ISO_IR 100")
        outcome = self.send(latin, options=("-R", "-d"))
        self.assertIn("0xc000", outcome.output)
        self.assertEqual(self.pacs.files(), {})

    def test_the_keys_of_a_query_are_edited(self):
        archive = self.start(Dcmqrscp, name="archive", aet="ARCHIVE")
        self.begin([{"name": "one patient only", "when": {"command": "C-FIND", "to": "ARCHIVE"},
                     "then": {"set": {"PatientID": "NOBODY"}}}],
                   {"ARCHIVE": {"address": archive.address}})
        self.assertEqual(storescu(archive, self.chain.images[:1]).returncode, 0)
        keys = ["0008,0052=STUDY", "0020,000D", "0010,0020"]
        found = findscu(self.sluice, keys, extract=self.directory / "found", called="ARCHIVE")
        self.assertEqual(found.returncode, 0, found)
        self.assertEqual(list((self.directory / "found").iterdir()), [])
        direct = findscu(archive, keys, extract=self.directory / "direct")
        self.assertEqual(direct.returncode, 0, direct)
        self.assertEqual(len(list((self.directory / "direct").iterdir())), 1)


class RulesRoute(RulesCase):
    def begin_two(self, rules):
        self.other = self.start(Storescp, name="other", aet="OTHER", options=("-d",))
        self.begin(rules, {"OTHER": {"address": self.other.address, **QUICK}})

    def test_an_association_goes_where_a_rule_leads_it_under_titles_of_the_rule(self):
        self.begin_two([{"name": "old name", "when": {"called": "RETIRED"},
                         "then": {"to": "OTHER", "calling": "GATEWAY", "called": "NEWNAME"}}])
        self.sends(self.chain.images[0], called="RETIRED")
        self.assertEqual(set(self.other.files()), {sop_instance_uid(self.chain.images[0])})
        self.assertEqual(self.pacs.files(), {})
        self.assertIn("GATEWAY", self.other.output())
        self.assertIn("NEWNAME", self.other.output())

    def test_each_instance_goes_where_its_head_says(self):
        self.begin_two([{"name": "doses elsewhere",
                         "when": {"command": "C-STORE", "dataset": {"Modality": "RTDOSE"}},
                         "then": {"to": "OTHER"}}])
        self.sends(self.chain.images[0], self.chain.dose, self.chain.plan)
        self.assert_same([self.chain.images[0], self.chain.plan], self.pacs)
        self.assertEqual(set(self.other.files()), {sop_instance_uid(self.chain.dose)})
        self.assert_same([self.chain.dose], self.other)

    def test_a_copy_is_edited_for_itself_and_the_original_is_not(self):
        self.begin_two([{"name": "research gets all",
                         "when": {"command": "C-STORE", "to": "PACS", "sop_class": ["rt_dose",
                                                                                   "ct_image"]},
                         "then": {"copy_to": ["OTHER"]}},
                        {"name": "comment on copies",
                         "when": {"command": "C-STORE", "to": "OTHER"},
                         "then": {"set": {"SeriesDescription": "research copy"}}}])
        self.sends(self.chain.dose, *self.chain.images[:2], self.chain.structure_set)
        files = [self.chain.dose, *self.chain.images[:2]]
        wait_until(lambda: len(self.other.files()) == 3, 60, what="the copies")
        self.assert_same([*files, self.chain.structure_set], self.pacs)
        for file in files:
            copy = pydicom.dcmread(self.other.files()[sop_instance_uid(file)])
            sent = pydicom.dcmread(file)
            sent.SeriesDescription = "research copy"
            self.assertEqual(copy, sent)
        wait_until(lambda: not list((self.directory / "store" / "spool").iterdir()), 30,
                   what="an empty spool")

    def test_copies_outlive_the_process_and_the_absence_of_their_destination(self):
        self.begin_two([{"name": "research gets all", "when": {"command": "C-STORE", "to": "PACS"},
                         "then": {"copy_to": ["OTHER"]}}])
        self.other.stop()
        self.sends(*self.chain.images[:3])
        self.assert_same(self.chain.images[:3], self.pacs)
        self.sluice.kill9()
        self.other.start()
        self.sluice.restart()
        wait_until(lambda: len(self.other.files()) == 3, 60, what="the copies")
        self.assert_same(self.chain.images[:3], self.other)

    def test_what_is_queued_is_durable_at_once_and_sent_when_it_can_be(self):
        self.begin_two([{"name": "queue", "when": {"command": "C-STORE", "to": "OTHER"},
                         "then": {"queue": True}}])
        self.sends(*self.chain.images[:2], called="OTHER")
        wait_until(lambda: len(self.other.files()) == 2, 60, what="what was queued")
        self.other.stop()
        self.sends(*self.chain.images[2:5], called="OTHER")
        self.assertEqual(self.sluice.metric("sluice_queue_instances", destination="OTHER"), 3)
        self.other.start()
        wait_until(lambda: len(self.other.files()) == 5, 60, what="what was queued")
        self.assert_same(self.chain.images[:5], self.other)


class RulesMove(RulesCase):
    def begin_archive(self, rules, **keys):
        self.archive = self.start(Dcmqrscp, name="archive", aet="ARCHIVE",
                                  peers={"SLUICE": (port := free_port())})
        self.other = self.start(Storescp, name="other", aet="OTHER")
        self.begin(rules, {"ARCHIVE": {"address": self.archive.address, **keys},
                           "OTHER": {"address": self.other.address, **QUICK}}, port=port)
        stored = storescu(self.archive, [*self.chain.images[:4], self.chain.dose])
        self.assertEqual(stored.returncode, 0, stored)
        self.study = str(pydicom.dcmread(self.chain.images[0]).StudyInstanceUID)

    def move(self, destination):
        return movescu(self.sluice, destination,
                       ["0008,0052=STUDY", f"0020,000D={self.study}"], called="ARCHIVE")

    def test_a_move_goes_to_what_a_rule_names_in_place_of_its_destination(self):
        self.begin_archive([{"name": "exports to QA go to the PACS and OTHER instead",
                             "when": {"command": "C-MOVE", "destination": "QA"},
                             "then": {"move_to": ["PACS", "OTHER"]}}])
        outcome = self.move("QA")
        self.assertEqual(outcome.returncode, 0, outcome)
        for peer in (self.pacs, self.other):
            self.assertEqual(len(peer.files()), 5)
            self.assert_same([*self.chain.images[:4], self.chain.dose], peer)

    def test_what_a_move_brings_is_edited_and_refused_on_its_way_to_its_destination(self):
        self.begin_archive([{"name": "no doses", "when": {"command": "C-STORE", "to": "OTHER",
                                                          "sop_class": "rt_dose"},
                             "then": {"refuse": {"status": "A900", "comment": "no doses"}}},
                            {"name": "say so", "when": {"command": "C-STORE", "to": "OTHER",
                                                        "destination": "OTHER"},
                             "then": {"set": {"SeriesDescription": "moved"}}}])
        self.move("OTHER")
        self.assertEqual(len(self.other.files()), 4)
        for file in self.chain.images[:4]:
            there = pydicom.dcmread(self.other.files()[sop_instance_uid(file)])
            sent = pydicom.dcmread(file)
            sent.SeriesDescription = "moved"
            self.assertEqual(there, sent)
        self.assertEqual(self.sluice.metric("sluice_move_suboperations_total", destination="OTHER",
                                            outcome="failed"), 1)

    def test_the_level_of_a_query_decides(self):
        self.begin_archive([{"name": "no patients", "when": {"command": "C-FIND",
                                                             "level": "PATIENT"},
                             "then": {"refuse": {"status": "A900", "comment": "study level only"}}}])
        refused = findscu(self.sluice, ["0008,0052=PATIENT", "0010,0020"], options=("-P", "-d"),
                          called="ARCHIVE")
        self.assertIn("0xa900", refused.output.lower())
        found = findscu(self.sluice, ["0008,0052=STUDY", "0020,000D"], called="ARCHIVE",
                        extract=self.directory / "found")
        self.assertEqual(len(list((self.directory / "found").iterdir())), 1, found)

    def test_answers_name_the_retrieve_ae_title_of_a_rule(self):
        self.begin_archive([{"name": "retrieve from us", "when": {"command": "C-FIND"},
                             "then": {"retrieve_ae_title": "GATEWAY"}}])
        found = findscu(self.sluice, ["0008,0052=STUDY", "0020,000D", "0008,0054"],
                        called="ARCHIVE", extract=self.directory / "found")
        (answer,) = (self.directory / "found").iterdir()
        self.assertEqual(pydicom.dcmread(answer, force=True).RetrieveAETitle, "GATEWAY", found)


class RulesHold(RulesCase):
    def begin_aria(self, rules, **keys):
        self.aria = self.start(FaultyPeer, aet="VMSDBD", switches={"missing": "orphan"})
        self.begin(rules, {"VMSDBD": {"address": self.aria.address, "profile": "aria",
                                      "existence": {"first": "100ms", "most": "500ms"},
                                      "decide_within": "500ms", **QUICK, **keys}})
        self.sluice.aet = "VMSDBD"

    def test_what_a_rule_does_not_hold_goes_at_once_and_the_rest_waits(self):
        self.begin_aria([{"name": "physics may", "when": {"command": "C-STORE", "calling": "QA"},
                          "then": {"hold": "off"}}])
        self.sends(self.chain.dose, calling="ME")
        self.assertEqual(self.aria.arrivals(), [])
        (held,) = self.sluice.held()
        self.assertEqual(held["state"], "waiting")

    def test_a_rule_shortens_how_long_one_client_waits_and_says_what_then(self):
        self.begin_aria([{"name": "impatient", "when": {"command": "C-STORE", "calling": "ME"},
                          "then": {"hold": {"warn_after": "100ms", "at_most": "300ms",
                                            "then": "send"}}}])
        self.sends(self.chain.dose)
        wait_until(lambda: self.aria.arrivals() == [sop_instance_uid(self.chain.dose)], 60,
                   what="the dose, late but alone")

    def test_a_rule_refuses_for_one_client_what_would_have_to_wait(self):
        self.begin_aria([{"name": "no waiting", "when": {"command": "C-STORE", "sop_class": "plan"},
                          "then": {"acknowledge": "refuse"}}])
        self.assertIn("0xa700", self.send(self.chain.plan, options=("-R", "-d")).output)
        self.sends(self.chain.dose)
        self.assertEqual([one["kind"] for one in self.sluice.held()], ["dose"])

    def test_no_plan_is_edited_on_its_way_where_two_rules_meet_that_nobody_meant_to(self):
        self.begin_aria([{"name": "all to Aria", "when": {"calling": "ME"},
                          "then": {"to": "VMSDBD"}},
                         {"name": "mark what leaves", "when": {"command": "C-STORE"},
                          "then": {"to": "PACS", "set": {"RTPlanDescription": "a copy"}}}])
        outcome = self.send(self.chain.plan, options=("-R", "-d"))
        self.assertIn("0xc000", outcome.output)
        self.assertIn("needs clinical_edit on the way to VMSDBD", self.sluice.output())
        self.assertEqual(self.aria.arrivals(), [])
        self.assertEqual(self.sluice.held(), [])

    def test_observed_rules_change_nothing_and_are_counted(self):
        self.begin_aria([{"name": "no doses", "when": {"command": "C-STORE", "sop_class": "dose"},
                          "then": {"refuse": {"status": "A900", "comment": "no doses"}}}],
                        mode="observe")
        self.sends(self.chain.dose)
        self.assertEqual(self.aria.arrivals(), [sop_instance_uid(self.chain.dose)])
        self.assertEqual(self.sluice.metric("sluice_observed_actions_total", action="refuse"), 1)


class RulesReload(RulesCase):
    def test_new_associations_obey_new_rules_and_a_faulty_file_changes_nothing(self):
        rule = {"name": "no plans", "when": {"command": "C-STORE", "sop_class": "plan"},
                "then": {"refuse": {"status": "A900", "comment": "first"}}}
        self.begin([rule])
        config = pathlib.Path(self.sluice.config.path)
        good = config.read_text()
        config.write_text(good.replace('"refuse"', '"refuze"'))
        reloaded = self.sluice.operator("reload")
        self.assertEqual(reloaded.returncode, 1)
        self.assertIn("refuze", reloaded.output)
        self.assertIn("0xa900", self.send(self.chain.plan, options=("-R", "-d")).output)
        config.write_text(good.replace('"plan"', '"rt_dose"'))
        self.assertEqual(self.sluice.operator("reload").returncode, 0)
        self.sends(self.chain.plan)
        self.assertIn("0xa900", self.send(self.chain.dose, options=("-R", "-d")).output)
        self.assertEqual(self.sluice.metric("sluice_config_last_reload_success"), 1)


if __name__ == "__main__":
    run_cases()
