#!/usr/bin/python3
"""Moves that wait: for a destination that does not read, for an association."""
import pathlib
import signal
import socket
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from harness.raw_case import *  # noqa: E402,F403

UNABLE, NO_RESOURCES = 0xA702, 0xA700
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


class MovesInLine(WaitingCase):
    """What a move waits for can be called off."""

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


if __name__ == "__main__":
    run_cases()
