#!/usr/bin/python3
"""What a peer does in a message, a move or a drain stays in its session.

Both sides are played by hand: a test takes the legs that Sluice opens to its upstream and speaks
for the client, for upstream and for the destinations of moves in turn.
"""
import pathlib
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from harness.raw_case import *  # noqa: E402,F403


class SessionFaults(RawCase):
    """Messages, negotiation and the leg to upstream."""

    def test_an_association_beyond_the_limit_of_its_address_is_rejected_for_now(self):
        self.begin(serve, limits={"associations_per_address": 2})  # one is beside
        first = self.connect()
        second = self.line()
        second.send(wire.associate_request(contexts=EVERYTHING))
        kind, body = second.receive()
        self.assertEqual((kind, body[1:]), (wire.ASSOCIATE_RJ, b"\2\3\2"))
        self.assertEqual(
            self.sluice.metric("sluice_rejected_associations_total", reason="limit"), 1)
        self.assert_logged("association rejected", "limits.associations")
        self.assert_echoed(self.beside, 1)
        first.release()
        first.socket.close()
        second.socket.close()
        wait_until(lambda: not self.associations(), SOON, "the first to have ended")
        self.assert_others_are_served()

    def assert_verification_needs_a_transfer_syntax(self, **how):
        """PS3.8 9.3.3.2: 4 is transfer-syntaxes-not-supported."""
        self.begin()
        client = self.connect(((1, wire.VERIFICATION, ()), (ECHO, wire.VERIFICATION,
                                                            (wire.IMPLICIT,))), **how)
        answers = wire.answered_contexts(client.accepted)
        self.assertEqual({number: result for number, (result, _) in answers.items()},
                         {1: 4, ECHO: 0})
        self.assert_echoed(client, 3)
        client.release()
        self.assert_others_are_served()

    def test_a_context_without_transfer_syntaxes_is_refused_at_our_own_title(self):
        self.assert_verification_needs_a_transfer_syntax(called="SLUICE")

    def test_a_context_without_transfer_syntaxes_is_refused_to_upstream(self):
        self.assert_verification_needs_a_transfer_syntax(called="SLUICE", calling="VMSDBD")

    def test_a_second_release_request_in_a_collision_is_aborted_at_that_peer_alone(self):
        self.begin()
        client = self.connect()
        leg = self.upstream.next()
        client.send(RELEASE_RQ)
        self.assertEqual(leg.receive()[0], wire.RELEASE_RQ)
        leg.send(RELEASE_RQ * 2)
        self.assertEqual(leg.receive()[0], wire.RELEASE_RP)
        self.assert_aborted(leg, source=2)
        leg.socket.close()
        self.assertEqual(client.receive()[0], wire.RELEASE_RP)
        self.assert_ended("released")
        self.assertEqual(self.sluice.metric("sluice_protocol_errors_total", side="upstream",
                                            reason="unexpected_pdu"), 1)
        self.assert_others_are_served()

    def test_upstream_that_closes_in_the_middle_of_an_identifier_costs_that_client(self):
        self.begin(profile="aria")
        client = self.connect()
        client.send(find())
        leg = self.upstream.next()
        leg.send(find_answer_begun(leg.message()) + wire.data(FIND, IN_A_MESSAGE, last=False))
        # The client has the first half, so nothing can follow on its association.
        self.assertEqual([client.receive()[0] for _ in range(2)], [wire.DATA] * 2)
        leg.socket.close()
        self.assert_aborted(client, source=0)
        client.socket.close()
        self.assert_ended("aborted")
        self.assert_ended("lost", "upstream")
        self.assert_others_are_served()

    def test_a_client_that_closes_while_an_answer_is_relayed_ends_alone(self):
        def answer_without_end(leg):
            leg.accept()
            leg.send(find_answer_begun(leg.message()))
            while True:  # until Sluice takes no more: an OSError
                leg.send(wire.data(FIND, b"\0" * 16000, last=False))
        self.begin(answer_without_end, profile="aria")
        client = self.connect()
        client.send(find())
        for _ in range(4):
            self.assertEqual(client.receive()[0], wire.DATA)
        client.socket.close()
        self.upstream.next()
        wait_until(lambda: not self.associations(), SOON, "the association to have ended")
        self.assertEqual(self.ended("released"), 0)
        self.assert_others_are_served()

    def test_a_response_and_an_abort_in_one_segment_become_one_whole_answer(self):
        self.begin(profile="aria")
        client = self.connect()
        client.send(find(message_id=7))
        leg = self.upstream.next()
        leg.send(find_answer_begun(leg.message()) + ABORT)
        self.assert_answered(client, C_FIND, 7, 0xA700)
        # Nothing else came, and the client has an association that works.
        client.send(wire.echo_request(ECHO, 8))
        leg = self.upstream.next()
        leg.send(leg.message().answer(SUCCESS))
        self.assert_answered(client, C_ECHO, 8)
        client.send(RELEASE_RQ)
        self.assertEqual(leg.receive()[0], wire.RELEASE_RQ)
        leg.send(RELEASE_RP)
        leg.socket.close()
        self.assertEqual(client.receive()[0], wire.RELEASE_RP)
        self.assert_others_are_served()

    def test_a_carried_move_and_an_echo_that_both_need_the_leg_are_both_answered(self):
        let_in = threading.Event()
        self.addCleanup(let_in.set)

        def accept_when_let_in(leg):
            if leg.number > 1:
                let_in.wait(SOON)
            leg.accept()
        self.begin(accept_when_let_in, {"PACS": {"address": "127.0.0.1:1"}}, profile="aria",
                   timeouts={"idle": "200ms"})
        # Asked once what it accepts; then it has no leg.
        client = self.connect()
        leg = self.upstream.next()
        self.assertEqual(leg.receive()[0], wire.RELEASE_RQ)
        leg.send(RELEASE_RP)
        leg.socket.close()
        self.assert_ended("released", "upstream")
        client.send(move(7, "PACS"))
        wait_until(lambda: self.upstream.called == 2, SOON, "the move to ask for the leg")
        client.send(wire.echo_request(ECHO, 8))
        wait_until(lambda: self.associations()[0]["messages"] == 2, SOON, "the echo to want it")
        let_in.set()
        leg = self.upstream.next()
        asked = [leg.message(), leg.message()]
        for request in asked:
            leg.send(move_answer(request, completed=0) if request.field == C_MOVE
                     else request.answer(SUCCESS))
        self.assertEqual({request.field for request in asked}, {C_MOVE, C_ECHO})
        answers = [client.message(), client.message()]
        self.assertEqual({(one.field, one.message_id, one.status) for one in answers},
                         {(0x8021, 7, SUCCESS), (0x8030, 8, SUCCESS)})
        self.assertEqual(self.upstream.called, 2)
        self.assert_others_are_served()

    def test_a_client_that_dies_in_half_a_message_while_its_move_is_open_ends_alone(self):
        self.begin(destinations={"PACS": {"address": "127.0.0.1:1"}})
        client = self.connect()
        leg = self.upstream.next()
        client.send(move(7, "PACS"))
        self.assertEqual(leg.message().field, C_MOVE)
        client.send(wire.command(FIND, C_FIND, wire.FIND, 8, True)
                    + wire.data(FIND, IN_A_MESSAGE, last=False))
        # The command and the first half have been relayed; no C-CANCEL can follow them.
        self.assertEqual([leg.receive()[0] for _ in range(2)], [wire.DATA] * 2)
        client.socket.close()
        self.assertEqual(leg.receive()[0], wire.ABORT)
        leg.socket.close()
        self.assert_ended("lost")
        self.assert_moves_ended()
        self.assert_others_are_served()

    def assert_silent_client_is_aborted(self, **application):
        self.begin(limits={"client_idle": "2s"}, max_associations=2, wait_for="5s", **application)
        client = self.connect()
        began = time.monotonic()
        client.send(store_begun())
        leg = self.upstream.next()
        self.assert_aborted(client, source=0)
        self.assertGreaterEqual(time.monotonic() - began, 1.9)
        self.assert_aborted(leg, source=0)
        leg.socket.close()
        client.socket.close()
        wait_until(lambda: not self.associations(), SOON, "the association to have ended")
        # Of two slots one is for relays: it has to be free again. The one beside was idle, too.
        newcomer = self.connect()
        newcomer.send(wire.echo_request(ECHO, 1))
        leg = self.upstream.next()
        leg.send(leg.message().answer(SUCCESS))
        self.assert_answered(newcomer, C_ECHO, 1)

    def test_a_client_silent_in_an_instance_is_aborted_when_mirrored(self):
        self.assert_silent_client_is_aborted()

    def test_a_client_silent_in_an_instance_is_aborted_when_terminated(self):
        self.assert_silent_client_is_aborted(profile="aria")

    def test_a_release_by_upstream_reaches_a_mirrored_client_as_a_release(self):
        self.begin()
        client = self.connect()
        leg = self.upstream.next()
        leg.send(RELEASE_RQ)
        self.assertEqual(client.receive()[0], wire.RELEASE_RQ)
        client.send(RELEASE_RP)
        self.assertEqual(leg.receive()[0], wire.RELEASE_RP)
        for one in (client, leg):
            one.socket.close()
        wait_until(lambda: not self.associations(), SOON, "the association to have ended")
        self.assert_ended("released", "upstream")
        self.assertEqual(self.sluice.metric("sluice_protocol_errors_total"), 0)
        self.assert_others_are_served()

    def test_a_leg_that_is_opened_again_carries_the_same_user_information(self):
        requests = []

        def note(leg):
            requests.append(leg.accept())
        self.begin(note, profile="aria", timeouts={"idle": "200ms"})
        client = self.connect(extended={wire.FIND: b"\1", wire.MOVE: b"\1"})
        leg = self.upstream.next()
        self.assertEqual(leg.receive()[0], wire.RELEASE_RQ)
        leg.send(RELEASE_RP)
        leg.socket.close()
        self.assert_ended("released", "upstream")
        client.send(wire.echo_request(ECHO, 1))
        leg = self.upstream.next()
        leg.send(leg.message().answer(SUCCESS))
        self.assert_answered(client, C_ECHO, 1)
        first, second = ([wire.items(body) for kind, body in wire.items(request[68:])
                          if kind == 0x50] for request in requests)
        self.assertEqual([kind for kind, _ in first[0]].count(0x56), 2)
        self.assertEqual(first, second)

    def test_a_private_class_is_delivered_where_there_is_one_slot_in_all(self):
        private = "1.2.826.0.1.3680043.9.9999.7"
        stored = []
        self.begin(lambda leg: serve(leg, stored), profile="aria", max_associations=1)
        client = self.connect(((1, private, (wire.IMPLICIT,)),))
        data_set = (wire.element(8, 0x0016, private) + wire.element(8, 0x0018, "1.2.3")
                    + wire.element(8, 0x0060, "XX"))
        client.send(wire.request(1, C_STORE, private, 3, data_set, {0x1000: "1.2.3"}))
        self.assert_answered(client, C_STORE, 3)
        self.assertEqual([one.text(0x1000) for one in stored], ["1.2.3"])
        self.assertEqual(stored[0].data_set, data_set)
        self.assertEqual(self.sluice.held(), [])

    def test_a_store_without_a_data_set_is_refused_and_not_held(self):
        stored = []
        self.begin(lambda leg: serve(leg, stored), profile="aria")
        client = self.connect()
        client.send(wire.command(PLAN, C_STORE, wire.RT_PLAN, 3, False, {0x1000: "1.2.3"}))
        self.assert_answered(client, C_STORE, 3, 0xC000)
        self.assertEqual(self.sluice.held(), [])
        self.assertEqual(stored, [])
        self.assert_echoed(client, 4)

    def test_a_request_right_behind_upstreams_acceptance_reaches_the_client_after_it(self):
        def accept_and_ask(leg):
            _, request = leg.receive()
            leg.send(wire.associate_accept(request) + wire.echo_request(ECHO, 1))
        self.begin(accept_and_ask)
        client = self.connect()  # the acceptance came first
        asked = client.message()
        self.assertEqual((asked.field, asked.message_id), (C_ECHO, 1))
        client.send(asked.answer(SUCCESS))
        self.assert_answered(self.upstream.next(), C_ECHO, 1)

    def test_an_abort_right_behind_upstreams_acceptance_leaves_no_instance_unanswered(self):
        def abort_the_second(leg):
            if leg.number == 1:
                return serve(leg)  # what it accepts is known from then on
            _, request = leg.receive()
            return leg.send(wire.associate_accept(request) + ABORT)
        self.begin(abort_the_second, profile="aria")
        self.connect().release()
        client = self.connect()
        client.send(store(IMAGE, "1.2.3", "1.2.3.4", 5))
        self.assert_answered(client, C_STORE, 5, 0xA700)
        client.release()


