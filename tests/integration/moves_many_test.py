#!/usr/bin/python3
"""Many C-MOVEs at once through the one AE title that upstream trusts."""
import collections
import pathlib
import random
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403

C_MOVE, PENDING = 0x0021, 0xFF00
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"


def uid_element(group, number, value):
    """A UI element in Explicit VR Little Endian."""
    raw = value.encode() + b"\0" * (len(value) % 2)
    return (group.to_bytes(2, "little") + number.to_bytes(2, "little") + b"UI"
            + len(raw).to_bytes(2, "little") + raw)


def write_series(directory, series, count):
    """Writes `count` small CT images of a series, Part 10; returns their UIDs."""
    uids = [f"{series}.{10000 + number}" for number in range(count)]
    for uid in uids:
        meta = (uid_element(2, 2, CT_IMAGE) + uid_element(2, 3, uid)
                + uid_element(2, 0x10, EXPLICIT)
                + uid_element(2, 0x12, "1.2.826.0.1.3680043.9.9999.3"))
        length = b"\x02\0\0\0UL\x04\0" + len(meta).to_bytes(4, "little")
        data_set = (uid_element(8, 0x16, CT_IMAGE) + uid_element(8, 0x18, uid)
                    + uid_element(0x20, 0xD, series.rsplit(".", 1)[0])
                    + uid_element(0x20, 0xE, series))
        (directory / f"{uid}.dcm").write_bytes(b"\0" * 128 + b"DICM" + length + meta + data_set)
    return uids


Final = collections.namedtuple("Final", "status completed failed warning failed_uids pending")


class MovingClient:
    """Moves over an association of its own; what it was told at the end, or what went wrong."""

    contexts = ((1, wire.MOVE, (wire.IMPLICIT,)),)

    def __init__(self, sluice, calling, timeout=120):
        self.sluice, self.calling, self.timeout = sluice, calling, timeout

    def begin(self, destination, keys, message_id=7, level="SERIES"):
        """The connection, with the request sent. keys: {element number of group 0020: UID}"""
        identifier = wire.element(8, 0x52, level + " " * (len(level) % 2)) + b"".join(
            wire.element(0x20, number, uid) for number, uid in sorted(keys.items()))
        line = wire.Wire(self.sluice, self.timeout)
        line.associate(called="VMSDBD", calling=self.calling, contexts=self.contexts)
        line.send(wire.request(1, C_MOVE, wire.MOVE, message_id, identifier,
                               {0x0600: destination}))
        return line

    def move(self, *what, message_id=7, **how):
        with self.begin(*what, message_id=message_id, **how) as line:
            final = final_of(line, message_id)
            line.release()
        return final


def final_of(line, message_id=7):
    """What the client is told from now on until the end."""
    pending = []
    answer = line.message()
    while answer.status == PENDING:
        pending.append([answer.number(number) for number in range(0x1020, 0x1024)])
        answer = line.message()
    assert answer.message_id == message_id, answer
    uids = answer.data_set[8:].rstrip(b"\0").decode().split("\\") if answer.data_set else []
    return Final(answer.status, *(answer.number(number) for number in (0x1021, 0x1022, 0x1023)),
                 uids, pending)


def cancel(message_id=7):
    return wire.command_set(1, {0x0100: 0x0FFF, 0x0120: message_id, 0x0800: 0x0101})


