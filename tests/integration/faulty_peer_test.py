#!/usr/bin/python3
"""Every switch of the faulty stand-in, seen to work by DCMTK's own tools (moves: faulty_moves_test.py)."""

import pydicom

import harness
from harness import (dataset_sha256, eclipse_chain, findscu, sop_instance_uid, storescu,
                     wait_until, wire)

CHAIN = eclipse_chain()
PLAN = sop_instance_uid(CHAIN.plan)
DOSE = sop_instance_uid(CHAIN.dose)
STRUCTURE_SET = sop_instance_uid(CHAIN.structure_set)
SLICES = [sop_instance_uid(file) for file in CHAIN.images[:8]]
STUDY = "1.3.12.2.1107.5.1.4.83687.30000023101207010111100000005"
SERIES = "1.3.12.2.1107.5.8.15.131726.30000023101214432072700003223"


def by_uid(uid):
    return ["0008,0052=IMAGE", "0008,0018=" + uid]


class FaultyCase(harness.Case):
    def peer(self, **switches):
        return self.start(harness.FaultyPeer, switches=switches)

    def loaded(self, files, **switches):
        """A peer that has held these files for long."""
        peer = self.peer(**switches)
        folder = self.directory / "loaded"
        folder.mkdir()
        for file in files:
            (folder / file.name).write_bytes(file.read_bytes())
        self.assertEqual(len(files), peer.load(folder))
        return peer

    def background(self, tool, peer, *options):
        """A client that waits for its answer while the test goes on."""
        process = harness.Process(
            f"{tool}{len(self._started)}",
            [tool, "-v", "-aet", "ME", "-aec", peer.aet, *options, peer.host, peer.port],
            self.directory)
        self._started.append(process)
        return process.start()