class MoveFaults(RawCase):
    """Which move a sub-operation belongs to, the legs to destinations, conversion."""

    def begin_move(self, message_id, destination, study):
        """The client asks; returns the request as upstream hears it."""
        self.client.send(move(message_id, destination, study))
        request = self.leg.message()
        self.assertEqual((request.field, request.text(0x0600)), (C_MOVE, "SLUICE"))
        return request

    def begin(self, *args, **options):
        super().begin(*args, **options)
        self.client = self.connect()
        self.leg = self.upstream.next()

    def suboperations(self, **labels):
        return self.sluice.metric("sluice_move_suboperations_total", **labels)

    def test_what_comes_late_goes_to_its_own_destination(self):
        first, second = self.destination(), self.destination()
        self.begin(destinations={"ARCH": first, "PLAN": second})
        self.leg.send(move_answer(self.begin_move(7, "ARCH", "1.1"), completed=0, failed=0))
        self.assert_final(self.client, SUCCESS, completed=0, failed=0)
        request = self.begin_move(8, "PLAN", "2.2")
        self.assertEqual(self.bring("1.1", "1.1.9"), SUCCESS)
        self.leg.send(move_answer(request, completed=0, failed=0))
        self.assert_final(self.client, SUCCESS, completed=0, failed=0)
        self.assert_stored(first, "1.1.9")
        self.assert_stored(second)
        self.assertEqual(self.suboperations(destination="ARCH", outcome="late"), 1)
        self.assert_others_are_served()

    def test_an_instance_of_a_study_that_nobody_asked_for_is_delivered_nowhere(self):
        archive = self.destination()
        self.begin(destinations={"ARCH": archive})
        request = self.begin_move(7, "ARCH", "1.1")
        self.assertEqual(self.bring("9.9", "9.9.9"), 0x0124)
        self.leg.send(move_answer(request, completed=1, failed=0))
        self.assert_final(self.client, 0xA702, completed=0, failed=1)
        self.assert_stored(archive)
        self.assertEqual(self.suboperations(outcome="unattributed"), 1)
        self.assert_others_are_served()

    def test_the_end_of_upstream_in_a_move_is_told_with_all_that_never_came(self):
        archive = self.destination()
        self.begin(destinations={"ARCH": archive}, profile="aria")
        request = self.begin_move(7, "ARCH", "1.1")
        self.assertEqual(self.bring("1.1", "1.1.1"), SUCCESS)
        self.leg.send(move_answer(request, PENDING, remaining=7, completed=1, failed=0))
        told = self.client.message()
        while told.number(REMAINING) != 7:
            self.assertEqual(told.status, PENDING)
            told = self.client.message()
        self.leg.socket.close()
        self.assert_final(self.client, 0xA702, completed=1, failed=7)
        self.assert_stored(archive, "1.1.1")
        self.assert_moves_ended()
        self.assert_others_are_served()

    def test_a_release_in_the_middle_of_a_converted_instance_delivers_nothing_of_it(self):
        stored = []

        def late(leg):
            if leg.number > 1:  # the first time nobody can be asked: both syntaxes are possible
                serve(leg, stored)
            leg.socket.close()
        archive = self.destination(late)
        archive.stored = stored
        self.begin(destinations={"ARCH": archive})
        request = self.begin_move(7, "ARCH", "2.2")
        brings = self.sub_operations(((1, wire.CT, (wire.IMPLICIT, wire.EXPLICIT)),))
        self.assertEqual(wire.answered_contexts(brings.accepted), {1: (0, wire.EXPLICIT)})
        whole = instance("2.2", "2.2.1", explicit_element)
        brings.send(wire.request(1, C_STORE, wire.CT, 5, whole, {0x1000: "2.2.1"}))
        self.assert_answered(brings, C_STORE, 5)
        half = instance("2.2", "2.2.2", explicit_element)
        brings.send(wire.command(1, C_STORE, wire.CT, 6, True, {0x1000: "2.2.2"})
                    + wire.data(1, half, last=False) + RELEASE_RQ)
        self.assert_aborted(brings, source=0)
        brings.socket.close()
        wait_until(lambda: archive.ended == 2, SOON, "the leg to the destination to have ended")
        self.leg.send(move_answer(request, completed=2, failed=0))
        self.assert_final(self.client, 0xB000, completed=1, failed=1)
        self.assert_stored(archive, "2.2.1")
        self.assertEqual(stored[0].data_set, instance("2.2", "2.2.1"))  # it was converted
        self.assert_others_are_served()

    def test_a_dead_destination_of_an_ended_move_is_not_asked_again(self):
        dead = socket.create_server(("127.0.0.1", 0))  # connects, and is silent
        self.addCleanup(dead.close)
        archive = self.destination()
        self.begin(destinations={
            "DEAD": {"address": f"127.0.0.1:{dead.getsockname()[1]}",
                     "timeouts": {"association": "20s"}}, "ARCH": archive})
        self.leg.send(move_answer(self.begin_move(7, "DEAD", "1.1"), 0xA801))
        self.assertEqual(self.final(self.client).status, 0xA801)
        request = self.begin_move(8, "ARCH", "2.2")
        began = time.monotonic()
        self.assertEqual(self.bring("2.2", "2.2.1"), SUCCESS)
        self.assertLess(time.monotonic() - began, 4)
        dead.setblocking(False)
        self.assertRaises(BlockingIOError, dead.accept)  # nobody has called
        self.leg.send(move_answer(request, completed=1, failed=0))
        self.assert_final(self.client, SUCCESS, completed=1, failed=0)
        self.assert_stored(archive, "2.2.1")

    def test_two_associations_of_a_move_share_the_one_slot_at_the_destination(self):
        archive = self.destination()
        self.begin(destinations={"ARCH": {"address": archive.address, "max_associations": 1}},
                   answer_within="10s")
        request = self.begin_move(8, "ARCH", "2.2")
        first = self.sub_operations()
        first.send(store(1, "2.2", "2.2.1"))
        self.assert_answered(first, C_STORE, 5)
        # The first stays open and has the leg.
        self.assertEqual(self.bring("2.2", "2.2.2"), SUCCESS)
        first.send(store(1, "2.2", "2.2.3", 6))
        self.assert_answered(first, C_STORE, 6)
        first.release()
        self.leg.send(move_answer(request, completed=3, failed=0))
        self.assert_final(self.client, SUCCESS, completed=3, failed=0)
        self.assert_stored(archive, "2.2.1", "2.2.2", "2.2.3")

    def test_a_destination_that_ends_its_idle_leg_costs_no_instance(self):
        stored = []

        def take_one(leg):
            leg.accept()
            came = leg.next()
            if isinstance(came, wire.Message):
                stored.append(came)
                leg.send(came.answer(SUCCESS, {0x1000: came.text(0x1000)}))
                seen.wait(SOON)  # Sluice takes the leg for idle
                seen.clear()
                leg.send(ABORT)
            leg.socket.close()
        seen = threading.Event()
        self.addCleanup(seen.set)
        archive = self.destination(take_one)
        archive.stored = stored
        self.begin(destinations={"ARCH": archive})
        request = self.begin_move(8, "ARCH", "2.2")
        brings = self.sub_operations()
        for number in (1, 2, 3):
            brings.send(store(1, "2.2", f"2.2.{number}", number))
            self.assert_answered(brings, C_STORE, number)
            seen.set()
            wait_until(lambda: archive.ended == number, SOON, "the destination to end the leg")
        brings.release()
        self.leg.send(move_answer(request, completed=3, failed=0))
        self.assert_final(self.client, SUCCESS, completed=3, failed=0)
        self.assert_stored(archive, "2.2.1", "2.2.2", "2.2.3")

    def test_our_own_title_is_no_destination_of_a_clients_move(self):
        archive = self.destination()
        self.begin(destinations={"ARCH": archive})
        other = self.connect()
        leg = self.upstream.next()
        request = self.begin_move(77, "ARCH", "1.1")
        # By the number that the first one has upstream, whose sub-operations its own would seem.
        other.send(move(request.message_id, "SLUICE", "9.9"))
        self.assert_final(other, 0xA801, completed=None, failed=None)
        self.leg.send(move_answer(request, completed=0, failed=0))
        self.assert_final(self.client, SUCCESS, completed=0, failed=0)
        # Upstream has not heard of it: what it hears next is the release.
        other.send(RELEASE_RQ)
        self.assertEqual(leg.next()[0], wire.RELEASE_RQ)
        leg.send(RELEASE_RP)
        leg.socket.close()
        self.assertEqual(other.receive()[0], wire.RELEASE_RP)
        self.assert_stored(archive)
        self.assert_others_are_served()


