#!/usr/bin/python3
"""Moves that wait: for a destination that does not read, for a slot, for what upstream lists."""
import pathlib
import signal
import socket
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from harness.raw_case import *  # noqa: E402,F403
from moves_many_test import ManyCase, MovingClient, cancel as cancel_of, final_of  # noqa: E402

CANCELLED, UNABLE, NO_RESOURCES = 0xFE00, 0xA702, 0xA700
LARGE = bytes(4_000_000)  # more than the kernels on both sides keep for who does not read


def pixels(explicit=False):
    head = b"\xe0\x7f\x10\x00" + (b"OW\0\0" if explicit else b"")
    return head + len(LARGE).to_bytes(4, "little") + LARGE


def large_store(study, uid, data_set):
    """A C-STORE-RQ and its data set in PDUs of the usual size."""
    pieces = [data_set[at:at + 16000] for at in range(0, len(data_set), 16000)]
    return b"".join([wire.command(1, C_STORE, wire.CT, 5, True, {0x1000: uid}),
                     *(wire.data(1, piece, last=False) for piece in pieces[:-1]),
                     wire.data(1, pieces[-1])])


def cancel(message_id):
    return wire.command_set(MOVE, {0x0100: 0x0FFF, 0x0120: message_id, 0x0800: 0x0101})


class WaitingCase(RawCase):

    def begin(self, *args, **options):
        super().begin(*args, **options)
        self.client = self.connect()
        self.leg = self.upstream.next()

    def begin_move(self, message_id, destination, study):
        """The client asks; returns the request as upstream hears it."""
        self.client.send(move(message_id, destination, study))
        request = self.leg.message()
        self.assertEqual((request.field, request.text(0x0600)), (C_MOVE, "SLUICE"))
        return request

    def deaf(self, behave=wire.Wire.accept):
        """A destination that accepts an association and then reads nothing."""
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        return self.listen(behave, listening=listening)

    def crawling(self):
        """A destination that accepts an association and then reads at less than 1 MB/s."""
        ended = threading.Event()
        self.addCleanup(ended.set)

        def crawl(leg):
            leg.accept()
            while not ended.wait(0.02) and leg.socket.recv(16384):
                pass
        return self.deaf(crawl)


