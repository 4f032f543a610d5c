#!/usr/bin/python3
"""`sluice explain`: what it says, word for word, and that the running Sluice does the same."""
import json
import os
import pathlib
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from harness.files import machine_of  # noqa: E402
import pydicom  # noqa: E402

RULES = [
    {"name": "old name", "when": {"called": "RETIRED"},
     "then": {"to": "PACS", "calling": "GATEWAY"}},
    {"name": "comment", "when": {"command": "C-STORE", "to": "PACS", "sop_class": "rt"},
     "then": {"set": {"SeriesDescription": "by Sluice"}, "remove": ["StudyDescription"],
              "priority": "high"}},
    {"name": "another",
     "when": {"command": "C-STORE", "to": "PACS", "dataset": {"Modality": "RT*"}},
     "then": {"set": {"SeriesDescription": "never"}, "limit": {"count": 4, "per": "1s"}}},
    {"name": "physics", "when": {"command": "C-STORE", "calling": "QA"},
     "then": {"copy_to": ["RESEARCH"], "hold": "off"}, "last": True},
    {"name": "large", "when": {"command": "C-STORE", "size": {"above": "2MiB"}},
     "then": {"refuse": {"status": "A700", "comment": "too large"}}},
    {"name": "exports", "when": {"command": "C-MOVE", "destination": "EXPORT"},
     "then": {"move_to": ["PACS", "RESEARCH"]}},
    {"name": "studies only", "when": {"command": "C-FIND", "level": "PATIENT"},
     "then": {"refuse": {"status": "A900", "comment": "study level only"}}}]


class ExplainCase(Case):
    def write(self, rules=(), **of_aria):
        """The same applications for every test; nothing listens anywhere."""
        keys = {"rules": list(rules)} if rules else {}
        config = sluice_config(self.directory, {
            "VMSDBD": {"address": "10.1.0.4:51402", "profile": "aria", "machines": ["TR3"],
                       **of_aria},
            "PACS": {"address": "10.1.0.20:104"}, "RESEARCH": {"address": "10.1.0.30:104"}},
            [{"ae_title": ["ME", "QA"], "from": "10.1.0.0/24"},
             {"ae_title": "READER", "from": "10.1.0.9", "may": ["find"], "receives_on": 11112}],
            port=51402, **keys)
        self.path = pathlib.Path(config.path)

    def run_explain(self, *words):
        return run_tool([os.environ["SLUICE"], "explain", "--config", self.path, *words])

    def explain(self, *words, calling="ME", called="VMSDBD"):
        outcome = self.run_explain("--calling", calling, "--called", called, *words)
        self.assertEqual(outcome.returncode, 0, outcome)
        return outcome.output

    def as_written(self, text):
        """Without the directories of this run."""
        return text.replace(f"{self.path.parent}/", "").replace(str(TEST_DATA), "DATA")

    def assert_says(self, text, *words, **how):
        self.assertEqual(self.as_written(self.explain(*words, **how)), text)

    def assert_fails(self, text, *words, calling="ME", called="VMSDBD"):
        outcome = self.run_explain("--calling", calling, "--called", called, *words)
        self.assertEqual(self.as_written(outcome.output), text)
        self.assertEqual(outcome.returncode, 1)