class FaultyStores(FaultyCase):
    def test_without_switches_all_is_kept_byte_for_byte(self):
        first, second = self.peer(), self.peer()
        files = [CHAIN.dose, CHAIN.plan, CHAIN.structure_set, CHAIN.images[0]]
        self.assertEqual(0, storescu(first, files).returncode)
        self.assertEqual([DOSE, PLAN, STRUCTURE_SET, SLICES[0]], first.arrivals())
        self.assertEqual(["dose", "plan", "structure_set", "image"],
                         [line["kind"] for line in first.journal("store")])
        stored = first.files()
        self.assertEqual(0, storescu(second, stored.values()).returncode)
        for uid, file in second.files().items():
            self.assertEqual(dataset_sha256(stored[uid]), dataset_sha256(file))

    def test_refuse_answers_the_status_until_the_references_are_there(self):
        peer = self.peer(missing="refuse", missing_status=0xA700)
        self.assertNotEqual(0, storescu(peer, [CHAIN.plan]).returncode)
        [line] = peer.journal("store")
        self.assertEqual((0xA700, False, [{"uid": STRUCTURE_SET, "kind": "structure_set"}]),
                         (line["status"], line["kept"], line["missing"]))
        files = [*CHAIN.images, CHAIN.structure_set, CHAIN.plan, CHAIN.dose]
        sent = storescu(peer, files)
        self.assertEqual(0, sent.returncode, sent)
        self.assertEqual(180, peer.state()["visible"])

    def test_orphan_says_success_and_notes_it(self):
        peer = self.peer(missing="orphan")
        self.assertEqual(0, storescu(peer, [CHAIN.dose]).returncode)
        [line] = peer.journal("store")
        self.assertEqual((0, True, True), (line["status"], line["orphan"], line["kept"]))

    def test_unknown_machine_is_refused(self):
        peer = self.peer(machines=["EDGE"], machine_status=0xC123)
        self.assertNotEqual(0, storescu(peer, [CHAIN.plan]).returncode)
        self.assertEqual((0xC123, "TR3"), (peer.journal("store")[0]["status"],
                                           peer.journal("store")[0]["unknown_machine"]))
        peer.set(machines=["TR3"])
        self.assertEqual(0, storescu(peer, [CHAIN.plan]).returncode)

    def test_forced_status_goes_to_the_kind_named_as_often_as_said(self):
        peer = self.peer(store_status=[{"kind": "dose", "status": 0xA700, "times": 2}])
        for expected in (0xA700, 0xA700, 0):
            sent = storescu(peer, [CHAIN.images[0], CHAIN.dose])
            self.assertEqual(expected == 0, sent.returncode == 0, sent)
            self.assertEqual([0, expected],
                             [line["status"] for line in peer.journal("store")[-2:]])

    def test_forced_status_by_uid_can_keep_the_instance(self):
        peer = self.peer(store_status=[{"uid": PLAN, "status": 0xC000, "keep": True}])
        self.assertNotEqual(0, storescu(peer, [CHAIN.plan]).returncode)
        self.assertIn(PLAN, peer.files())
        self.assertEqual(0, storescu(peer, [CHAIN.dose]).returncode)

    def test_warnings_reach_the_client(self):
        peer = self.peer(store_status=[{"status": 0xB000}])
        self.assertIn("Warning", storescu(peer, [CHAIN.dose]).output)

    def test_committed_after_so_many_queries(self):
        peer = self.peer(commit={"queries": 2}, missing="refuse")
        self.assertEqual(0, storescu(peer, CHAIN.images[:1]).returncode)
        for matches in (0, 0, 1):
            findscu(peer, by_uid(SLICES[0]))
            self.assertEqual(matches, peer.journal("find")[-1]["matches"])

    def test_what_was_visible_once_stays_so(self):
        peer = self.peer()
        self.assertEqual(0, storescu(peer, CHAIN.images[:1]).returncode)
        findscu(peer, by_uid(SLICES[0]))
        peer.set(commit={"ms": 3600000})
        self.assertEqual(1, peer.state()["visible"])
        self.assertEqual(0, storescu(peer, CHAIN.images[:2]).returncode)
        self.assertEqual(1, peer.state()["visible"])  # of the second nobody knows

    def test_a_restart_keeps_what_was_stored_the_switches_and_the_order(self):
        peer = self.peer(missing="refuse", store_status=[{"kind": "dose", "status": 0xA700}])
        self.assertEqual(0, storescu(peer, [*CHAIN.images, CHAIN.images[0]]).returncode)
        peer.restart()
        self.assertEqual(177, peer.state()["visible"])
        self.assertEqual(0, storescu(peer, [CHAIN.structure_set, CHAIN.plan]).returncode)
        self.assertNotEqual(0, storescu(peer, [CHAIN.dose]).returncode)
        lines = [line for line in peer.journal("store") if line["kept"]]
        self.assertEqual(list(range(1, 181)), [line["place"] for line in lines])
        self.assertEqual(179, len(peer.files()))

    def test_what_is_not_committed_satisfies_no_reference(self):
        peer = self.peer(commit={"ms": 3600000}, missing="refuse")
        self.assertEqual(0, storescu(peer, CHAIN.images).returncode)
        self.assertNotEqual(0, storescu(peer, [CHAIN.structure_set]).returncode)
        self.assertEqual((177, 0), (peer.state()["instances"], peer.state()["visible"]))
        peer.set(commit={"ms": 0})
        self.assertEqual(0, storescu(peer, [CHAIN.structure_set]).returncode)

    def test_slow_response_comes_late(self):
        peer = self.peer(delay_ms={"store": 400})
        self.assertEqual(0, storescu(peer, [CHAIN.dose]).returncode)
        done, released = (peer.journal(event)[0]["ms"] for event in ("store", "release"))
        began = peer.journal("associate")[0]["ms"]
        self.assertGreaterEqual(done - began, 400)
        self.assertGreaterEqual(released, done)

    def test_lost_response_is_never_sent_though_the_instance_is_kept(self):
        peer = self.peer(lose={"store": 1})
        sent = storescu(peer, [CHAIN.dose], options=["-R", "-td", "1"])
        self.assertNotEqual(0, sent.returncode, sent)
        wait_until(lambda: peer.journal("store"), what="the instance")
        self.assertFalse(peer.journal("store")[0]["answered"])
        self.assertIn(DOSE, peer.files())
        self.assertEqual(0, storescu(peer, [CHAIN.dose]).returncode)

    def test_only_given_transfer_syntaxes_and_classes_are_accepted(self):
        ct = wire.CT
        peer = self.peer(transfer_syntaxes=[wire.IMPLICIT], sop_classes=[ct])
        self.assertEqual(0, storescu(peer, CHAIN.images[:1]).returncode)
        self.assertEqual(wire.IMPLICIT, peer.journal("store")[0]["transfer_syntax"])
        self.assertNotEqual(0, storescu(peer, [CHAIN.dose]).returncode)
        results = {context["abstract_syntax"]: context["result"]
                   for context in peer.journal("associate")[-1]["contexts"]}
        self.assertEqual({3}, set(results.values()))
        peer.set(transfer_syntaxes=["1.2.840.10008.1.2.4.50"])
        self.assertNotEqual(0, storescu(peer, CHAIN.images[:1]).returncode)
        self.assertEqual({4}, {context["result"]
                               for context in peer.journal("associate")[-1]["contexts"]})