class DeafDestinations(WaitingCase):
    """Upstream is answered within `answer_within` of its last fragment, whatever write_stall is."""

    def assert_told_in_time(self, request, brings, data_set):
        brings.send(large_store("2.2", "2.2.1", data_set))
        self.assertEqual(brings.message().status, NO_RESOURCES)
        self.assert_logged("sub-operation failed", "2.2.1")
        self.leg.send(move_answer(request, completed=0, failed=1))
        self.assert_final(self.client, UNABLE, completed=0, failed=1)
        brings.release()
        self.assert_moves_ended()

    def test_one_of_several_that_crawls_keeps_neither_upstream_nor_the_other(self):
        quick = self.destination()
        self.begin(destinations={"QUICK": quick, "SLOW": self.crawling(),
                                 "EXPORT": {"move_to": ["QUICK", "SLOW"]}}, answer_within="1s")
        request = self.begin_move(7, "EXPORT", "2.2")
        self.assert_told_in_time(request, self.sub_operations(),
                                 instance("2.2", "2.2.1") + pixels())
        self.assert_stored(quick, "2.2.1")
        self.assert_logged("one of several", "destination=SLOW", "it has not answered in time")

    def test_one_that_gets_it_converted(self):
        def late(leg):
            if leg.number > 1:  # the first time nobody can be asked: both syntaxes are possible
                leg.accept()
            else:
                leg.socket.close()
        self.begin(destinations={"DEAF": self.deaf(late)}, answer_within="1s")
        request = self.begin_move(7, "DEAF", "2.2")
        brings = self.sub_operations(((1, wire.CT, (wire.IMPLICIT, wire.EXPLICIT)),))
        self.assertEqual(wire.answered_contexts(brings.accepted), {1: (0, wire.EXPLICIT)})
        self.assert_told_in_time(request, brings, instance("2.2", "2.2.1", explicit_element)
                                 + pixels(explicit=True))

    def test_one_to_which_it_is_cut_through(self):
        self.begin(destinations={"DEAF": self.deaf()}, answer_within="1s")
        request = self.begin_move(7, "DEAF", "2.2")
        self.assert_told_in_time(request, self.sub_operations(),
                                 instance("2.2", "2.2.1") + pixels())


    def mute(self):
        """A destination that does not answer the release of its first association before `end`."""
        asked, end, stored = threading.Event(), threading.Event(), []
        self.addCleanup(end.set)

        def behave(leg):
            if leg.number > 1:
                serve(leg, stored)
                return
            leg.accept()
            while isinstance(came := leg.next(), wire.Message):
                leg.send(came.answer(SUCCESS, {0x1000: came.text(0x1000)}))
            asked.set()
            end.wait(4 * SOON)
            leg.socket.close()
        peer = self.listen(behave)
        peer.asked, peer.end, peer.stored = asked, end, stored
        return peer

    def alone(self, peer, **more):
        return {"address": peer.address, "max_associations": 1, "timeouts": {"release": "60s"},
                **more}

    def test_what_is_held_does_not_wait_for_a_release_either(self):
        mute = self.mute()
        self.begin(destinations={"MUTE": self.alone(mute, profile="aria", machines=["A"],
                                                    confirm="status")}, answer_within="1s")
        request = self.begin_move(7, "MUTE", "2.2")
        brings = self.sub_operations(((1, wire.CT, (wire.IMPLICIT,)),
                                      (3, wire.RT_PLAN, (wire.IMPLICIT,))))
        brings.send(store(1, "2.2", "2.2.1"))
        self.assert_answered(brings, C_STORE, 5)
        plan = wire.element(8, 0x16, wire.RT_PLAN) + instance("2.2", "2.2.2")[34:]
        brings.send(wire.request(3, C_STORE, wire.RT_PLAN, 6, plan, {0x1000: "2.2.2"}))
        self.assert_answered(brings, C_STORE, 6, 0xB000)
        self.assertTrue(mute.asked.wait(SOON))
        mute.end.set()
        wait_until(lambda: [one.text(0x1000) for one in mute.stored] == ["2.2.2"], SOON,
                   "the plan to be delivered")
        self.leg.send(move_answer(request, completed=1, failed=0, warning=1))
        self.assert_final(self.client, 0xB000, completed=1, failed=0)
        brings.release()

    def test_one_that_does_not_answer_a_release_keeps_nobody_waiting(self):
        mute, quick = self.mute(), self.destination()
        self.begin(destinations={"QUICK": quick, "MUTE": self.alone(mute)})
        request = self.begin_move(7, "MUTE", "2.2")
        other = self.connect()
        its_leg = self.upstream.next()
        other.send(move(7, "QUICK", "3.3"))
        its_request = its_leg.message()
        first, second = self.sub_operations(), self.sub_operations()
        first.send(store(1, "2.2", "2.2.1"))
        self.assert_answered(first, C_STORE, 5)
        second.send(store(1, "2.2", "2.2.2"))  # wants the one association that the first has
        self.assertTrue(mute.asked.wait(SOON))
        first.send(store(1, "3.3", "3.3.1", 6))
        self.assert_answered(first, C_STORE, 6)
        mute.end.set()
        self.assert_answered(second, C_STORE, 5)
        for leg, answer in ((self.leg, move_answer(request, completed=2, failed=0)),
                            (its_leg, move_answer(its_request, completed=1, failed=0))):
            leg.send(answer)
        self.assert_final(self.client, SUCCESS, completed=2, failed=0)
        self.assert_final(other, SUCCESS, completed=1, failed=0)
        for one in (first, second):
            one.release()


