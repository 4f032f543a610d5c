"""Storage commitment (PS3.4 J) by hand: what a client asks, and how it is told."""
import io
import struct

from pydicom.filereader import read_dataset

from . import wire
from .wire import RELEASE_RP, RELEASE_RQ, Message, pdu

PUSH_MODEL = "1.2.840.10008.1.20.1"
INSTANCE = "1.2.840.10008.1.20.1.1"
N_EVENT_REPORT, N_ACTION = 0x0100, 0x0130
COMPLETE, FAILURES_EXIST = 1, 2


def _sequence(number, items):
    coded = b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(one)) + one for one in items)
    return wire.element(0x0008, number, coded)


def request_data(transaction, instances):
    """The data set of a request, Implicit VR LE; `instances`: [(SOP class, SOP instance), …]."""
    coded = wire.element(8, 0x1195, transaction) if transaction else b""
    return coded + _sequence(0x1199, [wire.element(8, 0x1150, sop_class)
                                      + wire.element(8, 0x1155, uid)
                                      for sop_class, uid in instances])


def action(context, message_id, data_set, action_type=1, instance=INSTANCE, sop_class=PUSH_MODEL,
           field=N_ACTION):
    """An N-ACTION-RQ (PS3.7 10.3.5.1); without a data set if it is None."""
    raw = wire.command_set(context, {0x0003: sop_class, 0x0100: field, 0x0110: message_id,
                                     0x0800: 0x0101 if data_set is None else 1,
                                     0x1001: instance, 0x1008: action_type})
    return raw if data_set is None else raw + wire.data(context, data_set)


class Report:
    """What an N-EVENT-REPORT-RQ says."""

    def __init__(self, message, implicit=True):
        assert message.field == N_EVENT_REPORT, f"{message} is no report"
        assert message.text(0x0002) == PUSH_MODEL and message.text(0x1000) == INSTANCE, message
        self.event_type = message.number(0x1002)
        told = read_dataset(io.BytesIO(message.data_set), implicit, True)
        self.transaction = str(told.TransactionUID)
        self.sequences = [element.keyword for element in told if element.VR == "SQ"]
        self.committed = [(str(one.ReferencedSOPClassUID), str(one.ReferencedSOPInstanceUID))
                          for one in told.get("ReferencedSOPSequence", ())]
        self.failed = {(str(one.ReferencedSOPClassUID), str(one.ReferencedSOPInstanceUID)):
                       one.FailureReason for one in told.get("FailedSOPSequence", ())}


class Listener:
    """Where a client is told: for RawUpstream. One association, one report, acknowledged.

    faults: what it does instead with the first reports, in order: a status, or None: it closes.
    """

    def __init__(self, faults=(), roles=None):
        self.reports = []
        self.requests = []
        self._faults = list(faults)
        self._roles = {PUSH_MODEL: (0, 1)} if roles is None else roles

    def __call__(self, leg):
        body = leg.accept(self._roles)
        self.requests.append(body)
        syntax = wire.answered_contexts(wire.associate_accept(body)[6:])[1][1]
        message = leg.next()
        if not isinstance(message, Message):
            leg.socket.close()
            return
        report = Report(message, syntax == wire.IMPLICIT)
        status = self._faults.pop(0) if self._faults else 0
        self.reports.append(report)
        if status is not None:
            leg.send(message.answer(status))
            came = leg.next()
            if came and came[0] == RELEASE_RQ:
                leg.send(pdu(RELEASE_RP, b"\0" * 4))
        leg.socket.close()