def at_once(jobs):
    """Runs them all, each on a thread; their results in order. Raises what one raised."""
    results, faults = [None] * len(jobs), []

    def run(place, job):
        try:
            results[place] = job()
        except BaseException as fault:  # pylint: disable=broad-except
            faults.append(fault)
    threads = [threading.Thread(target=run, args=one) for one in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return results


class ManyCase(Case):
    """VMSDBD (the stand-in) with series of CT images, and destinations that Sluice alone knows."""

    INSTANCES = 20

    def scene(self, series, destinations, move=None, more=None, sluice=None, **application):
        """destinations: how many titles D00, D01, … of the one peer that plays them all.

        more: further applications; sluice: further keys of the file; application: of VMSDBD's
        """
        port = free_port()
        self.upstream = self.start(FaultyPeer, aet="VMSDBD", switches={
            "destinations": {"SLUICE": f"127.0.0.1:{port}"}, "move": move or {}})
        (self.directory / "files").mkdir()
        self.series = {f"2.25.7.{number}": write_series(
            self.directory / "files", f"2.25.7.{number}", self.INSTANCES)
            for number in range(1, series + 1)}
        self.assertEqual(self.upstream.load(self.directory / "files"), series * self.INSTANCES)
        self.receiver = self.start(FaultyPeer, aet="D00", name="receiver")
        self.titles = [f"D{number:02}" for number in range(destinations)]
        config = sluice_config(
            self.directory,
            {"VMSDBD": {"address": self.upstream.address, "call_as": "SLUICE",
                        "max_associations": 500, "settle": "50ms", **application},
             **{title: self.destination(title) for title in self.titles}, **(more or {})},
            port=port, clients=[{"ae_title": "C*", "from": "127.0.0.1"}],
            store={"directory": str(self.directory / "store"), "free_floor": "64MiB"},
            limits={"associations": 2000, "associations_per_address": 2000}, **(sluice or {}))
        self.sluice = self.start(Sluice, config)

    def destination(self, title):
        return {"address": self.receiver.address, "max_associations": 500}

    def arrived(self):
        """{title: Counter of the UIDs that were stored there}"""
        found = collections.defaultdict(collections.Counter)
        for line in self.receiver.journal("store"):
            if line["kept"]:
                found[line["called"]][line["uid"]] += 1
        return found

    def mover(self, client, destination, series):
        return lambda: MovingClient(self.sluice, client).move(destination, {0xE: series})

    def assert_nothing_is_left(self):
        self.assertEqual(self.sluice.metric("sluice_moves_in_progress"), 0)
        self.assertEqual(self.sluice.metric("sluice_move_suboperations_total",
                                            outcome="unattributed"), 0)


class ManyMoves(ManyCase):
    """20 clients, each with ten moves at once, all under the same message ID."""

    def assert_everybody_gets_everything(self, originator):
        self.scene(series=10, destinations=20, move={"originator": originator})
        wanted = [(f"C{title}", title, series) for title in self.titles for series in self.series]
        random.shuffle(wanted)
        finals = at_once([self.mover(*one) for one in wanted])
        for final in finals:
            self.assertEqual(final[:5], (0, self.INSTANCES, 0, 0, []))
        everything = collections.Counter(uid for uids in self.series.values() for uid in uids)
        self.assertEqual(dict(self.arrived()), {title: everything for title in self.titles})
        self.assert_nothing_is_left()

    def test_with_move_originator(self):
        self.assert_everybody_gets_everything("both")

    def test_without_move_originator(self):
        self.assert_everybody_gets_everything("none")


class MovesTogether(ManyCase):
    """The same series to two destinations at once, on four loops."""

    INSTANCES = 10

    def assert_each_gets_its_own(self, originator, **application):
        self.scene(series=1, destinations=2, move={"originator": originator},
                   sluice={"loops": 4}, **application)
        series, uids = next(iter(self.series.items()))
        for _ in range(3):
            finals = at_once([self.mover(f"C{title}", title, series) for title in self.titles])
            for final in finals:
                self.assertEqual(final[:5], (0, self.INSTANCES, 0, 0, []))
        three_times = collections.Counter({uid: 3 for uid in uids})
        self.assertEqual(dict(self.arrived()), {title: three_times for title in self.titles})
        self.assert_nothing_is_left()

    def test_told_apart_by_move_originator(self):
        self.assert_each_gets_its_own("both", move_originator="yes")

    def test_told_apart_by_taking_turns(self):
        self.assert_each_gets_its_own("none")

    def test_told_apart_by_titles_of_a_pool(self):
        self.assert_each_gets_its_own("none", move_as=["SLUICE1", "SLUICE2"])
        used = {line["destination"] for line in self.upstream.journal("move")}
        self.assertEqual(used, {"SLUICE1", "SLUICE2"})

    def test_what_may_belong_to_both_is_delivered_to_neither(self):
        self.scene(series=1, destinations=2, move={"originator": "none"}, move_originator="yes")
        self.upstream.set(delay_ms={"first": 600_000, "suboperation": 5})

        def release():
            wait_until(lambda: len(self.upstream.journal("move_begins")) == 2, 60,
                       "both moves to be under way")
            self.upstream.set(delay_ms={"first": 0})
        *finals, _ = at_once([*(self.mover(f"C{title}", title, "2.25.7.1")
                                for title in self.titles), release])
        arrived = self.arrived()
        for title, final in zip(self.titles, finals):
            self.assertEqual(final.completed, len(arrived[title]))
            self.assertEqual(final.failed, self.INSTANCES - final.completed)
        refused = [line for line in self.upstream.journal("suboperation")
                   if line["status"] == 0x0124]
        self.assertGreater(len(refused), 0)
        self.assertEqual(self.sluice.metric("sluice_move_suboperations_total",
                                            outcome="unattributed"), len(refused))

    def scene(self, *args, **options):
        super().scene(*args, **options)
        self.upstream.set(destinations={title: f"127.0.0.1:{self.sluice.config.port}"
                                        for title in ("SLUICE", "SLUICE1", "SLUICE2")})


if __name__ == "__main__":
    run_cases()