class MovesInLine(WaitingCase):
    """What a move waits for can be called off."""

    def begin_listed(self, **how):
        """A move that is compared with what upstream lists; also returns who asks what that is."""
        self.begin(destinations={"ARCH": self.destination()}, complete_moves=1,
                   pending_interval="100ms", **how)
        request = self.begin_move(7, "ARCH", "2.2")
        return request, self.upstream.next()

    def list(self, line, *uids):
        """Answers the C-FINDs at SERIES and at IMAGE level."""
        series = explicit_element(0x20, 0x0D, "2.2") + explicit_element(0x20, 0x0E, "2.2.1")
        images = [explicit_element(8, 0x18, uid) + series for uid in uids]
        for answers in ([series], images):
            request = line.message()
            self.assertEqual(request.field, C_FIND)
            for answer in answers:
                line.send(find_answer_begun(request) + wire.data(request.context, answer))
            line.send(request.answer(SUCCESS))
        self.let_go(line)

    def let_go(self, line):
        self.assertEqual(line.next()[0], wire.RELEASE_RQ)
        line.send(RELEASE_RP)
        line.socket.close()

    def told_remaining(self, wanted):
        for _ in range(100):
            answer = self.client.message()
            self.assertEqual(answer.status, PENDING)
            if answer.number(REMAINING) == wanted:
                return
        self.fail(f"Remaining is never {wanted}")

    def test_remaining_is_what_upstream_lists_and_has_not_come(self):
        request, asks = self.begin_listed()
        self.told_remaining(1)  # it is not known yet
        self.list(asks, "2.2.1", "2.2.2", "2.2.3")
        self.told_remaining(3)
        self.assertEqual(self.bring("2.2", "2.2.1"), SUCCESS)
        self.told_remaining(2)
        for number in (2, 3, 4):  # one more than was listed
            self.assertEqual(self.bring("2.2", f"2.2.{number}"), SUCCESS)
        self.told_remaining(1)
        self.leg.send(move_answer(request, completed=4, failed=0))
        self.list(self.upstream.next(), *(f"2.2.{number}" for number in (1, 2, 3, 4)))
        self.assert_final(self.client, SUCCESS, completed=4, failed=0)

    def listing(self, **how):
        """The move has ended for upstream, which has not said yet what it lists."""
        request, forecast = self.begin_listed(**how)
        self.assertEqual(forecast.message().field, C_FIND)
        self.assertEqual(self.bring("2.2", "2.2.1"), SUCCESS)
        self.leg.send(move_answer(request, completed=1, failed=0))
        self.assert_aborted(forecast, 0)  # it is too late for Remaining
        lists = self.upstream.next()
        self.assertEqual(lists.message().field, C_FIND)
        return lists

    def test_a_move_is_cancelled_while_it_is_asked_what_is_missing(self):
        lists = self.listing()
        self.client.send(cancel(7))
        self.assert_final(self.client, CANCELLED, completed=1, failed=0)
        self.assert_aborted(lists, 0)
        self.client.send(wire.echo_request(ECHO, 8))  # the association is as good as new
        self.leg.send(self.leg.message().answer(SUCCESS))
        self.assert_answered(self.client, C_ECHO, 8)

    def test_a_move_that_is_abandoned_meanwhile_has_failed(self):
        lists = self.listing(limits={"drain": "500ms"})
        self.sluice.send_signal(signal.SIGTERM)
        self.assert_final(self.client, UNABLE, completed=1, failed=0)
        for one in (lists, self.client, self.leg, self.beside):
            one.socket.close()
        self.wait_for_end(SOON)

    def test_a_list_that_cannot_be_read_proves_nothing(self):
        request, asks = self.begin_listed()
        self.list(asks, "2.2.1")
        self.assertEqual(self.bring("2.2", "2.2.1"), SUCCESS)
        self.leg.send(move_answer(request, completed=1, failed=0))
        lists = self.upstream.next()
        asked = lists.message()
        broken = explicit_element(0x20, 0x0E, "2.2.1")[:-1]
        lists.send(find_answer_begun(asked) + wire.data(asked.context, broken)
                   + asked.answer(SUCCESS))
        self.assert_final(self.client, SUCCESS, completed=1, failed=0)
        self.assertEqual(lists.message().field, 0x0FFF)
        self.let_go(lists)
        self.assertEqual(self.sluice.metric("sluice_move_completions_total", outcome="unknown"), 1)

    def test_a_stop_does_not_wait_for_an_association_that_is_being_opened(self):
        told = threading.Event()
        self.addCleanup(told.set)

        def behave(leg):
            if leg.number > 1:
                leg.receive()  # and is silent
                opening.set()
                return
            leg.accept()
            told.wait(SOON)
            leg.socket.close()
        opening = threading.Event()
        silent = self.listen(behave)
        self.begin(destinations={"ARCH": silent}, limits={"drain": "500ms"})
        request = self.begin_move(7, "ARCH", "2.2")
        brings = self.sub_operations()
        told.set()
        wait_until(lambda: silent.ended == 1, SOON, "the destination to end the leg")
        brings.send(store(1, "2.2", "2.2.1"))
        self.assertTrue(opening.wait(SOON))
        self.sluice.send_signal(signal.SIGTERM)
        self.assertEqual(self.final(self.client).status, UNABLE)
        for one in (self.client, self.leg, brings, self.beside):
            one.socket.close()
        self.assertEqual(request.field, C_MOVE)
        self.wait_for_end(SOON)