class Explain(ExplainCase):
    def setUp(self):
        super().setUp()
        self.chain = eclipse_chain()

    def test_a_plan_is_told_what_it_would_wait_for_and_until_when(self):
        self.write()
        self.assert_says("""\
request     C-STORE
caller      ME calls VMSDBD from 10.1.0.0 (none was given), at *:51402
client      ME (sluice.yaml:9)
application VMSDBD 10.1.0.4:51402 (sluice.yaml:5)
upstream    as SLUICE to VMSDBD, profile aria, mode enforce

file        DATA/varian-eclipse-proton-headphantom/RN.dcm
instance    RT Ion Plan Storage 1.2.246.352.71.5.37402163639.265919.20240227185649, plan
decision    held for VMSDBD 10.1.0.4:51402 until what it requires exists there
machine     "TR3" is known
requires    structure_set 1.2.246.352.71.4.37402163639.119695.20240227185700: absent where the geometry is TREATMENT_DEVICE
notes       plan 1.2.246.352.71.5.37402163639.240770.20231013150445: VERIFIED_PLAN
deadline    a notice after 30m, then at 7d: quarantined
answer      0000H once it is durable here
            VMSDBD is asked when it comes: what exists there already is not waited for
""", self.chain.plan)

    def test_edits_are_told_as_they_change_the_file_and_who_lost_to_whom(self):
        self.write(RULES)
        self.assert_says("""\
request     C-STORE
caller      ME calls RETIRED from 10.1.0.0 (none was given), at *:51402
client      ME (sluice.yaml:9)
application PACS 10.1.0.20:104 (sluice.yaml:6) by rule "old name" (sluice.yaml:13)
upstream    as GATEWAY by rule "old name" (sluice.yaml:13) to PACS, mode enforce

file        DATA/varian-eclipse-proton-headphantom/RN.dcm
instance    RT Ion Plan Storage 1.2.246.352.71.5.37402163639.265919.20240227185649, plan
rules       1 "old name" (sluice.yaml:13): matches; to: PACS; calling: GATEWAY
            2 "comment" (sluice.yaml:14): matches; set SeriesDescription; remove StudyDescription; priority: high
            3 "another" (sluice.yaml:15): matches; limit: at most 4 in 1s; edit was decided by rule "comment" (sluice.yaml:14)
            4 "physics" (sluice.yaml:16): does not match: calling is ME, not QA
            5 "large" (sluice.yaml:17): does not match: the data set has 106630 bytes, not more than 2097152
            6 "exports" (sluice.yaml:18): does not match: command is C-STORE, not C-MOVE
            7 "studies only" (sluice.yaml:19): does not match: command is C-STORE, not C-FIND
decision    relayed to PACS 10.1.0.20:104
priority    high
edits       set SeriesDescription, by rule "comment" (sluice.yaml:14)
            remove StudyDescription, by rule "comment" (sluice.yaml:14)
              StudyDescription  "RT^TB_Cerebrum (Adult)" -> absent
              SeriesDescription  "Brain_fin2" -> "by Sluice"
limit       at most 4 in 1s, by rule "another" (sluice.yaml:15); more wait for their turn
""", self.chain.plan, called="RETIRED")

    def test_a_copy_and_the_last_rule_are_told_and_what_is_not_read_below_it(self):
        self.write(RULES)
        self.assert_says("""\
request     C-STORE
caller      QA calls VMSDBD from 10.1.0.7, at *:51402
client      ME (sluice.yaml:9)
application VMSDBD 10.1.0.4:51402 (sluice.yaml:5)
upstream    as SLUICE to VMSDBD, profile aria, mode enforce

file        DATA/varian-eclipse-proton-headphantom/RD.synthesised.dcm
instance    RT Dose Storage 1.2.246.352.71.7.37402163639.2864312.20240227185700, dose
rules       1 "old name" (sluice.yaml:13): does not match: called is VMSDBD, not RETIRED
            2 "comment" (sluice.yaml:14): does not match: it goes to VMSDBD, not PACS
            3 "another" (sluice.yaml:15): does not match: it goes to VMSDBD, not PACS
            4 "physics" (sluice.yaml:16): matches; copy_to: RESEARCH; hold: off
            5 "large" (sluice.yaml:17): not read: a rule above it is the last
            6 "exports" (sluice.yaml:18): not read: a rule above it is the last
            7 "studies only" (sluice.yaml:19): not read: a rule above it is the last
decision    relayed to VMSDBD 10.1.0.4:51402
notes       plan 1.2.246.352.71.5.37402163639.265919.20240227185649: without it Aria keeps the dose as an orphan
copy        queued for RESEARCH 10.1.0.30:104
""", "--from", "10.1.0.7", self.chain.dose, calling="QA")

    def test_without_a_file_what_it_would_decide_is_open(self):
        self.write(RULES)
        self.assert_says("""\
request     C-STORE
caller      ME calls VMSDBD from 10.1.0.0 (none was given), at *:51402
client      ME (sluice.yaml:9)
application VMSDBD 10.1.0.4:51402 (sluice.yaml:5)
upstream    as SLUICE to VMSDBD, profile aria, mode enforce

rules       1 "old name" (sluice.yaml:13): does not match: called is VMSDBD, not RETIRED
            2 "comment" (sluice.yaml:14): does not match: it goes to VMSDBD, not PACS
            3 "another" (sluice.yaml:15): does not match: it goes to VMSDBD, not PACS
            4 "physics" (sluice.yaml:16): does not match: calling is ME, not QA
            5 "large" (sluice.yaml:17): open: the size is not known yet
            6 "exports" (sluice.yaml:18): does not match: command is C-STORE, not C-MOVE
            7 "studies only" (sluice.yaml:19): does not match: command is C-STORE, not C-FIND
decision    not settled: it depends on the instance
            rules that are open above may still decide: outcome
""")

    def test_without_a_file_its_sop_class_is_not_known_either(self):
        self.write(RULES)
        self.assertIn('2 "comment" (sluice.yaml:14): open: sop_class is not known yet',
                      self.as_written(self.explain(called="PACS")))

    def test_who_is_rejected_gets_the_words_of_the_log(self):
        self.write()
        self.assert_says("""\
request     C-STORE
caller      MEE calls VMSDBD from 127.0.0.1 (none was given), at *:51402
decision    the association is rejected: permanent, service user: calling AE title not recognized (1/1/3)
            calling AE title "MEE" from 127.0.0.1 is not configured; the nearest configured one is "ME"; correct it at the caller or add it to clients
""", calling="MEE")
        self.assert_says("""\
request     C-STORE
caller      ME calls VMSDB from 10.2.0.1, at *:51402
decision    the association is rejected: permanent, service user: calling AE title not recognized (1/1/3)
            client "ME" may call from 10.1.0.0/24, not from 10.2.0.1; if it is meant to, add that to its from
""", "--from", "10.2.0.1", called="VMSDB")

    def test_where_a_move_goes_is_told_with_the_nearest_name_of_what_there_is_not(self):
        self.write(RULES)
        self.assert_says("""\
request     C-MOVE to EXPORT
caller      ME calls PACS from 10.1.0.0 (none was given), at *:51402
client      ME (sluice.yaml:9)
application PACS 10.1.0.20:104 (sluice.yaml:6)
upstream    as ME to PACS, mode enforce

rules       1 "old name" (sluice.yaml:13): does not match: called is PACS, not RETIRED
            2 "comment" (sluice.yaml:14): does not match: command is C-MOVE, not C-STORE
            3 "another" (sluice.yaml:15): does not match: command is C-MOVE, not C-STORE
            4 "physics" (sluice.yaml:16): does not match: calling is ME, not QA
            5 "large" (sluice.yaml:17): does not match: command is C-MOVE, not C-STORE
            6 "exports" (sluice.yaml:18): matches; move_to: PACS, RESEARCH
            7 "studies only" (sluice.yaml:19): does not match: command is C-MOVE, not C-FIND
decision    carried to PACS 10.1.0.20:104, RESEARCH 10.1.0.30:104
""", "--destination", "EXPORT", called="PACS")
        self.write()
        self.assert_says("""\
request     C-MOVE to READR
caller      ME calls PACS from 10.1.0.0 (none was given), at *:51402
client      ME (sluice.yaml:9)
application PACS 10.1.0.20:104 (sluice.yaml:6)
upstream    as ME to PACS, mode enforce

decision    forwarded: PACS sends to READR itself
            no application and no client that receives has the title "READR"; the nearest is "READER"
""", "--destination", "READR", called="PACS")

    def test_the_level_of_a_query_is_enough_for_a_rule_that_asks_for_it_alone(self):
        self.write(RULES)
        self.assert_says("""\
request     C-FIND at level PATIENT
caller      ME calls PACS from 10.1.0.0 (none was given), at *:51402
client      ME (sluice.yaml:9)
application PACS 10.1.0.20:104 (sluice.yaml:6)
upstream    as ME to PACS, mode enforce

rules       1 "old name" (sluice.yaml:13): does not match: called is PACS, not RETIRED
            2 "comment" (sluice.yaml:14): does not match: command is C-FIND, not C-STORE
            3 "another" (sluice.yaml:15): does not match: command is C-FIND, not C-STORE
            4 "physics" (sluice.yaml:16): does not match: calling is ME, not QA
            5 "large" (sluice.yaml:17): does not match: command is C-FIND, not C-STORE
            6 "exports" (sluice.yaml:18): does not match: command is C-FIND, not C-MOVE
            7 "studies only" (sluice.yaml:19): matches; refuse: A900H "study level only"
decision    refused with A900H "study level only"
            by rule "studies only" (sluice.yaml:19)
""", "--command", "C-FIND", "--level", "PATIENT", called="PACS")

    def test_where_it_is_only_observed_both_are_told_what_is_done_and_what_would_be(self):
        self.write(machines=["OTHER"], mode="observe")
        self.assert_says("""\
request     C-STORE
caller      ME calls VMSDBD from 10.1.0.0 (none was given), at *:51402
client      ME (sluice.yaml:9)
application VMSDBD 10.1.0.4:51402 (sluice.yaml:5)
upstream    as SLUICE to VMSDBD, profile aria, mode observe

file        DATA/varian-eclipse-proton-headphantom/RN.dcm
instance    RT Ion Plan Storage 1.2.246.352.71.5.37402163639.265919.20240227185649, plan
decision    relayed to VMSDBD 10.1.0.4:51402
would be    quarantined: it goes to VMSDBD only if a person says so (mode: enforce)
            treatment machine "TR3" is not known to VMSDBD; known: OTHER
machine     "TR3" is not known
requires    structure_set 1.2.246.352.71.4.37402163639.119695.20240227185700: absent where the geometry is TREATMENT_DEVICE
notes       plan 1.2.246.352.71.5.37402163639.240770.20231013150445: VERIFIED_PLAN
""", self.chain.plan)

    def test_a_sub_operation_and_what_a_client_may_not_do_are_told(self):
        self.write()
        self.assert_says("""\
request     C-STORE to VMSDBD
caller      PACS calls SLUICE from 10.1.0.20 (none was given), at *:51402
application PACS 10.1.0.20:104 (sluice.yaml:6): brings sub-operations of C-MOVEs

file        DATA/varian-eclipse-proton-headphantom/RD.synthesised.dcm
instance    RT Dose Storage 1.2.246.352.71.7.37402163639.2864312.20240227185700, dose
decision    held for VMSDBD 10.1.0.4:51402 until what it requires exists there
            answered B000H: it is kept here, and has not reached its destination
requires    plan 1.2.246.352.71.5.37402163639.265919.20240227185649: without it Aria keeps the dose as an orphan
deadline    a notice after 30m, then at 7d: quarantined
            VMSDBD is asked when it comes: what exists there already is not waited for
""", "--destination", "VMSDBD", self.chain.dose,
                         calling="PACS", called="SLUICE")
        self.assert_says("""\
request     C-STORE
caller      READER calls PACS from 10.1.0.9 (none was given), at *:51402
client      READER (sluice.yaml:10)
application PACS 10.1.0.20:104 (sluice.yaml:6)
upstream    as READER to PACS, mode enforce

file        DATA/varian-eclipse-proton-headphantom/RD.synthesised.dcm
instance    RT Dose Storage 1.2.246.352.71.7.37402163639.2864312.20240227185700, dose
decision    refused with 0124H "C-STORE is not permitted to this AE title"
            its presentation context is not accepted, so it cannot even be sent
""", self.chain.dose, calling="READER", called="PACS")

    def test_a_folder_is_one_line_for_each_file_and_the_order_and_what_is_no_dicom(self):
        folder = self.directory / "patient"
        (folder / "images").mkdir(parents=True)
        for file in (TEST_DATA / "monaco-struct-box").glob("*.dcm"):
            shutil.copy(file, folder / ("images" if file.name.startswith("CT") else ""))
        plan, dose = sorted((TEST_DATA / "pinnacle-plan-dose-no-struct").glob("*.dcm"))
        shutil.copy(plan, folder / "plan.dcm")
        shutil.copy(dose, folder / "dose.dcm")
        (folder / "notes.txt").write_text("no DICOM")
        self.write(machines=[machine_of(plan)])
        self.assert_says("""\
request     C-STORE
caller      ME calls VMSDBD from 10.1.0.0 (none was given), at *:51402
client      ME (sluice.yaml:9)
application VMSDBD 10.1.0.4:51402 (sluice.yaml:5)
upstream    as SLUICE to VMSDBD, profile aria, mode enforce

folder      patient: 8 instances
            RS.dcm  structure_set  held VMSDBD: waits for 5 images
            dose.dcm  dose  held VMSDBD: waits for 1 plan
            images/CT.synth.001.dcm  image  relayed VMSDBD
            images/CT.synth.002.dcm  image  relayed VMSDBD
            images/CT.synth.003.dcm  image  relayed VMSDBD
            images/CT.synth.004.dcm  image  relayed VMSDBD
            images/CT.synth.005.dcm  image  relayed VMSDBD
            plan.dcm  plan  relayed VMSDBD
skipped     patient/notes.txt: no DICOM Part 10 file: it has no preamble with DICM

order       in which they would be sent:
            1-5 images of one series, CT.synth.001.dcm to CT.synth.005.dcm
            6 structure_set RS.dcm
            7 plan plan.dcm
            8 dose dose.dcm
""", folder)
        explained = json.loads(self.explain("--json", folder))
        kinds = {one["sop_instance_uid"]: one["kind"] for one in explained["messages"]}
        self.assertEqual([kinds[uid] for uid in explained["order"]],
                         5 * ["image"] + ["structure_set", "plan", "dose"])
        self.assertEqual([one["file"] for one in explained["skipped"]],
                         [str(folder / "notes.txt")])

    def test_the_keys_for_programs_are_these(self):
        self.write(RULES)
        explained = json.loads(self.explain("--json", self.chain.dose))
        self.assertEqual(list(explained), ["request", "caller", "messages", "order", "skipped"])
        (message,) = explained["messages"]
        self.assertEqual(list(message), ["file", "sop_class_uid", "sop_instance_uid", "kind",
                                         "rules", "end", "copies", "limits"])
        self.assertEqual(message["rules"][3], {
            "rule": "physics", "place": f"{self.path}:16", "matches": "no",
            "why": "calling is ME, not QA", "decides": [], "lost": []})
        end = message["end"]
        self.assertEqual((end["outcome"], end["application"]), ("held", "VMSDBD"))
        required = {one["uid"] for one in end["hold"]["references"] if one["required"]}
        self.assertEqual(required, {sop_instance_uid(self.chain.plan)})
        self.assertEqual(end["hold"]["acknowledge"], {"wait": "0s", "then": "durable"})

    def test_what_cannot_be_asked_is_said_in_one_line(self):
        self.write()
        self.assert_fails("sluice: command C-STOR is none; did you mean C-STORE?\n",
                          "--command", "C-STOR")
        self.assert_fails("sluice: level SERIE is none; did you mean SERIES?\n",
                          "--command", "C-FIND", "--level", "SERIE")
        self.assert_fails("sluice: a C-MOVE has a destination: say which by --destination\n",
                          "--command", "C-MOVE")
        self.assert_fails('sluice: --from: "here" is no numeric address\n', "--from", "here")
        self.assert_fails("sluice: --listener: there is no listener 104; there are 51402\n",
                          "--listener", "104")
        self.assert_fails("sluice: cannot open none.dcm: No such file or directory\n",
                          self.directory / "none.dcm")
        self.assert_fails("sluice: sluice.yaml: no DICOM Part 10 file: it has no preamble with "
                          "DICM\n", self.path)
        self.path.write_text("ae_title: SLUICE\nlisten: [{prot: 104}]\n")
        outcome = self.run_explain("--calling", "ME", "--called", "VMSDBD")
        self.assertEqual(outcome.returncode, 1)
        self.assertIn('unknown key "prot"', outcome.output)
        self.assertIn("applications", outcome.output)


