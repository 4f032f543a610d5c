#!/usr/bin/python3
"""Every switch of the faulty stand-in, seen to work by DCMTK's own tools."""
import json
import socket

import pydicom

import harness
from harness import (dataset_sha256, echoscu, eclipse_chain, findscu, free_port, movescu,
                     sop_instance_uid, storescu, wait_until, wire)

CHAIN = eclipse_chain()
PLAN = sop_instance_uid(CHAIN.plan)
DOSE = sop_instance_uid(CHAIN.dose)
STRUCTURE_SET = sop_instance_uid(CHAIN.structure_set)
SLICES = [sop_instance_uid(file) for file in CHAIN.images[:8]]
STUDY = "1.3.12.2.1107.5.1.4.83687.30000023101207010111100000005"
SERIES = "1.3.12.2.1107.5.8.15.131726.30000023101214432072700003223"
BY_STUDY = ["0008,0052=STUDY", "0020,000d=" + STUDY]
BY_SERIES = ["0008,0052=SERIES", "0020,000d=" + STUDY, "0020,000e=" + SERIES]


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


class FaultyMoves(FaultyCase):
    FILES = CHAIN.images[:8]

    def scene(self, **switches):
        """A peer that holds eight slices and knows a destination DEST."""
        destination = self.start(harness.FaultyPeer, aet="DEST")
        peer = self.loaded(self.FILES, destinations={"DEST": destination.address}, **switches)
        return peer, destination

    def move(self, peer, options=("-S",), keys=None):
        return movescu(peer, "DEST", keys or BY_SERIES, options=options, calling="CLIENT")

    def test_a_move_sends_all_unchanged_and_names_its_originator(self):
        peer, destination = self.scene()
        moved = self.move(peer)
        self.assertEqual(0, moved.returncode, moved)
        stored = destination.files()
        self.assertEqual(set(SLICES), set(stored))
        loaded = harness.files_by_uid(self.directory / "loaded")
        for uid in SLICES:
            self.assertEqual(dataset_sha256(loaded[uid]), dataset_sha256(stored[uid]))
        move = peer.journal("move")[0]
        for line in destination.journal("store"):
            self.assertEqual(("CLIENT", move["message_id"], "VMSDBD"),
                             (line["originator"], line["originator_id"], line["calling"]))
        self.assertEqual((8, 0, 0), (move["completed"], move["failed"], move["status"]))

    def test_move_originator_can_lack_as_a_whole_or_in_part(self):
        peer, destination = self.scene(move={"originator": "none"})
        for mode, title, number in (("none", False, False), ("title", True, False),
                                    ("id", False, True), ("both", True, True)):
            peer.set(move={"originator": mode})
            self.assertEqual(0, self.move(peer).returncode)
            line = destination.journal("store")[-1]
            self.assertEqual((title, number), ("originator" in line, "originator_id" in line))

    def associations(self, destination):
        """How many associations came, and the most that were open at once."""
        most = now = 0
        for line in destination.journal():
            now += {"associate": 1, "release": -1}.get(line["event"], 0)
            most = max(most, now)
        return len(destination.journal("associate")), most

    def test_sub_operations_over_one_association(self):
        peer, destination = self.scene()
        self.assertEqual(0, self.move(peer).returncode)
        self.assertEqual((1, 1), self.associations(destination))

    def test_sub_operations_over_several_successive_associations(self):
        peer, destination = self.scene(move={"associations": "successive", "per_association": 3})
        self.assertEqual(0, self.move(peer).returncode)
        self.assertEqual((3, 1), self.associations(destination))
        self.assertEqual(set(SLICES), set(destination.arrivals()))

    def test_sub_operations_over_parallel_associations(self):
        peer, destination = self.scene(move={"associations": "parallel", "per_association": 4},
                                       delay_ms={"suboperation": 300})
        self.assertEqual(0, self.move(peer).returncode)
        self.assertEqual((2, 2), self.associations(destination))
        self.assertEqual(set(SLICES), set(destination.arrivals()))

    def test_partial_moves_say_success_without_the_skipped(self):
        peer, destination = self.scene(move={"skip_every": 4, "skip_uids": [SLICES[0]]})
        self.assertEqual(0, self.move(peer).returncode)
        self.assertEqual((5, 0), (peer.journal("move")[0]["completed"],
                                  peer.journal("move")[0]["status"]))
        self.assertEqual(5, len(destination.arrivals()))
        self.assertNotIn(SLICES[0], destination.arrivals())

    def test_skipped_instances_can_be_counted_as_failed(self):
        peer, destination = self.scene(move={"skip_first": 3, "skipped": "failed"})
        moved = self.move(peer, options=("-S", "-d"))
        self.assertEqual((5, 3, 0xB000), tuple(peer.journal("move")[0][key]
                                               for key in ("completed", "failed", "status")))
        self.assertIn("FailedSOPInstanceUIDList", moved.output)
        self.assertEqual(5, len(destination.arrivals()))

    def test_a_destination_that_fails_is_counted(self):
        peer, destination = self.scene()
        destination.set(store_status=[{"status": 0xA700, "times": 2}])
        self.move(peer)
        self.assertEqual((6, 2, 0xB000), tuple(peer.journal("move")[0][key]
                                               for key in ("completed", "failed", "status")))
        destination.set(outage=True)
        self.move(peer)
        self.assertEqual((0, 8, 0xA702), tuple(peer.journal("move")[1][key]
                                               for key in ("completed", "failed", "status")))

    def test_unknown_destination_and_forced_status(self):
        peer, _ = self.scene(move={"status": 0xC001, "times": 1})
        self.assertNotEqual(0, self.move(peer).returncode)
        self.assertEqual(0xC001, peer.journal("move")[0]["status"])
        movescu(peer, "NOBODY", BY_SERIES)
        self.assertEqual(0xA801, peer.journal("move")[1]["status"])

    def test_pending_counts_can_be_right_wrong_absent_or_no_pending_at_all(self):
        peer, _ = self.scene()
        heard = {}
        for mode in ("right", "wrong", "absent", "none"):
            peer.set(move={"pending": mode})
            heard[mode] = self.move(peer, options=("-S", "-d")).output
        self.assertIn("Remaining Suboperations       : 7", heard["right"])
        self.assertIn("Remaining Suboperations       : 9999", heard["wrong"])
        self.assertIn("Pending", heard["absent"])
        self.assertNotIn("Remaining Suboperations       : 7", heard["absent"])
        self.assertNotIn("Pending", heard["none"])

    def test_a_lost_move_response_leaves_the_client_waiting(self):
        peer, destination = self.scene(lose={"move": 1})
        moved = self.move(peer, options=("-S", "-td", "1"))
        self.assertIn("No data available (timeout", moved.output)
        wait_until(lambda: peer.journal("move"), what="the end of the move")
        self.assertFalse(peer.journal("move")[0]["answered"])
        self.assertEqual(set(SLICES), set(destination.arrivals()))

    def test_a_slow_move_response_comes_after_all_sub_operations(self):
        peer, destination = self.scene(delay_ms={"move": 300})
        self.assertEqual(0, self.move(peer).returncode)
        begins = destination.journal("release")[-1]["ms"] - destination.journal("store")[0]["ms"]
        took = peer.journal("move")[0]["ms"] - peer.journal("move_begins")[0]["ms"]
        self.assertGreaterEqual(took, 300)
        self.assertLess(begins, took)

    def test_cancel_ends_a_move_and_tells_what_remains(self):
        peer, destination = self.scene(delay_ms={"suboperation": 300})
        self.move(peer, options=("-S", "--cancel", "2"))
        move = peer.journal("move")[0]
        self.assertEqual(0xFE00, move["status"])
        self.assertLess(len(destination.arrivals()), 8)

    def test_a_client_that_dies_does_not_stop_the_move(self):
        peer, destination = self.scene(delay_ms={"suboperation": 200})
        keys = [part for key in BY_SERIES for part in ("-k", key)]
        client = self.background("movescu", peer, "-S", "-aem", "DEST", *keys)
        wait_until(lambda: destination.arrivals(), what="the first sub-operation")
        client.kill9()
        wait_until(lambda: len(destination.arrivals()) == 8, what="the rest of the move")
        wait_until(lambda: peer.journal("lost") or peer.journal("abort"), what="the end noted")
        self.assertFalse(peer.journal("move")[0]["answered"])


