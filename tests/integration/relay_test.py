#!/usr/bin/python3
"""DCMTK's clients cannot tell Sluice from the archive behind it: same output, same bytes."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
import pydicom  # noqa: E402

FOLDERS = ("mim-ct-phantom", "monaco-struct-box", "pinnacle-plan-dose-no-struct",
           "raystation-proton-waterbox")


def files_of(folder):
    return sorted((TEST_DATA / folder).glob("*.dcm"))


class RelayCase(Case):
    """Two of everything: `direct` is called by its address, `behind` through Sluice."""

    def begin(self, direct, behind, **application):
        self.direct, self.behind = direct, behind
        config = sluice_config(
            self.directory, {behind.aet: {"address": behind.address, **application}},
            clients=[{"ae_title": "ME", "from": "127.0.0.1"}])
        self.sluice = self.start(Sluice, config, aet=behind.aet)

    def assert_same(self, run):
        """run(peer, name) gives a tool's outcome; directly and through Sluice they are the same."""
        straight, through = run(self.direct, "direct"), run(self.sluice, "through")
        self.assertEqual(through.returncode, straight.returncode, through)
        self.assertEqual(masked(through.output, self.directory / "through"),
                         masked(straight.output, self.directory / "direct"))
        return straight

    def messages(self, command, status_class="success"):
        return self.sluice.metric("sluice_messages_total", command=command, client="ME",
                                  application=self.behind.aet, status_class=status_class)


class RelayStores(RelayCase):
    """Data sets arrive byte for byte as without Sluice."""

    def test_every_file_reaches_storescp_as_it_does_directly(self):
        self.begin(self.start(Storescp), self.start(Storescp))
        sent = 0
        for folder in FOLDERS:
            files = files_of(folder)
            sent += len(files)
            with self.subTest(folder):
                outcome = self.assert_same(
                    lambda peer, _, files=files: storescu(peer, files, options=("-R", "-d")))
                self.assertEqual(outcome.returncode, 0, outcome)
        arrived = shas(self.direct.files())
        self.assertGreater(len(arrived), 60)
        self.assertEqual(shas(self.behind.files()), arrived)
        for uid, path in self.direct.files().items():
            self.assertEqual(transfer_syntax(self.behind.files()[uid]), transfer_syntax(path))
        self.assertEqual(self.messages("C-STORE"), sent)

    def test_all_that_storescu_can_propose_is_negotiated_as_directly(self):
        self.begin(self.start(Storescp), self.start(Storescp))
        files = files_of("monaco-struct-box")[:1]
        outcome = self.assert_same(lambda peer, _: storescu(peer, files, options=("-d",)))
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertEqual(outcome.output.count("(Proposed)"), 128)

    def test_an_archive_that_takes_implicit_vr_in_short_pdus_alone_gets_just_that(self):
        narrow = ("+xi", "-pdu", "4096")
        self.begin(self.start(Storescp, options=narrow), self.start(Storescp, options=narrow))
        files = files_of("monaco-struct-box") + files_of("pinnacle-plan-dose-no-struct")
        outcome = self.assert_same(lambda peer, _: storescu(peer, files, options=("-R", "-d")))
        self.assertEqual(outcome.returncode, 0, outcome)
        arrived = self.behind.files()
        self.assertEqual(len(arrived), len(files))
        self.assertEqual(shas(arrived), shas(self.direct.files()))
        self.assertEqual({transfer_syntax(path) for path in arrived.values()}, {wire.IMPLICIT})