class ExplainAgrees(ExplainCase):
    """What is explained is what then happens, for requests of every kind."""

    RULES = [
        {"name": "old name", "when": {"called": "RETIRED"},
         "then": {"to": "OTHER", "calling": "GATEWAY"}},
        {"name": "no doses", "when": {"command": "C-STORE", "to": "PACS", "sop_class": "rt_dose"},
         "then": {"refuse": {"status": "A900", "comment": "no doses here"}}},
        {"name": "plans elsewhere",
         "when": {"command": "C-STORE", "to": "PACS", "dataset": {"Modality": "RTPLAN"}},
         "then": {"to": "OTHER"}},
        {"name": "no contours", "when": {"command": "C-STORE", "to": "PACS",
                                         "sop_class": "structure_set"},
         "then": {"drop": True}},
        {"name": "say so", "when": {"command": "C-STORE", "to": "PACS", "sop_class": "ct_image"},
         "then": {"set": {"SeriesDescription": "by Sluice"}, "remove": ["StudyDescription"]}},
        {"name": "copies", "when": {"command": "C-STORE", "to": "PACS", "calling": "RESEARCH"},
         "then": {"copy_to": ["OTHER"]}},
        {"name": "physics may", "when": {"command": "C-STORE", "to": "VMSDBD", "calling": "QA"},
         "then": {"hold": "off"}},
        {"name": "no waiting", "when": {"command": "C-STORE", "to": "VMSDBD",
                                        "calling": "IMPATIENT"},
         "then": {"acknowledge": "refuse"}},
        {"name": "later", "when": {"command": "C-STORE", "to": "OTHER", "calling": "NIGHT"},
         "then": {"queue": True}},
        {"name": "study level only", "when": {"command": "C-FIND", "level": "PATIENT"},
         "then": {"refuse": {"status": "A900", "comment": "study level only"}}},
        {"name": "exports", "when": {"command": "C-MOVE", "destination": "QA"},
         "then": {"move_to": ["OTHER"]}},
    ]

    def setUp(self):
        super().setUp()
        quick = {"retry": {"first": "100ms", "most": "500ms"}}
        self.aria = self.start(FaultyPeer, aet="VMSDBD", switches={"missing": "orphan"})
        self.pacs = self.start(Storescp, name="pacs", aet="PACS")
        self.other = self.start(Storescp, name="other", aet="OTHER")
        self.archive = self.start(Dcmqrscp, name="archive", aet="ARCHIVE",
                                  peers={"SLUICE": (port := free_port())})
        self.sluice = self.start(Sluice, sluice_config(
            self.directory,
            {"VMSDBD": {"address": self.aria.address, "profile": "aria", "machines": ["TR3"],
                        "decide_within": "300ms", **quick},
             "PACS": {"address": self.pacs.address, **quick},
             "OTHER": {"address": self.other.address, **quick},
             "ARCHIVE": {"address": self.archive.address, **quick}},
            [{"ae_title": ["ME", "QA", "RESEARCH", "IMPATIENT", "NIGHT"], "from": "127.0.0.1"}],
            port=port, rules=self.RULES))
        self.path = pathlib.Path(self.sluice.config.path)
        self.chain = eclipse_chain()

    def explained(self, *words, **how):
        return json.loads(self.explain("--from", "127.0.0.1", "--json", *words, **how))

    def where(self, uid):
        """The applications that have it, with the states in which Sluice holds it."""
        there = {name for name, peer in (("PACS", self.pacs), ("OTHER", self.other))
                 if uid in peer.files()}
        if uid in self.aria.arrivals():
            there.add("VMSDBD")
        return there, [one["state"] for one in self.sluice.held()
                       if one["sop_instance_uid"] == uid]

    # What an end says: the status of the answer, who gets it in the end, what is held.
    GOES = {"relayed": (0x0000, True, []), "queued": (0x0000, True, []),
            "held": (0x0000, False, ["waiting"]), "quarantined": (0x0000, False, ["quarantined"]),
            "dropped": (0x0000, False, [])}

    def expected(self, message):
        end = message["end"]
        if end["outcome"] == "refused":
            status, goes, held = int(end["status"][:4], 16), False, []
        else:
            status, goes, held = self.GOES[end["outcome"]]
        there = {end["application"]} if goes else set()
        return status, there | {one["application"] for one in message["copies"]}, held

    def assert_store_agrees(self, outcome, file, number, calling="ME", called="PACS", **elements):
        (file,) = vary(file, self.directory / f"files{number}", 1, **elements)
        explained = self.explained(file, calling=calling, called=called)
        (message,) = explained["messages"]
        self.assertEqual(message["end"]["outcome"], outcome, message)
        status, there, held = self.expected(message)
        sent = storescu((self.sluice.host, self.sluice.port, called), [file], ("-R", "-d"),
                        calling=calling)
        answers = re.findall(r"DIMSE Status +: 0x([0-9a-f]{4})", sent.output)
        self.assertEqual([int(answer, 16) for answer in answers], [status], sent)
        if outcome == "refused":
            self.assertIn(message["end"]["comment"], sent.output)
        uid = sop_instance_uid(file)
        wait_until(lambda: self.where(uid) == (there, held), 60,
                   what=f"{uid} at {there} and {held}, as explained")
        for peer in (self.pacs, self.other):
            if uid in peer.files():
                self.assert_edited(file, peer.files()[uid], message)

    def assert_edited(self, file, arrived, message):
        """What has changed is what was said to, and as it was said."""
        before, after = pydicom.dcmread(file), pydicom.dcmread(arrived)
        changed = {}
        for element in [*before, *after]:
            old, new = before.get(element.keyword), after.get(element.keyword)
            if old != new:
                changed[element.keyword] = (old, new)
        ends = [message["end"]] + message["copies"]
        said = {one["element"]: (one["old"], one["new"]) for end in ends for one in end["edits"]}
        self.assertEqual(changed, said)

    def test_what_is_stored_ends_as_was_explained(self):
        for number, (outcome, file, how) in enumerate([
                ("refused", self.chain.dose, {}),
                ("relayed", self.chain.plan, {}),
                ("relayed", self.chain.plan, {"calling": "QA"}),
                ("dropped", self.chain.structure_set, {}),
                ("relayed", self.chain.images[0], {}),
                ("relayed", self.chain.images[1], {"calling": "RESEARCH"}),
                ("relayed", self.chain.images[2], {"called": "RETIRED"}),
                ("queued", self.chain.images[3], {"calling": "NIGHT", "called": "OTHER"}),
                ("relayed", self.chain.images[4], {"called": "VMSDBD"}),
                ("held", self.chain.dose, {"called": "VMSDBD"}),
                ("relayed", self.chain.dose, {"called": "VMSDBD", "calling": "QA"}),
                ("refused", self.chain.dose, {"called": "VMSDBD", "calling": "IMPATIENT"})]):
            with self.subTest(outcome=outcome, file=pathlib.Path(file).name, **how):
                self.assert_store_agrees(outcome, file, number, **how)

    def test_who_is_rejected_and_what_is_asked_and_moved_ends_as_was_explained(self):
        caller = self.explained(calling="STRANGER", called="PACS")["caller"]
        self.assertEqual(caller["as"], "rejected")
        self.assertIn("Rejected", echoscu(self.sluice, calling="STRANGER", called="PACS").output)
        self.assertIn(caller["why"], self.sluice.output().replace('\\"', '"'))

        (query,) = self.explained("--command", "C-FIND", "--level", "PATIENT",
                                  called="ARCHIVE")["messages"]
        self.assertEqual((query["end"]["outcome"], query["end"]["status"]), ("refused", "A900H"))
        asked = findscu(self.sluice, ["0008,0052=PATIENT", "0010,0020"], ("-P", "-d"),
                        called="ARCHIVE")
        self.assertIn("0xa900", asked.output.lower())
        self.assertIn(query["end"]["comment"], asked.output)

        image = self.chain.images[0]
        self.assertEqual(storescu(self.archive, [image]).returncode, 0)
        (move,) = self.explained("--destination", "QA", called="ARCHIVE")["messages"]
        self.assertEqual(move["end"]["destinations"], [f"OTHER {self.other.address}"])
        study = pydicom.dcmread(image).StudyInstanceUID
        moved = movescu(self.sluice, "QA", ["0008,0052=STUDY", f"0020,000D={study}"],
                        called="ARCHIVE")
        self.assertEqual(moved.returncode, 0, moved)
        self.assertEqual(self.where(sop_instance_uid(image)), ({"OTHER"}, []))


if __name__ == "__main__":
    run_cases()