class Drain(RawCase):
    """SIGTERM: what is under way ends, what is idle ends at once, nobody is left without a word."""

    ARTIM = "60s"  # nothing here may wait for it
    LIMIT = 30  # seconds

    def drain(self):
        self.sluice.send_signal(signal.SIGTERM)
        self.assert_logged("draining")

    def test_an_idle_association_to_our_own_title_ends_at_once(self):
        self.begin(limits={"drain": f"{self.LIMIT}s"})
        self.beside.socket.close()
        client = self.connect(((ECHO, wire.VERIFICATION, (wire.IMPLICIT,)),), called="SLUICE")
        self.assert_echoed(client, 1)
        self.drain()
        self.assert_aborted(client, source=0)
        client.socket.close()
        self.wait_for_end(self.LIMIT / 2)

    def test_an_echo_under_way_is_answered_and_then_the_association_ends_at_once(self):
        self.begin(limits={"drain": f"{self.LIMIT}s"})
        client = self.connect()
        leg = self.upstream.next()
        client.send(wire.echo_request(ECHO, 1))
        request = leg.message()
        self.drain()
        self.assert_aborted(self.beside, source=0)
        self.beside.socket.close()
        leg.send(request.answer(SUCCESS))
        self.assert_answered(client, C_ECHO, 1)
        for one in (client, leg):
            self.assert_aborted(one, source=0)
            one.socket.close()
        self.wait_for_end(self.LIMIT / 2)

    def test_a_move_that_upstream_never_answers_is_answered_at_the_limit(self):
        self.begin(destinations={"PACS": {"address": "127.0.0.1:1"}}, limits={"drain": "1s"})
        client = self.connect()
        leg = self.upstream.next()
        client.send(move(7, "PACS"))
        self.assertEqual(leg.message().field, C_MOVE)
        began = time.monotonic()
        self.drain()
        final = self.final(client)
        self.assertEqual((final.message_id, final.status), (7, 0xA702))
        self.assertGreaterEqual(time.monotonic() - began, 0.9)
        self.assert_aborted(client, source=0)
        # Nobody closes: neither ARTIM nor anything else of theirs is waited for any more.
        self.wait_for_end(self.LIMIT / 2)

    def test_a_move_under_way_is_brought_to_its_end(self):
        archive = self.destination()
        self.begin(destinations={"ARCH": archive}, limits={"drain": f"{self.LIMIT}s"})
        self.beside.socket.close()
        client = self.connect()
        leg = self.upstream.next()
        client.send(move(7, "ARCH", "1.1"))
        request = leg.message()
        brings = self.sub_operations()
        brings.send(store(1, "1.1", "1.1.1"))
        self.assert_answered(brings, C_STORE, 5)
        self.drain()
        brings.send(store(1, "1.1", "1.1.2", 6))
        self.assert_answered(brings, C_STORE, 6)
        self.assertEqual(self.bring("1.1", "1.1.3"), SUCCESS)  # one more association for it
        brings.release()
        brings.socket.close()
        leg.send(move_answer(request, completed=3, failed=0))
        self.assert_final(client, SUCCESS, completed=3, failed=0)
        self.assert_stored(archive, "1.1.1", "1.1.2", "1.1.3")
        for one in (client, leg):
            self.assert_aborted(one, source=0)
            one.socket.close()
        self.wait_for_end(self.LIMIT / 2)


if __name__ == "__main__":
    run_cases()