class FaultyAssociations(FaultyCase):
    def test_titles_that_are_not_trusted_are_rejected(self):
        peer = self.peer(trusted=["ME"], called=["VMSDBD"])
        self.assertEqual(0, echoscu(peer).returncode)
        self.assertIn("Calling AE Title Not Recognized", echoscu(peer, calling="YOU").output)
        self.assertIn("Called AE Title Not Recognized", echoscu(peer, called="VMSSDBD").output)
        self.assertEqual([(1, 1, 3), (1, 1, 7)],
                         [(line["result"], line["source"], line["reason"])
                          for line in peer.journal("reject")])
        peer.set(trusted=None, called=None)
        self.assertEqual(0, echoscu(peer, calling="YOU", called="ANY").returncode)

    def test_associations_over_the_limit_are_rejected_for_a_while(self):
        peer = self.peer(max_associations=1)
        with wire.Wire(peer) as first:
            first.associate()
            self.assertIn("Local Limit Exceeded", echoscu(peer).output)
            self.assertEqual((2, 3, 2), tuple(peer.journal("reject")[0][key]
                                              for key in ("result", "source", "reason")))
            first.release()
            # Free as soon as the release is confirmed, not when the thread has ended.
            self.assertEqual(0, echoscu(peer).returncode)

    def test_forced_rejections_are_counted(self):
        peer = self.peer(reject={"result": 2, "source": 3, "reason": 1, "times": 2})
        self.assertEqual([1, 1, 0], [echoscu(peer).returncode for _ in range(3)])
        with wire.Wire(peer) as line:
            peer.set(reject={"times": 1})
            line.send(wire.associate_request())
            self.assertEqual((wire.ASSOCIATE_RJ, b"\0\2\3\1"), line.receive())

    def test_a_silent_connection_holds_up_nobody(self):
        peer = self.peer()
        with wire.Wire(peer) as silent:
            self.assertEqual(0, echoscu(peer).returncode)
            peer.set(outage=True)
            with self.assertRaises(ConnectionResetError):
                silent.receive()

    def test_reset_upon_command_reaches_the_client_as_a_reset(self):
        peer = self.peer()
        with wire.Wire(peer) as line:
            line.associate()
            self.assertEqual(1, peer.reset())
            with self.assertRaises(ConnectionResetError):
                line.receive()
        self.assertEqual(0, echoscu(peer).returncode)

    def test_abort_upon_command_reaches_the_client_as_an_abort(self):
        peer = self.peer()
        with wire.Wire(peer) as line:
            line.associate()
            self.assertEqual(1, peer.abort())
            self.assertEqual(wire.ABORT, line.receive()[0])

    def test_reset_in_the_middle_of_an_instance(self):
        peer = self.peer(reset={"after_bytes": 1000000, "times": 1})
        sent = storescu(peer, [CHAIN.structure_set])
        self.assertNotEqual(0, sent.returncode, sent)
        self.assertGreaterEqual(peer.journal("reset")[0]["bytes"], 1000000)
        self.assertEqual({}, peer.files())
        self.assertEqual(0, storescu(peer, [CHAIN.structure_set]).returncode)

    def test_reset_after_so_many_pdus(self):
        peer = self.peer(reset={"after_pdus": 3, "times": 1})
        with wire.Wire(peer) as line:
            line.associate()
            line.send(wire.echo_request(message_id=1))
            self.assertEqual(wire.DATA, line.receive()[0])
            line.send(wire.echo_request(message_id=2))
            with self.assertRaises(ConnectionResetError):
                line.receive()
        self.assertEqual(3, peer.journal("reset")[0]["pdus"])
        self.assertEqual(0, echoscu(peer).returncode)

    def test_outage_refuses_connections_until_it_is_over(self):
        peer = self.peer()
        with wire.Wire(peer) as line:
            line.associate()
            peer.set(outage=True)
            with self.assertRaises(ConnectionResetError):
                line.receive()
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection((peer.host, peer.port), timeout=10)
        self.assertNotEqual(0, echoscu(peer).returncode)
        peer.set(outage=False)
        self.assertEqual(0, echoscu(peer).returncode)

    def test_slow_and_lost_echo_and_association(self):
        peer = self.peer(delay_ms={"associate": 200, "echo": 200}, lose={"echo": 1})
        self.assertNotEqual(0, echoscu(peer, options=["-td", "1"]).returncode)
        wait_until(lambda: peer.journal("echo"), what="the request that is not answered")
        sent = echoscu(peer)
        self.assertEqual(0, sent.returncode, sent)
        self.assertGreaterEqual(sent.seconds, 0.4)
        self.assertEqual([False, True], [line["answered"] for line in peer.journal("echo")])

    def test_a_release_can_go_unanswered(self):
        peer = self.peer(lose={"release": 1})
        with wire.Wire(peer, timeout=30) as line:
            line.associate()
            line.send(wire.pdu(wire.RELEASE_RQ, bytes(4)))
            # The end of the connection, and no A-RELEASE-RP before it.
            self.assertIsNone(line.receive())
        with wire.Wire(peer) as line:
            line.associate()
            line.release()

    def test_a_client_that_waits_is_answered_when_the_peer_is_reset(self):
        peer = self.peer(delay_ms={"echo": 600000})
        client = self.background("echoscu", peer)
        wait_until(lambda: peer.journal("command"), what="the request")
        peer.reset()
        client.wait()
        self.assertIn("Peer Aborted Association", client.output())

    def test_an_unknown_switch_or_word_is_refused(self):
        peer = self.peer()
        for wrong in ({"mising": "refuse"}, {"missing": "perhaps"}, {"outage": 1},
                      {"move": {"originators": "none"}}, {"store_status": [{}]}):
            with self.assertRaisesRegex(AssertionError, "refuses"):
                peer.set(**wrong)

    def test_clear_turns_everything_off(self):
        peer = self.peer(trusted=[], outage=True)
        peer.clear()
        self.assertEqual(0, echoscu(peer).returncode)

    def test_it_ends_in_order_while_associations_are_open(self):
        peer = self.peer(delay_ms={"echo": 600000})
        self.background("echoscu", peer)
        wait_until(lambda: peer.journal("command"), what="the request")
        self.assertEqual(0, peer.stop())

    def test_port_zero_is_told_when_ready(self):
        peer = harness.FaultyPeer(self.directory / "zero", port=free_port())
        peer.command[peer.command.index("--port") + 1] = "0"
        self._started.append(peer)
        peer.start()
        peer.port = json.loads(peer.output().splitlines()[0])["port"]
        self.assertEqual(0, echoscu(peer).returncode)


if __name__ == "__main__":
    harness.run_cases()
