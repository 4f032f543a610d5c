#!/usr/bin/python3
"""The stand-ins and the harness, tried with DCMTK's own tools."""
import os

import harness
from harness import (canonical_sha256, dataset_sha256, echoscu, findscu, free_port, getscu, movescu,
                     storescu)
from harness.sluice import parse_metrics

ECLIPSE = harness.eclipse_chain()
RAYSTATION = harness.raystation_chain()
PLAN_UID = harness.sop_instance_uid(ECLIPSE.plan)
DOSE_UID = harness.sop_instance_uid(ECLIPSE.dose)
STRUCTURE_SET_UID = harness.sop_instance_uid(ECLIPSE.structure_set)
ECLIPSE_STUDY = "1.3.12.2.1107.5.1.4.83687.30000023101207010111100000005"


class AriaCase(harness.Case):
    def aria(self, **options):
        return self.start(harness.OrthancAria, peers={"ME": free_port()}, **options)


class OrthancOrder(AriaCase):
    def test_dose_before_its_plan_is_refused_and_not_kept(self):
        aria = self.aria(missing_status=0xA900)
        sent = storescu(aria, [ECLIPSE.dose])
        self.assertNotEqual(0, sent.returncode, sent)
        self.assertIn("DataSetDoesNotMatchSOPClass", sent.output)
        self.assertEqual({}, aria.instances())
        [arrival] = aria.journal()
        self.assertEqual((DOSE_UID, "dose", 0xA900, "ME"), (
            arrival["uid"], arrival["kind"], arrival["status"], arrival["calling"]))
        self.assertEqual([{"uid": PLAN_UID, "kind": "plan"}], arrival["missing"])

    def test_plan_before_its_structure_set_is_refused(self):
        aria = self.aria()
        sent = storescu(aria, [ECLIPSE.plan])
        self.assertNotEqual(0, sent.returncode, sent)
        self.assertEqual([{"uid": STRUCTURE_SET_UID, "kind": "structure_set"}],
                         aria.journal()[0]["missing"])

    def test_structure_set_lacking_one_slice_is_refused_for_that_slice(self):
        aria = self.aria()
        sent = storescu(aria, [*ECLIPSE.images[1:], ECLIPSE.structure_set], options=["-R", "-nh"])
        self.assertIn("CannotUnderstand", sent.output)
        last = aria.journal()[-1]
        self.assertEqual((0xC000, [{"uid": harness.sop_instance_uid(ECLIPSE.images[0]),
                                    "kind": "image"}]), (last["status"], last["missing"]))

    def test_the_right_order_is_accepted_and_kept_unchanged(self):
        aria = self.aria(machines=[ECLIPSE.machine, RAYSTATION.machine])
        for chain in (ECLIPSE, RAYSTATION):
            files = [*chain.images, chain.structure_set, chain.plan, chain.dose]
            sent = storescu(aria, files)
            self.assertEqual(0, sent.returncode, sent)
            self.assertLessEqual({harness.sop_instance_uid(file) for file in files},
                                 set(aria.instances()))
        kept = aria.fetch(PLAN_UID, self.directory / "plan.dcm")
        self.assertEqual(canonical_sha256(ECLIPSE.plan), canonical_sha256(kept))

    def test_plan_for_an_unknown_machine_is_refused(self):
        aria = self.aria(machines=["EDGE"], machine_status=0xA700)
        self.assertEqual(0, storescu(aria, [*ECLIPSE.images, ECLIPSE.structure_set]).returncode)
        sent = storescu(aria, [ECLIPSE.plan])
        self.assertNotEqual(0, sent.returncode, sent)
        last = aria.journal()[-1]
        self.assertEqual((0xA700, ["TR3"]), (last["status"], last["unknown_machines"]))
        aria.set(machines=["EDGE", "TR3"])
        self.assertEqual(0, storescu(aria, [ECLIPSE.plan]).returncode)

    def test_orphan_mode_says_success_and_notes_what_is_missing(self):
        aria = self.aria(missing="orphan")
        sent = storescu(aria, [ECLIPSE.dose])
        self.assertEqual(0, sent.returncode, sent)
        [arrival] = aria.journal()
        self.assertTrue(arrival["orphan"])
        self.assertIn(DOSE_UID, aria.instances())


