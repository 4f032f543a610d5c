"""Sluice between peers that a test plays by hand: the client, its upstream, where moves go."""
import struct

from . import wire
from .case import Case
from .process import wait_until
from .raw_upstream import RawUpstream, serve
from .sluice import Sluice, sluice_config

SOON = 15  # seconds: a loaded machine is slow
FIND, PLAN, ECHO, IMAGE, MOVE = CONTEXTS = 1, 3, 5, 7, 9
EVERYTHING = tuple((number, uid, (wire.IMPLICIT,)) for number, uid in zip(
    CONTEXTS, (wire.FIND, wire.RT_PLAN, wire.VERIFICATION, wire.CT, wire.MOVE)))
# Whole PDUs, and the type of each is wire.RELEASE_RQ and so on.
RELEASE_RQ, RELEASE_RP, ABORT = (wire.pdu(kind, b"\0" * 4) for kind in
                                 (wire.RELEASE_RQ, wire.RELEASE_RP, wire.ABORT))
C_STORE, C_FIND, C_MOVE, C_ECHO = 0x0001, 0x0020, 0x0021, 0x0030
SUCCESS, PENDING = 0x0000, 0xFF00
REMAINING, COMPLETED, FAILED = 0x1020, 0x1021, 0x1022  # elements of a C-MOVE-RSP
IN_A_MESSAGE = b"\0" * 400  # a piece of a data set; more is promised


def study_level(study=None):
    return wire.element(8, 0x0052, "STUDY ") + (wire.element(0x20, 0x000D, study) if study else b"")


def find(message_id=7):
    return wire.request(FIND, C_FIND, wire.FIND, message_id, study_level())


def move(message_id, destination, study=None):
    return wire.request(MOVE, C_MOVE, wire.MOVE, message_id, study_level(study),
                        {0x0600: destination})


def instance(study, uid, element=wire.element):
    return (element(8, 0x0016, wire.CT) + element(8, 0x0018, uid) + element(0x20, 0x000D, study)
            + element(0x20, 0x000E, study + ".1"))


def explicit_element(group, number, value, vr=b"UI"):
    """An element of a short VR in Explicit VR Little Endian."""
    value = value.encode() + b"\0" * (len(value) % 2)
    return struct.pack("<HH2sH", group, number, vr, len(value)) + value


def store(context, study, uid, message_id=5):
    return wire.request(context, C_STORE, wire.CT, message_id, instance(study, uid),
                        {0x1000: uid})


def store_begun(context=IMAGE):
    """A C-STORE-RQ and the first of its data set."""
    return (wire.command(context, C_STORE, wire.CT, 3, True, {0x1000: "1.2.3"})
            + wire.data(context, IN_A_MESSAGE, last=False))


def find_answer_begun(request):
    return wire.response(request.context, C_FIND | 0x8000, wire.FIND, request.message_id, PENDING,
                         has_data_set=True)


def move_answer(request, status=SUCCESS, **counts):
    """remaining, completed, failed, warning: what upstream counts."""
    names = {"remaining": REMAINING, "completed": COMPLETED, "failed": FAILED, "warning": 0x1023}
    return request.answer(status, {names[name]: value for name, value in counts.items()})