class RelayQueries(RelayCase):
    """An archive that answers: queries, moves to a destination that it knows, C-GET."""

    def setUp(self):
        super().setUp()
        self.destinations = [self.start(Storescp, aet="DEST") for _ in range(2)]
        self.begin(*(self.start(Dcmqrscp, peers={"DEST": destination.port})
                     for destination in self.destinations))
        self.files = files_of("monaco-struct-box") + files_of("raystation-proton-waterbox")
        outcome = self.assert_same(
            lambda peer, _: storescu(peer, self.files, options=("-R", "-d")))
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertEqual(shas(self.behind.files()), shas(self.direct.files()))
        self.study = str(pydicom.dcmread(self.files[-1]).StudyInstanceUID)

    def in_study(self):
        return [file for file in self.files
                if str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID)
                == self.study]

    def test_an_echo_is_answered_by_the_archive(self):
        outcome = self.assert_same(lambda peer, _: echoscu(peer, options=("-d",)))
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertEqual(self.messages("C-ECHO"), 1)

    def test_queries_have_the_same_answers(self):
        levels = [("STUDY", ["PatientID", "StudyInstanceUID", "StudyDate"]),
                  ("SERIES", [f"StudyInstanceUID={self.study}", "SeriesInstanceUID", "Modality"]),
                  ("IMAGE", [f"StudyInstanceUID={self.study}", "SeriesInstanceUID",
                             "SOPInstanceUID"])]
        answers = 0
        for level, keys in levels:
            keys = [f"QueryRetrieveLevel={level}", *keys]
            outcome = self.assert_same(lambda peer, name, keys=keys, level=level: findscu(
                peer, keys, options=("-S", "-d"), extract=self.directory / name / level))
            self.assertEqual(outcome.returncode, 0, outcome)
            through = sorted((self.directory / "through" / level).iterdir())
            direct = sorted((self.directory / "direct" / level).iterdir())
            answers += len(direct)
            self.assertEqual([dataset_sha256(file) for file in through],
                             [dataset_sha256(file) for file in direct])
        self.assertGreater(answers, len(self.in_study()))
        self.assertEqual(self.messages("C-FIND"), 3)

    def test_a_move_to_a_destination_of_the_archive_ends_there(self):
        keys = ["QueryRetrieveLevel=STUDY", f"StudyInstanceUID={self.study}"]
        outcome = self.assert_same(
            lambda peer, _: movescu(peer, "DEST", keys, options=("-S", "-d")))
        self.assertEqual(outcome.returncode, 0, outcome)
        arrived = [shas(destination.files()) for destination in self.destinations]
        self.assertEqual(len(arrived[0]), len(self.in_study()))
        self.assertEqual(arrived[1], arrived[0])
        self.assertEqual(self.messages("C-MOVE"), 1)

    def test_a_move_to_nowhere_fails_as_it_does_there(self):
        keys = ["QueryRetrieveLevel=STUDY", f"StudyInstanceUID={self.study}"]
        outcome = self.assert_same(
            lambda peer, _: movescu(peer, "NOWHERE", keys, options=("-S", "-d")))
        self.assertIn("0xa801", outcome.output)
        self.assertEqual(self.messages("C-MOVE", "failure"), 1)

    def test_what_is_got_is_the_same(self):
        keys = ["QueryRetrieveLevel=STUDY", f"StudyInstanceUID={self.study}"]
        outcome = self.assert_same(lambda peer, name: getscu(
            peer, self.directory / name / "got", keys, options=("-S", "+B", "-d")))
        self.assertEqual(outcome.returncode, 0, outcome)
        got = shas(files_by_uid(self.directory / "direct" / "got"))
        self.assertEqual(len(got), len(self.in_study()))
        self.assertEqual(shas(files_by_uid(self.directory / "through" / "got")), got)
        self.assertEqual(self.messages("C-GET"), 1)


class RelayTitles(RelayCase):
    """Who calls and who is called: what is answered on the wire, and what the log adds."""

    def setUp(self):
        super().setUp()
        archive = self.start(Storescp, aet="ARCHIVE")
        self.begin(archive, archive, also_called=["ARCHIV1"])

    def assert_rejected(self, outcome, reason):
        self.assertNotEqual(outcome.returncode, 0, outcome)
        self.assertIn("Result: Rejected Permanent, Source: Service User", outcome.output)
        self.assertIn(f"Reason: {reason}", outcome.output)

    def logged(self):
        """The one line about the one rejection."""
        (line,) = [line for line in self.sluice.output().splitlines()
                   if "association rejected" in line]
        return line

    def rejected(self, reason):
        return self.sluice.metric("sluice_rejected_associations_total", reason=reason)

    def test_an_unknown_called_title_is_rejected_and_the_log_knows_the_nearest(self):
        self.assert_rejected(echoscu(self.sluice, called="ARCHVIE"),
                             "Called AE Title Not Recognized")
        self.assertIn("ARCHVIE", self.logged())
        self.assertRegex(self.logged(), r'nearest configured one is \\?"ARCHIVE\\?"')
        self.assertEqual(self.rejected("called_unknown"), 1)

    def test_an_unknown_calling_title_is_rejected_and_the_log_knows_the_nearest(self):
        self.assert_rejected(storescu(self.sluice, files_of("monaco-struct-box"), calling="MEE"),
                             "Calling AE Title Not Recognized")
        self.assertIn("MEE", self.logged())
        self.assertRegex(self.logged(), r'nearest configured one is \\?"ME\\?"')
        self.assertEqual(self.rejected("calling_unknown"), 1)
        self.assertEqual(self.behind.files(), {})

    def test_a_title_in_also_called_reaches_the_archive_under_its_own(self):
        outcome = storescu(self.sluice, files_of("monaco-struct-box"), called="ARCHIV1",
                           options=("-R", "-d"))
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertRegex(outcome.output, r"Responding Application Name:\s+ARCHIV1")
        self.assertEqual(len(self.behind.files()), len(files_of("monaco-struct-box")))
        self.assertEqual(self.messages("C-STORE"), len(files_of("monaco-struct-box")))
        self.assertNotIn("ARCHIV1", self.behind.output())


if __name__ == "__main__":
    run_cases()
