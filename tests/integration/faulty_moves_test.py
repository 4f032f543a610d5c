#!/usr/bin/python3
"""The faulty stand-in's moves and associations; the other switches are in faulty_peer_test.py."""
import json
import socket

import harness
from faulty_peer_test import CHAIN, SERIES, SLICES, STUDY, FaultyCase
from harness import dataset_sha256, echoscu, free_port, movescu, storescu, wait_until, wire

BY_SERIES = ["0008,0052=SERIES", "0020,000d=" + STUDY, "0020,000e=" + SERIES]


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