class RawCase(Case):
    """Sluice with a raw VMSDBD. An association to GOOD, which is beside it, must notice nothing."""

    ARTIM = "1s"

    def begin(self, upstream=None, destinations=None, limits=None, **application):
        """upstream: what it does with each association, by default: accept it.

        destinations: {title: a peer, or the keys of its application}
        """
        self.upstream = self.listen(upstream or wire.Wire.accept)
        good = self.listen(serve)
        others = {title: one if isinstance(one, dict) else {"address": one.address}
                  for title, one in (destinations or {}).items()}
        config = sluice_config(
            self.directory,
            {"VMSDBD": {"address": self.upstream.address, "settle": "100ms", **application},
             "GOOD": {"address": good.address}, **others},
            store={"directory": str(self.directory / "store"), "free_floor": "16MiB"},
            limits={"artim": self.ARTIM, **(limits or {})})
        self.sluice = self.start(Sluice, config)
        self.beside = self.connect(called="GOOD")

    def listen(self, behave, **how):
        peer = RawUpstream(behave, timeout=SOON, **how)
        self.addCleanup(peer.close)
        return peer

    def destination(self, behave=None):
        """A peer that takes what moves bring it: `stored`."""
        stored = []
        peer = self.listen(behave or (lambda leg: serve(leg, stored)))
        peer.stored = stored
        return peer

    def line(self):
        connection = wire.Wire(self.sluice, timeout=SOON)
        self.addCleanup(connection.socket.close)
        return connection

    def connect(self, contexts=EVERYTHING, **how):
        client = self.line()
        client.accepted = client.associate(contexts=contexts, **how)
        return client

    def sub_operations(self, contexts=((1, wire.CT, (wire.IMPLICIT,)),)):
        """An association by which upstream brings what a move asked for."""
        return self.connect(contexts, called="SLUICE", calling="VMSDBD")

    def bring(self, study, uid):
        """One sub-operation on an association of its own; returns its status."""
        association = self.sub_operations()
        association.send(store(1, study, uid))
        status = association.message().status
        association.release()
        association.socket.close()
        return status

    # ---- what a client was told

    def assert_answered(self, client, field, message_id, status=SUCCESS):
        answer = client.message()
        self.assertEqual((answer.field, answer.message_id, answer.status),
                         (field | 0x8000, message_id, status), answer)
        return answer

    def final(self, client):
        """The final response of the one move under way; Pending ones go before it."""
        answer = client.message()
        while answer.status == PENDING:
            answer = client.message()
        self.assertEqual(answer.field, C_MOVE | 0x8000)
        return answer

    def assert_final(self, client, status, **counts):
        answer = self.final(client)
        told = {"completed": answer.number(COMPLETED), "failed": answer.number(FAILED)}
        self.assertEqual((answer.status, told), (status, counts))
        return answer

    def assert_aborted(self, connection, source):
        """A-ABORT (PS3.8 9.3.8; source 0: user, 2: provider), whatever came before it."""
        came = connection.receive()
        while came and came[0] == wire.DATA:
            came = connection.receive()
        self.assertIsNotNone(came, "closed without an A-ABORT")
        self.assertEqual((came[0], came[1][2]), (wire.ABORT, source))

    # ---- what became of the rest

    def assert_others_are_served(self):
        """The association that was there before, and a new one."""
        self.assert_echoed(self.beside, 50)
        newcomer = self.connect(called="GOOD")
        self.assert_echoed(newcomer, 51)
        newcomer.release()
        newcomer.socket.close()

    def assert_echoed(self, client, message_id):
        client.send(wire.echo_request(ECHO, message_id))
        self.assert_answered(client, C_ECHO, message_id)

    def ended(self, outcome, side="downstream"):
        return self.sluice.metric("sluice_associations_total", side=side, outcome=outcome,
                                  application="VMSDBD")

    def assert_ended(self, outcome, side="downstream"):
        wait_until(lambda: self.ended(outcome, side) == 1, SOON, f"one {side} to be {outcome}")

    def assert_moves_ended(self):
        wait_until(lambda: self.sluice.metric("sluice_moves_in_progress") == 0, SOON,
                   "no move to be in progress")

    def associations(self, application="VMSDBD"):
        return [one for one in self.sluice.json("/api/v1/associations")["associations"]
                if one["application"] == application]

    def assert_logged(self, *parts):
        wait_until(lambda: any(all(part in line for part in parts)
                               for line in self.sluice.output().splitlines()), SOON,
                   f"a line with {parts}")

    def assert_stored(self, peer, *uids):
        self.assertEqual([one.text(0x1000) for one in peer.stored], list(uids))

    def wait_for_end(self, within):
        """Sluice ends by itself, in order; `within` seconds are well below its own limit."""
        self.assertEqual(self.sluice.wait(within), 0)
        self.sluice.assert_no_reports()
