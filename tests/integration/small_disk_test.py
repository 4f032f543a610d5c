#!/usr/bin/python3
"""What happens at store.free_floor, to whom comes and to whom is there already."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from harness import wire  # noqa: E402

MIB = 1 << 20
ROOM = 6 * MIB  # above the floor
DOSE, PLAN = "1.2.840.10008.5.1.4.1.1.481.2", "1.2.840.10008.5.1.4.1.1.481.5"
HELD, FULL = 0x0000, 0xA700


def dose(uid, size):
    """A dose of a plan that nobody has, in Implicit VR Little Endian."""
    plan = wire.element(8, 0x1150, PLAN) + wire.element(8, 0x1155, "1.2.3.9")
    return (wire.element(8, 0x0016, DOSE) + wire.element(8, 0x0018, uid)
            + wire.element(8, 0x0060, "RTDOSE") + wire.element(0x20, 0x000D, "1.2.3")
            + wire.element(0x20, 0x000E, "1.2.3.1")
            + wire.element(0x300C, 0x0002, wire.element(0xFFFE, 0xE000, plan))
            + wire.element(0x7FE0, 0x0010, bytes(size)))


class Sender:
    """A client that sends one dose after another, in parts."""

    def __init__(self, case):
        self.line = wire.Wire(case.sluice, timeout=60)
        case.addCleanup(self.line.socket.close)
        self.line.associate(contexts=((1, DOSE, (wire.IMPLICIT,)),))

    def begin(self, uid, size):
        self.rest = dose(uid, size)
        self.line.send(wire.command(1, 0x0001, DOSE, 7, True, {0x1000: uid}))

    def send(self, size=None):
        size = len(self.rest) if size is None else size
        part, self.rest = self.rest[:size], self.rest[size:]
        for at in range(0, len(part), 16000):
            last = not self.rest and at + 16000 >= len(part)
            self.line.send(wire.data(1, part[at:at + 16000], last=last))

    def store(self, uid, size):
        self.begin(uid, size)
        self.send()
        return self.status()

    def status(self):
        return self.line.message().status


class SmallDisk(Case):
    """There are 6 MiB above the floor, and nothing that is sent can be delivered."""

    def setUp(self):
        super().setUp()
        upstream = self.start(FaultyPeer, aet="VMSDBD")
        config = sluice_config(
            self.directory, {"VMSDBD": {"address": upstream.address, "profile": "aria"}},
            store={"directory": str(self.directory / "store"), "free_floor": "64MiB"})
        self.sluice = Sluice(config, self.directory, options=("--room", ROOM))
        self.sluice.command[0] = os.environ["SLUICE_BUILD"] + "/tests/sluice_small_disk"
        self._started.append(self.sluice)
        self.sluice.start()

    def files(self):
        spool = self.directory / "store" / "spool"
        return {path.name: path.stat().st_size for path in spool.iterdir()}

    def test_of_two_at_once_that_do_not_both_fit_one_is_refused_and_the_other_held(self):
        first, second = Sender(self), Sender(self)
        first.begin("1.2.3.4", 5 * MIB)
        first.send(4 * MIB)
        wait_until(lambda: sum(self.files().values()) >= 4 * MIB, 60, "4 MiB in the spool")
        self.assertEqual(second.store("1.2.3.5", 5 * MIB), FULL)
        first.send()
        self.assertEqual(first.status(), HELD)
        self.assertEqual([one["sop_instance_uid"] for one in self.sluice.held()], ["1.2.3.4"])
        self.assertEqual(second.store("1.2.3.6", 1000), HELD, "its association lives on")
        files = self.files()
        self.assertEqual(len(files), 2, files)
        self.assertFalse([name for name in files if name.endswith(".part")], files)
        self.assertIn("free_floor", self.sluice.output())

    def test_of_many_at_once_none_passes_the_floor(self):
        senders = [Sender(self) for _ in range(4)]
        for number, sender in enumerate(senders):
            sender.begin(f"1.2.3.{number + 1}", 3 * MIB)
        for _ in range(6):  # the last one sends what is left of all
            for sender in senders:
                sender.send(MIB // 2)
        for sender in senders:
            sender.send()
        statuses = [sender.status() for sender in senders]
        self.assertLessEqual(set(statuses), {HELD, FULL})
        self.assertIn(FULL, statuses)
        self.assertEqual(len(self.sluice.held()), statuses.count(HELD))
        self.assertEqual(len(self.files()), statuses.count(HELD))
        again = senders[statuses.index(FULL)]
        self.assertEqual(again.store("1.2.3.9.1", 1000), HELD)


if __name__ == "__main__":
    run_cases()
