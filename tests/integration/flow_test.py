#!/usr/bin/python3
"""Memory: large objects and slow receivers do not make the process grow."""
import pathlib
import resource
import selectors
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from harness import wire as w  # noqa: E402
import pydicom  # noqa: E402

MIB = 1 << 20


class LargeObject(Case):
    def test_an_80_mb_dose_is_relayed_without_growing_by_16(self):
        dose = pydicom.dcmread(raystation_chain().dose)
        dose.PixelData = bytes(80 * 1000 * 1000)
        large = self.directory / "dose.dcm"
        dose.save_as(large)
        sink = self.start(Storescp, aet="SINK")
        config = sluice_config(self.directory, {"SINK": sink},
                               store={"directory": str(self.directory / "store"),
                                      "free_floor": "64MiB"})
        sluice = self.start(Sluice, config, aet="SINK")
        # What the first association of all costs is no part of the question.
        self.assertEqual(storescu(sluice, [raystation_chain().plan]).returncode, 0)
        before, most, ended = sluice.resident_bytes(), [0], threading.Event()

        def watch():
            while not ended.wait(0.005):
                most[0] = max(most[0], sluice.resident_bytes())
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            outcome = storescu(sluice, [large])
        finally:
            ended.set()
            watcher.join()
        self.assertEqual(outcome.returncode, 0, outcome)
        arrived = sink.files()[str(dose.SOPInstanceUID)]
        self.assertEqual(canonical_sha256(arrived), canonical_sha256(large))
        print(f"grew by {(most[0] - before) / 1e6:.1f} MB")
        self.assertGreater(most[0], 0)
        self.assertLess(most[0] - before, 16 * 1000 * 1000)


class SlowSink(threading.Thread):
    """Accepts any association and then reads some 10 KB/s of each connection."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.ended = threading.Event()
        self.connections = []

    def run(self):
        selector = selectors.DefaultSelector()
        selector.register(self.listener, selectors.EVENT_READ)
        next_turn = time.monotonic()
        while not self.ended.is_set():
            for key, _ in selector.select(0.05):
                if key.fileobj is self.listener:
                    connection = self.listener.accept()[0]
                    selector.register(connection, selectors.EVENT_READ)
                    continue
                connection = key.fileobj
                head = connection.recv(6, socket.MSG_WAITALL)
                body = connection.recv(int.from_bytes(head[2:], "big"), socket.MSG_WAITALL)
                connection.sendall(w.associate_accept(body))
                selector.unregister(connection)
                self.connections.append(connection)
            if time.monotonic() < next_turn:
                continue
            next_turn = time.monotonic() + 0.1
            for connection in self.connections:
                connection.setblocking(False)
                try:
                    connection.recv(1000)
                except OSError:
                    pass
        for connection in [self.listener, *self.connections]:
            connection.close()


class SlowSinks(Case):
    ASSOCIATIONS = 500
    CT = "1.2.840.10008.5.1.4.1.1.2"

    def client(self, sluice):
        peer = w.Wire(sluice)
        # What clients have in the kernel is on machines of their own elsewhere: here 500 of them
        # would use up the memory of all TCP.
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32768)
        peer.send(w.associate_request(called="SINK", contexts=((1, self.CT, (w.IMPLICIT,)),)))
        kind, _ = peer.receive()
        self.assertEqual(kind, w.ASSOCIATE_AC)
        instance = "1.2.826.0.1.3680043.9.9999.7"
        peer.send(w.command(1, 0x0001, self.CT, 1, True, {0x1000: instance}))
        return peer

    def fill(self, peers):
        """Sends into all of them what is taken, until nobody takes more."""
        one = w.data(1, bytes(16000), last=False)
        pending = {peer: one * 16 for peer in peers}
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < 1.0:
            for peer, rest in pending.items():
                peer.socket.setblocking(False)
                try:
                    sent = peer.socket.send(rest)
                except BlockingIOError:
                    continue
                pending[peer] = rest[sent:] or one * 16
                if sent > 20000:  # more than what trickles through to the sinks
                    quiet_since = time.monotonic()

    def test_500_associations_into_a_crawling_sink_stay_under_the_budget(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        sink = SlowSink()
        sink.start()
        self.addCleanup(sink.join)
        self.addCleanup(sink.ended.set)
        budget = 32 * MIB
        config = sluice_config(
            self.directory,
            {"SINK": {"address": sink.address, "max_associations": self.ASSOCIATIONS + 10}},
            store={"directory": str(self.directory / "store"), "free_floor": "64MiB"},
            limits={"buffers": "32MiB", "associations": 600, "associations_per_address": 600,
                    "drain": "100ms", "artim": "1s"})
        sluice = self.start(Sluice, config, aet="SINK")
        idle = sluice.resident_bytes()
        peers = [self.client(sluice) for _ in range(self.ASSOCIATIONS)]
        self.fill(peers)
        self.assertLessEqual(sluice.metric("sluice_buffer_bytes"), budget)
        self.assertGreater(sluice.metric("sluice_buffer_bytes"), budget / 4)
        grown = sluice.resident_bytes() - idle
        print(f"{self.ASSOCIATIONS} associations: {sluice.metric('sluice_buffer_bytes') / MIB:.1f} "
              f"MiB in buffers, grew by {grown / MIB:.1f} MiB")
        self.assertLess(grown, budget + 32 * MIB)
        self.assertEqual(sluice.metric("sluice_associations", side="downstream", state="open"),
                         self.ASSOCIATIONS)
        for peer in peers:
            peer.socket.close()
        sink.ended.set()
        wait_until(lambda: sluice.metric("sluice_associations", state="open") == 0, 60,
                   "every association to end")
        wait_until(lambda: sluice.metric("sluice_buffer_bytes") == 0, 30, "every buffer to be free")


if __name__ == "__main__":
    run_cases()
