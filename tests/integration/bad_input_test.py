#!/usr/bin/python3
"""Peers that break PS3.8, fall silent or vanish: each ends alone, in time, counted and logged."""
import pathlib
import select
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403

ARTIM = 1  # seconds
SOON = 15  # seconds: a loaded machine is slow
UNEXPECTED = 2  # PS3.8 Table 9-26: reason of an A-ABORT by the provider
STORE = ((1, wire.VERIFICATION, (wire.IMPLICIT,)), (3, wire.CT, (wire.IMPLICIT,)))


def reset(connection):
    """Closes with RST in place of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def store_begun():
    """A C-STORE-RQ and the first of its data set; more is promised."""
    return (wire.command(3, 0x0001, wire.CT, 7, True, more={0x1000: "1.2.3.4"})
            + wire.data(3, b"\x08\x00\x05\x00" + b"\0" * 3000, last=False))


class BadInputCase(Case):
    """GOOD is storescp; a good association stays open beside the bad one, and must not notice."""

    def setUp(self):
        super().setUp()
        self.good = self.start(Storescp, aet="GOOD", options=("--fork",))
        self.begin()
        self.beside = wire.Wire(self.sluice)
        self.addCleanup(self.beside.socket.close)
        self.beside.associate(called="GOOD")
        self.echoes = 0
        self.assert_others_are_served()

    def begin(self, **applications):
        config = sluice_config(
            self.directory, {"GOOD": {"address": self.good.address}, **applications},
            clients=[{"ae_title": "ME", "from": "127.0.0.1"}], limits={"artim": f"{ARTIM}s"})
        self.sluice = self.start(Sluice, config, aet="GOOD")

    def connect(self):
        connection = wire.Wire(self.sluice, timeout=SOON)
        self.addCleanup(connection.socket.close)
        return connection

    def assert_others_are_served(self):
        """The association that was there before, and a new one."""
        self.echoes += 1
        self.beside.send(wire.echo_request(message_id=self.echoes))
        kind, _ = self.beside.receive()
        self.assertEqual(kind, wire.DATA)
        outcome = echoscu(self.sluice)
        self.assertEqual(outcome.returncode, 0, outcome)

    def assert_aborted(self, connection, source, reason=None):
        """A-ABORT from the side that is due (PS3.8 9.3.8: 0 user, 2 provider), then the end."""
        answer = connection.receive()
        while answer and answer[0] == wire.DATA:
            answer = connection.receive()
        self.assertIsNotNone(answer, "closed without an A-ABORT")
        kind, body = answer
        self.assertEqual(kind, wire.ABORT)
        self.assertEqual(body[2], source)
        if reason is not None:
            self.assertEqual(body[3], reason)
        self.assert_closed(connection)

    def assert_closed(self, connection):
        """Closed, in order: we have not closed our side, so ARTIM did it."""
        self.assertIsNone(connection.receive())

    def counted(self, reason, side="downstream"):
        return self.sluice.metric("sluice_protocol_errors_total", side=side, reason=reason)

    def ended(self, outcome, side="downstream", application="GOOD"):
        return self.sluice.metric("sluice_associations_total", side=side, outcome=outcome,
                                  application=application)

    def log_line(self, phrase, *parts):
        """The one warning or remark about what happened."""
        def lines():
            return [line for line in self.sluice.output().splitlines()
                    if phrase in line and all(part in line for part in parts)]
        wait_until(lines, SOON, f"a line with {phrase!r} and {parts}")
        self.assertEqual(len(lines()), 1, lines())

    def assert_counted(self, reason, **outcome):
        wait_until(lambda: self.counted(reason) == 1, SOON, f"{reason} to be counted")
        self.assert_others_are_served()


class BadInputBeforeAssociation(BadInputCase):
    """Connections that never become an association."""

    NO_ASSOCIATION = "connection ended without an association"

    def assert_refused(self, raw, counted, *logged):
        connection = self.connect()
        connection.send(raw)
        self.assert_aborted(connection, source=0)  # AA-1
        self.assert_counted(counted)
        self.log_line(self.NO_ASSOCIATION, *logged)

    def assert_times_out(self, raw):
        began = time.monotonic()
        connection = self.connect()
        connection.send(raw)
        self.assert_others_are_served()
        self.assert_closed(connection)  # AA-2: no A-ABORT
        self.assertGreaterEqual(time.monotonic() - began, 0.9 * ARTIM)
        self.assert_counted("timeout")
        self.log_line(self.NO_ASSOCIATION)

    def test_garbage_is_aborted(self):
        self.assert_refused(b"GET / HTTP/1.1\r\nHost: vmsdbd\r\n\r\n", "malformed_pdu")

    def test_an_endless_request_is_aborted_at_its_header(self):
        self.assert_refused(struct.pack(">BBI", wire.ASSOCIATE_RQ, 0, 0xFFFFFFFF), "pdu_too_large")

    def test_a_request_whose_items_lie_about_their_length_is_aborted(self):
        good = wire.associate_request(called="GOOD")
        at = good.index(struct.pack(">BB", 0x20, 0), 74)
        self.assert_refused(good[:at + 2] + b"\x7f\xff" + good[at + 4:], "malformed_pdu")

    def test_data_before_an_association_is_aborted(self):
        self.assert_refused(wire.echo_request(), "unexpected_pdu", "P-DATA-TF")

    def test_a_release_before_an_association_is_aborted(self):
        self.assert_refused(wire.pdu(wire.RELEASE_RQ, b"\0" * 4), "unexpected_pdu",
                            "A-RELEASE-RQ")

    def test_half_a_request_and_then_silence_ends_with_artim(self):
        self.assert_times_out(wire.associate_request(called="GOOD")[:60])

    def test_a_silent_peer_ends_with_artim(self):
        self.assert_times_out(b"")

    def test_a_request_that_drips_byte_by_byte_ends_with_artim(self):
        connection = self.connect()
        request = wire.associate_request(called="GOOD")
        began = time.monotonic()
        with self.assertRaises(OSError):
            for at in range(len(request)):
                connection.send(request[at:at + 1])
                time.sleep(ARTIM / 20)  # the drip itself; nothing is waited for
        self.assertLess(time.monotonic() - began, len(request) * ARTIM / 20)
        self.assert_counted("timeout")

    def test_one_that_comes_and_goes_is_mentioned(self):
        self.connect().socket.close()
        self.log_line(self.NO_ASSOCIATION, "closed")
        self.assert_others_are_served()


class BadInputFromClient(BadInputCase):
    """Clients that break an association."""

    def setUp(self):
        super().setUp()
        self.client = self.connect()
        self.client.associate(called="GOOD", contexts=STORE)

    def assert_broken(self, raw, counted, reason=None, source=2):
        self.client.send(raw)
        self.assert_aborted(self.client, source, reason)  # AA-8
        self.assert_ended(counted, "aborted")

    def assert_ended(self, counted, outcome):
        """Counted, logged, and upstream has lost it, too."""
        wait_until(lambda: self.ended(outcome) == 1, SOON, f"one association to be {outcome}")
        if counted:
            self.assertEqual(self.counted(counted), 1)
        self.log_line("association ended", f"{outcome}")
        wait_until(lambda: self.sluice.metric("sluice_associations", side="downstream",
                                              state="open") == 1, SOON, "the good one alone")
        self.assert_others_are_served()
        upstream = self.good.output()
        self.assertTrue("Association Aborted" in upstream or "Peer Aborted" in upstream, upstream)

    def test_an_unknown_pdu_type_is_aborted(self):
        self.assert_broken(wire.pdu(0x2A, b"\0" * 4), "malformed_pdu", 1)

    def test_a_second_request_is_aborted(self):
        self.assert_broken(wire.associate_request(called="GOOD"), "unexpected_pdu", UNEXPECTED)

    def test_a_pdu_beyond_what_was_agreed_is_aborted_at_its_header(self):
        self.assert_broken(struct.pack(">BBI", wire.DATA, 0, 0x7FFFFFF0), "pdu_too_large")

    def test_a_value_beyond_its_pdu_is_aborted(self):
        self.assert_broken(wire.pdu(wire.DATA, struct.pack(">IBB", 400, 1, 3) + b"\0" * 8),
                           "malformed_pdu")

    def test_a_message_on_a_context_that_was_not_accepted_is_aborted(self):
        self.assert_broken(wire.echo_request(context=99), "malformed_dimse")

    def test_a_command_set_that_is_none_is_aborted(self):
        self.assert_broken(wire.data(1, b"\xff" * 40, command=True), "malformed_dimse")

    def test_a_data_set_without_a_command_is_aborted(self):
        self.assert_broken(wire.data(3, b"\0" * 40), "malformed_dimse")

    def test_garbage_in_the_middle_of_an_instance_is_aborted(self):
        self.assert_broken(store_begun() + b"\xee" * 40, "malformed_pdu", 1)

    def test_a_release_in_the_middle_of_an_instance_is_aborted(self):
        # PS3.8 allows it, PS3.7 does not: the user aborts.
        self.assert_broken(store_begun() + wire.pdu(wire.RELEASE_RQ, b"\0" * 4),
                           "malformed_dimse", source=0)

    def test_a_reset_in_the_middle_of_an_instance_is_a_loss(self):
        self.client.send(store_begun())
        reset(self.client.socket)
        self.assert_ended(None, "lost")

    def test_a_client_that_vanishes_in_the_middle_of_an_instance_is_a_loss(self):
        self.client.send(store_begun())
        self.client.socket.close()
        self.assert_ended(None, "lost")

    def test_a_client_that_vanishes_between_messages_is_a_loss(self):
        self.client.socket.close()
        self.assert_ended(None, "lost")


def hear(peer, heard):
    """Notes the PDUs that come; None: the end; a fault: how the connection broke."""
    try:
        while peer.socket.fileno() >= 0:
            heard.append(peer.receive())
            if heard[-1] is None:
                break
    except OSError as fault:
        heard.append(fault)


def send_until_answered(connection, piece):
    """As long as it is taken: until the other side has something to say."""
    connection.socket.setblocking(False)
    rest = piece
    while not select.select([connection.socket], [], [], 0)[0]:
        if select.select([], [connection.socket], [], 0.1)[1]:
            rest = rest[connection.socket.send(rest):] or piece
    connection.socket.settimeout(SOON)


def accept_and_hear(peer):
    peer.accept()
    return peer.receive()


class BadInputFromUpstream(BadInputCase):
    """Applications that break an association, or never make one."""

    def begin(self):
        self.bad = None
        # Nothing listens there before a test says what does.
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listening.close)
        super().begin(BAD={
            "address": f"127.0.0.1:{self.listening.getsockname()[1]}",
            "timeouts": {"association": "1s", "response": "1s", "release": "1s",
                         "write_stall": "1s"}})

    def behave(self, how):
        self.came = []

        def behave_and_hear(peer):
            how(peer)
            hear(peer, self.came)
            peer.socket.close()
        self.bad = RawUpstream(behave_and_hear, self.listening, SOON)
        self.addCleanup(self.bad.close)

    def heard(self):
        """What came after it had behaved."""
        self.bad.next()
        return self.came

    def assert_upstream_aborted(self):
        kinds = [one[0] for one in self.heard() if isinstance(one, tuple)]
        self.assertEqual(kinds, [wire.ABORT])

    def assert_not_reached(self):
        """The client is told that it may try again (PS3.8 Table 9-21: 2/3/1)."""
        client = self.connect()
        client.send(wire.associate_request(called="BAD"))
        kind, body = client.receive()
        self.assertEqual((kind, body[1:]), (wire.ASSOCIATE_RJ, b"\2\3\1"))
        self.assert_closed(client)
        self.log_line("association rejected", "BAD")
        self.assertEqual(self.ended("rejected", application="BAD"), 1)
        self.assertEqual(self.ended("lost", "upstream", "BAD"), 1)
        self.assert_others_are_served()

    def assert_lost(self, message):
        client = self.connect()
        client.associate(called="BAD", contexts=STORE)
        client.send(message)
        self.assert_aborted(client, 0)
        wait_until(lambda: self.ended("aborted", application="BAD") == 1, SOON, "the abort")
        self.assertEqual(self.ended("lost", "upstream", "BAD"), 1)
        self.log_line("association ended", "BAD", "upstream: ")
        self.assert_others_are_served()

    def test_one_that_closes_at_the_request_is_not_reached(self):
        self.behave(lambda peer: peer.socket.close())
        self.assert_not_reached()

    def test_one_that_answers_the_request_with_garbage_is_not_reached(self):
        self.behave(lambda peer: peer.send(b"220 mail.example ESMTP\r\n"))
        self.assert_not_reached()
        self.heard()
        self.assertEqual(self.counted("malformed_pdu", "upstream"), 1)

    def test_one_that_never_answers_the_request_is_given_up(self):
        self.behave(lambda peer: None)
        self.assert_not_reached()
        kinds = [one and one[0] for one in self.heard()]
        self.assertEqual(kinds, [wire.ASSOCIATE_RQ, wire.ABORT, None])

    def test_one_that_vanishes_takes_its_client_with_it(self):
        def vanish(peer):
            accept_and_hear(peer)
            peer.socket.close()
        self.behave(vanish)
        self.assert_lost(wire.echo_request())

    def test_one_that_resets_in_the_middle_of_an_instance_takes_its_client_with_it(self):
        def vanish(peer):
            accept_and_hear(peer)
            reset(peer.socket)
        self.behave(vanish)
        self.assert_lost(store_begun())

    def test_one_that_answers_with_garbage_is_aborted(self):
        def answer(peer):
            accept_and_hear(peer)
            peer.send(b"\xee" * 64)
        self.behave(answer)
        self.assert_lost(wire.echo_request())
        self.assert_upstream_aborted()
        self.assertEqual(self.counted("malformed_pdu", "upstream"), 1)

    def test_one_that_never_answers_a_message_is_given_up(self):
        self.behave(accept_and_hear)
        self.assert_lost(wire.echo_request())
        self.assert_upstream_aborted()
        self.assertEqual(self.counted("timeout", "upstream"), 1)

    def test_a_response_is_due_only_after_the_request_has_been_sent(self):
        def take_and_answer(peer):
            peer.accept()
            while not peer.receive()[1].endswith(b"the end"):
                pass
            peer.send(wire.response(3, 0x8001, wire.CT, 7, 0))
        self.behave(take_and_answer)
        client = self.connect()
        client.associate(called="BAD", contexts=STORE)
        client.send(store_begun())
        for _ in range(4):  # a slow client: longer in all than the response may take
            time.sleep(0.4)
            client.send(wire.data(3, b"\0" * 100, last=False))
        client.send(wire.data(3, b"the end"))
        self.assertEqual(client.receive()[0], wire.DATA)

    def test_one_that_stops_reading_is_given_up_and_the_client_told(self):
        seen = threading.Event()
        self.addCleanup(seen.set)
        self.behave(lambda peer: (peer.accept(), seen.wait(SOON)))
        client = self.connect()
        client.associate(called="BAD", contexts=STORE)
        client.send(store_begun())
        send_until_answered(client, wire.data(3, b"\0" * 16000, last=False))
        self.assert_aborted(client, 0)
        wait_until(lambda: self.counted("write_stall", "upstream") == 1, SOON, "the stall")
        self.log_line("association ended", "BAD", "does not read")
        self.assert_others_are_served()


if __name__ == "__main__":
    run_cases()