class FaultyQueries(FaultyCase):
    FILES = [CHAIN.images[0], CHAIN.images[1], CHAIN.plan, CHAIN.dose]

    def matches(self, peer, keys, options=("-S",)):
        """What findscu got, which must be what the peer says it found."""
        folder = self.directory / f"found{len(list(self.directory.iterdir()))}"
        findscu(peer, keys, options=options, extract=folder)
        got = len(list(folder.iterdir()))
        self.assertEqual(peer.journal("find")[-1]["matches"], got)
        return got

    def test_lenient_identifiers_find_what_they_name(self):
        peer = self.loaded(self.FILES)
        self.assertEqual(1, self.matches(peer, ["0008,0052=STUDY", "0010,0020=E2E_test_PG1_1"]))
        self.assertEqual(1, self.matches(peer, ["0008,0052=SERIES", "0020,000e=" + SERIES]))
        self.assertEqual(1, self.matches(peer, by_uid(PLAN)))
        doses = ["0008,0052=IMAGE", "0008,0016=1.2.840.10008.5.1.4.1.1.481.2", "0020,000d=" + STUDY]
        self.assertEqual(1, self.matches(peer, doses))
        self.assertEqual(4, self.matches(peer, ["0008,0052=IMAGE", "0020,000d=" + STUDY]))
        self.assertEqual(2, self.matches(peer, by_uid("\\".join([PLAN, DOSE, "1.2.3"]))))
        self.assertEqual(0, self.matches(peer, by_uid("1.2.3")))

    def test_what_is_forgotten_is_not_found(self):
        peer = self.loaded(self.FILES)
        peer.forget(PLAN)
        self.assertEqual(0, self.matches(peer, by_uid(PLAN)))

    def test_flapping_finds_nothing_first_and_every_so_often(self):
        peer = self.loaded(self.FILES, find={"empty_first": 2, "empty_every": 4})
        self.assertEqual([0, 0, 1, 0, 1, 1, 1, 0],
                         [self.matches(peer, by_uid(PLAN)) for _ in range(8)])

    def test_flapping_by_chance_is_the_same_at_each_run(self):
        peer = self.loaded(self.FILES, find={"empty_percent": 50})
        first = [self.matches(peer, by_uid(PLAN)) for _ in range(12)]
        self.assertEqual({0, 1}, set(first))
        peer.set(find={"empty_percent": 50})
        self.assertEqual(first, [self.matches(peer, by_uid(PLAN)) for _ in range(12)])

    def test_partial_answers_lack_every_so_many_matches(self):
        peer = self.loaded(self.FILES, find={"skip_every": 3})
        by_study = ["0008,0052=IMAGE", "0020,000d=" + STUDY]
        self.assertEqual([3, 3, 2, 3], [self.matches(peer, by_study) for _ in range(4)])

    def test_forced_find_status_is_answered_so_often(self):
        peer = self.loaded(self.FILES, find={"status": 0xA700, "times": 1})
        self.assertIn("0xa700", findscu(peer, by_uid(PLAN), options=("-S", "-d")).output.lower())
        self.assertEqual(0xA700, peer.journal("find")[0]["status"])
        self.assertEqual(1, self.matches(peer, by_uid(PLAN)))

    def test_both_pending_statuses_can_be_sent(self):
        peer = self.loaded(self.FILES, find={"pending": 0xFF01})
        self.assertIn("ff01", findscu(peer, by_uid(PLAN), options=("-S", "-d")).output.lower())
        self.assertEqual(1, self.matches(peer, by_uid(PLAN)))

    def test_relational_refused_wants_the_keys_above(self):
        peer = self.loaded(self.FILES, relational="refused")
        self.assertEqual(0, self.matches(peer, by_uid(PLAN)))
        self.assertEqual(0xA900, peer.journal("find")[-1]["status"])
        series = str(pydicom.dcmread(CHAIN.plan).SeriesInstanceUID)
        whole = [*by_uid(PLAN), "0020,000d=" + STUDY, "0020,000e=" + series]
        self.assertEqual(1, self.matches(peer, whole))

    def test_relational_negotiated_is_refused_to_who_did_not_ask(self):
        peer = self.loaded(self.FILES, relational="negotiated")
        self.assertEqual(0, self.matches(peer, by_uid(PLAN)))
        self.assertEqual(0xA900, peer.journal("find")[-1]["status"])

    def test_relational_negotiated_is_answered_to_who_asked(self):
        peer = self.loaded(self.FILES, relational="negotiated")
        with wire.Wire(peer) as line:
            answer = line.associate(contexts=[(1, wire.FIND, [wire.IMPLICIT])],
                                    extended={wire.FIND: b"\1\0\0"})
            self.assertIn(wire.FIND.encode() + b"\1", answer)
            line.send(wire.command(1, 0x0020, wire.FIND, 5, has_data_set=True))
            line.send(wire.data(1, wire.element(8, 0x0018, PLAN) + wire.element(8, 0x0052, "IMAGE ")))
            self.assertEqual(wire.DATA, line.receive()[0])
        wait_until(lambda: peer.journal("find"), what="the query noted")
        self.assertEqual(1, peer.journal("find")[0]["matches"])

    def test_slow_and_lost_find_responses(self):
        peer = self.loaded(self.FILES, delay_ms={"find": 300}, lose={"find": 1})
        lost = findscu(peer, by_uid(PLAN), options=("-S", "-td", "1"))
        self.assertIn("No data available (timeout", lost.output)
        wait_until(lambda: peer.journal("find"), what="the query")
        self.assertFalse(peer.journal("find")[0]["answered"])
        self.assertEqual(1, self.matches(peer, by_uid(PLAN)))
        began = peer.journal("associate")[-1]["ms"]
        self.assertGreaterEqual(peer.journal("find")[-1]["ms"] - began, 300)


if __name__ == "__main__":
    harness.run_cases()