class MovesWithoutRoom(ManyCase):
    """The one association that upstream takes is another client's, and a client waits long."""

    INSTANCES = 2

    def waiting(self, name):
        """A client of which the first association has shown what upstream accepts: it is answered
        by Sluice, and its move waits for an association."""
        client = MovingClient(self.sluice, name)
        client.contexts = (*client.contexts, (3, wire.RT_PLAN, (wire.IMPLICIT,)))
        with wire.Wire(self.sluice, 120) as warm:
            warm.associate(called="VMSDBD", calling=name, contexts=client.contexts)
            warm.release()
        return client

    def scene(self):
        super().scene(series=2, destinations=1, profile="aria", machines=["A"],
                      max_associations=2, max_moves=1, wait_for="10m", pending_interval="100ms")
        return list(self.series)

    def test_a_move_that_waits_for_it_is_cancelled_at_once(self):
        series, _ = self.scene()
        client = self.waiting("C2")
        with wire.Wire(self.sluice, 120) as has:
            has.associate(called="VMSDBD", calling="C1", contexts=MovingClient.contexts)
            with client.begin("D00", {0xE: series}) as waits:
                self.assertEqual(waits.message().status, PENDING)
                waits.send(cancel_of(7))
                self.assertEqual(final_of(waits)[:2], (CANCELLED, 0))
                waits.release()
            has.release()
        self.assertEqual(self.upstream.journal("move_begins"), [])

    def test_moves_of_one_client_share_what_the_first_has_waited_for(self):
        both = self.scene()
        client = self.waiting("C2")
        with wire.Wire(self.sluice, 120) as has:
            has.associate(called="VMSDBD", calling="C1", contexts=MovingClient.contexts)
            with client.begin("D00", {0xE: both[0]}) as waits:
                keys = wire.element(8, 0x52, "SERIES") + wire.element(0x20, 0xE, both[1])
                waits.send(wire.request(1, C_MOVE, wire.MOVE, 8, keys, {0x0600: "D00"}))
                waiting = set()
                while len(waiting) < 2:
                    answer = waits.message()
                    self.assertEqual(answer.status, PENDING)
                    waiting.add(answer.message_id)
                has.release()
                ended = set()
                while len(ended) < 2:
                    answer = waits.message()
                    if answer.status != PENDING:
                        self.assertEqual(answer.status, SUCCESS)
                        ended.add(answer.message_id)
                waits.release()
        self.assertEqual(len(self.receiver.arrivals()), 2 * self.INSTANCES)

    def test_a_client_that_goes_gives_up_its_place(self):
        series, other = self.scene()
        client = self.waiting("C2")
        with wire.Wire(self.sluice, 120) as has:
            has.associate(called="VMSDBD", calling="C1", contexts=MovingClient.contexts)
            with client.begin("D00", {0xE: series}) as waits:
                self.assertEqual(waits.message().status, PENDING)
            wait_until(lambda: self.sluice.metric("sluice_moves_in_progress") == 0, 30,
                       "the move to end")
            has.release()
        self.assertEqual(self.mover("C3", "D00", other)()[:2], (SUCCESS, self.INSTANCES))


if __name__ == "__main__":
    run_cases()