class OrthancTrust(AriaCase):
    def test_titles_that_are_not_trusted_or_not_called_are_rejected(self):
        aria = self.aria()
        self.assertEqual(0, echoscu(aria).returncode)
        stranger = echoscu(aria, calling="STRANGER")
        self.assertIn("Calling AE Title Not Recognized", stranger.output)
        misspelt = echoscu(aria, called="VMSSDBD")
        self.assertIn("Called AE Title Not Recognized", misspelt.output)
        self.assertNotEqual(0, stranger.returncode + misspelt.returncode)

    def test_a_move_reaches_a_trusted_destination_and_no_other(self):
        port = free_port()
        aria = self.start(harness.OrthancAria, peers={"ME": free_port(), "DEST": port})
        destination = self.start(harness.Storescp, aet="DEST", port=port)
        storescu(aria, ECLIPSE.images[:2])
        series = "0020,000e=1.3.12.2.1107.5.8.15.131726.30000023101214432072700003223"
        moved = movescu(aria, "DEST", ["0008,0052=SERIES", series])
        self.assertEqual(0, moved.returncode, moved)
        self.assertEqual({harness.sop_instance_uid(file) for file in ECLIPSE.images[:2]},
                         set(destination.files()))
        self.assertNotEqual(0, movescu(aria, "NOBODY", ["0008,0052=SERIES", series]).returncode)

    def test_the_port_is_free_again_after_its_end(self):
        aria = self.aria()
        self.assertEqual(0, aria.stop())
        self.assertEqual(0, aria.start() and echoscu(aria).returncode)


class OrthancArchive(harness.Case):
    def test_the_pacs_keeps_a_dose_without_its_plan(self):
        pacs = self.start(harness.OrthancPacs, peers={"ME": free_port()})
        self.assertEqual(0, storescu(pacs, [ECLIPSE.dose]).returncode)
        self.assertIn(DOSE_UID, pacs.instances())
        self.assertNotEqual(0, storescu(pacs, [ECLIPSE.dose], calling="STRANGER").returncode)


class Harness(harness.Case):
    def test_storescp_keeps_data_sets_byte_for_byte(self):
        destination = self.start(harness.Storescp)
        # As storescu itself encodes it once, so the second sending changes nothing any more.
        self.assertEqual(0, storescu(destination, [ECLIPSE.plan]).returncode)
        first = destination.files()[PLAN_UID]
        again = self.start(harness.Storescp)
        self.assertEqual(0, storescu(again, [first]).returncode)
        self.assertEqual(dataset_sha256(first), dataset_sha256(again.files()[PLAN_UID]))
        self.assertEqual(canonical_sha256(ECLIPSE.plan), canonical_sha256(first))
        self.assertNotEqual(dataset_sha256(first), dataset_sha256(ECLIPSE.dose))

    def test_dcmqrscp_finds_moves_and_gets(self):
        destination = self.start(harness.Storescp, aet="DEST")
        archive = self.start(harness.Dcmqrscp, peers={"DEST": destination.port})
        self.assertEqual(0, storescu(archive, [ECLIPSE.plan, ECLIPSE.dose]).returncode)
        keys = ["0008,0052=STUDY", "0020,000d=" + ECLIPSE_STUDY]
        found = findscu(archive, keys, extract=self.directory / "found")
        self.assertEqual((0, 1), (found.returncode, len(list((self.directory / "found").iterdir()))))
        self.assertEqual(0, movescu(archive, "DEST", keys).returncode)
        self.assertEqual({PLAN_UID, DOSE_UID}, set(destination.files()))
        got = getscu(archive, self.directory / "got", keys)
        self.assertEqual(0, got.returncode, got)
        self.assertIn(DOSE_UID, harness.files_by_uid(self.directory / "got"))

    def test_ports_are_given_once(self):
        ports = [free_port() for _ in range(50)]
        self.assertEqual(50, len(set(ports)))
        self.assertTrue(all(11000 <= port < 29000 for port in ports))

    def test_children_end_with_the_test_and_early_ends_are_told(self):
        sleeper = harness.Process("sleeper", ["sleep", "600"], self.directory).start()
        pid = sleeper.pid
        sleeper.end()
        with self.assertRaises(ProcessLookupError):
            os.kill(pid, 0)
        short = harness.Process("short", ["sh", "-c", "echo alas; exit 3"], self.directory).start()
        with self.assertRaisesRegex(AssertionError, "(?s)ended with 3.*alas"):
            short.ready(lambda: False, "what never comes")

    def test_varied_slices_differ_and_have_the_size_wanted(self):
        slices = harness.vary(ECLIPSE.images[0], self.directory / "slices", 3, pad_to=524288)
        uids = {harness.sop_instance_uid(file) for file in slices}
        self.assertEqual(3, len(uids))
        self.assertTrue(all(524288 <= file.stat().st_size < 540000 for file in slices))

    def test_a_configuration_is_written_with_its_ports(self):
        config = harness.sluice_config(self.directory, {"VMSDBD": {"address": "127.0.0.1:104"}})
        text = config.path.read_text()
        self.assertIn(f'listen: [{{"port": {config.port}}}]', text)
        self.assertIn('  "VMSDBD": {"address": "127.0.0.1:104"}', text)

    def test_metrics_are_read_from_the_text_format(self):
        found = parse_metrics('# TYPE a counter\na_total{x="1",y="q\\"r"} 3\na_total 4\nb 1e3\n')
        self.assertEqual([({"x": "1", "y": 'q"r'}, 3.0), ({}, 4.0)], found["a_total"])
        self.assertEqual([({}, 1000.0)], found["b"])


if __name__ == "__main__":
    harness.run_cases()
