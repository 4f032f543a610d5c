"""Peers that are called and say exactly what a test tells them to (see wire.py)."""
import queue
import socket
import threading

from .wire import RELEASE_RP, RELEASE_RQ, Message, Wire, pdu


class RawUpstream:
    """A peer that is called: for each association a thread does what a test says.

    behave(wire), then the connection is left open for whoever asks next() for it. wire.number
    counts the associations from 1. What behave raises is raised by next() or close(); a
    connection that breaks in it is no fault, but its end.
    """

    host = "127.0.0.1"

    def __init__(self, behave=Wire.accept, listening=None, timeout=30):
        self._behave = behave
        self._listening = listening or socket.create_server((self.host, 0))
        self._timeout = timeout
        self._wires = []
        self._ended = queue.Queue()
        self._faults = []
        self._done = []
        self.port = self._listening.getsockname()[1]
        self.address = f"{self.host}:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def called(self):
        """How many associations (or connections that may become one) have come."""
        return len(self._wires)

    @property
    def ended(self):
        """For how many of them behave has returned."""
        return len(self._done)

    def next(self):
        """The next association that behave is done with, in the order of that."""
        try:
            wire = self._ended.get(timeout=self._timeout)
        except queue.Empty:
            raise AssertionError(f"no association within {self._timeout} s") from None
        self._raise_fault()
        return wire

    def close(self):
        """Nobody is taken any more, and all connections end."""
        for one in (self._listening, *(wire.socket for wire in self._wires)):
            try:
                one.shutdown(socket.SHUT_RDWR)  # wakes whoever waits on it, as close() does not
            except OSError:
                pass
            one.close()
        self._raise_fault()

    def _raise_fault(self):
        if self._faults:
            raise self._faults[0]

    def _accept(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            wire = Wire.adopt(connection, self._timeout)
            wire.number = len(self._wires) + 1
            self._wires.append(wire)
            threading.Thread(target=self._serve, args=(wire,), daemon=True).start()

    def _serve(self, wire):
        try:
            self._behave(wire)
        except OSError:
            wire.socket.close()
        except Exception as fault:  # pylint: disable=broad-except
            self._faults.append(fault)
        self._done.append(wire)
        self._ended.put(wire)


def serve(wire, stored=None):
    """Accepts, then answers each C-ECHO and C-STORE with success until the peer has had enough.

    stored: a list that gets the C-STOREs.
    """
    wire.accept()
    while isinstance(came := wire.next(), Message):
        if came.field == 0x0001 and stored is not None:
            stored.append(came)
        more = {0x1000: came.text(0x1000)} if came.field == 0x0001 else None
        wire.send(came.answer(0, more))
    if came and came[0] == RELEASE_RQ:
        wire.send(pdu(RELEASE_RP, b"\0" * 4))
    wire.socket.close()
