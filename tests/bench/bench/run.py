"""One run: its scale, its folders, the ways that are compared, and what was found."""
import contextlib
import pathlib
import shutil
import sys
import tempfile
import time

import harness

from . import figures, instances, kernel, programs, ways

SCALES = {  # rounds of each comparison, seconds of one way in one round, and sizes
    "smoke": {"rounds": 1, "seconds": 0.1, "associations": [1, 2, 4], "pdus": ["128 KB"],
              "doses": {"2 MB": (2, 512)}, "idle": [20], "active": 8, "matches": 10, "moved": 20,
              "held": 200, "slices": 2, "ways": ["direct", "haproxy", "sluice", "dcmnet"],
              "curve": 0.05, "growth": [1, 11]},
    "quick": {"rounds": 3, "seconds": 0.8, "associations": [1, 4, 16, 64],
              "pdus": ["16 KB", "64 KB", "128 KB"],
              "doses": {"80 MB": (76, 512), "1 GB": (1000, 512)}, "idle": [1000], "active": 500,
              "matches": 1000, "moved": 2000, "held": 100000, "slices": 200,
              "ways": list(ways.ALL), "curve": 0.4,
              "growth": [1, 10, 100, 1000]},
    "full": {"rounds": 7, "seconds": 3, "associations": [1, 4, 16, 64],
             "pdus": ["16 KB", "64 KB", "128 KB"],
             "doses": {"80 MB": (76, 512), "1 GB": (1000, 512)}, "idle": [1000, 10000],
             "active": 500, "matches": 1000, "moved": 2000, "held": 100000, "slices": 200,
             "ways": list(ways.ALL), "curve": 1.5,
             "growth": [1, 10, 100, 1000]},
}


class Run:
    """What the measures share. Use as a context: it ends all processes and removes its folders."""

    def __init__(self, scale):
        self.scale_name = scale
        self.scale = SCALES[scale]
        self.found = {}   # name of a target: Figure
        self.curves = {}  # name: {"title", "x", "unit", "series": {way: [[x, median, min, max]]}}
        self._stack = contextlib.ExitStack()
        self._ways = None
        self.sink = None
        self.rules = False  # whether Sluice looked into data sets' heads

    def __enter__(self):
        self.disk = self._folder(None)
        memory = pathlib.Path("/dev/shm")
        # What judges no figure needs no disk, and one place is enough for it.
        self.memory = (self.disk if self.scale_name == "smoke" or not memory.is_dir()
                       else self._folder(memory))
        self.slice = instances.ct_slice(self.memory)
        self.plan = instances.plan(self.memory)
        self.question, self.match = instances.find_identifier(self.memory)
        return self

    def __exit__(self, *fault):
        return self._stack.__exit__(*fault)

    def _folder(self, where):
        path = pathlib.Path(tempfile.mkdtemp(prefix="sluice-bench-", dir=where))
        self._stack.callback(shutil.rmtree, path, ignore_errors=True)
        return path

    def own(self, program):
        """Ends it with the run, at the latest."""
        self._stack.callback(program.end)
        return program

    def ways(self, names=None):
        """{name: started way} to self.sink, the same for all measures that ask."""
        if self._ways is None:
            self.sink = self.own(programs.Sink(matches=self.scale["matches"], match=self.match))
            self._ways = {}
            for name in self.scale["ways"]:
                kind = ways.ALL[name]
                if not getattr(kind, "available", lambda: True)():
                    self.say(f"{ways.TITLES[name]} is not installed: left out")
                    continue
                way = self.own(kind(self.sink, self.memory / name))
                self._ways[name] = way.start()
                self.rules = self.rules or getattr(way, "rules", False)
        return {name: way for name, way in self._ways.items() if names is None or name in names}

    def say(self, text):
        print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)

    def target(self, name, figure):
        self.found[name] = figure
        self.say(f"{figures.TARGETS[name].measure} / {figures.TARGETS[name].against or '-'}: "
                 f"{figure.value:.3g} {[float(f'{one:.3g}') for one in figure.spread]}")

    def point(self, curve, series, x, figure, *, title, unit, axis):
        """Adds a point; a curve is a table of the report, and a plot if x is a number."""
        curve = self.curves.setdefault(curve, {"title": title, "x": axis, "unit": unit,
                                               "series": {}})
        curve["series"].setdefault(series, []).append([x, figure.value, *figure.spread])

    def targets(self):
        return [target.row(self.found.get(name)) for name, target in figures.TARGETS.items()]


def carry(sink, way, template, **options):
    """Stores through a way to a sink; all that was sent must have been counted there.

    Returns {"seconds", "bytes", "messages", "user", "system", "p50", "p99"}.
    """
    sink.reset()
    before = kernel.cpu_seconds(way.pid) if way.pid else (0, 0)
    sent = programs.load(way.port, "store", template=template, called=sink.aet, **options)
    taken = sink.report()
    if way.forwards_later:
        taken = harness.wait_until(
            lambda: (now := sink.report())["instances"] >= sent["messages"] and now,
            within=600, what=f"{way.name} to send on what it took", every=0.05)
    # DCMTK writes a data set anew: some bytes fewer are as many instances.
    exact = way.name in ("direct", "haproxy", "sluice")
    if taken["instances"] != sent["messages"] or (exact and taken["bytes"] != sent["bytes"]):
        raise RuntimeError(f"{way.name}: sent {sent}, taken {taken}")
    after = kernel.cpu_seconds(way.pid) if way.pid else (0, 0)
    if way.forwards_later:
        way.forget()
    return {"seconds": max(sent["last"], taken["last"]) - sent["first"], "bytes": sent["bytes"],
            "messages": sent["messages"], "user": after[0] - before[0],
            "system": after[1] - before[1], "p50": sent["p50"], "p99": sent["p99"]}


def compare(run, template, names=None, rounds=None, **options):
    """{way: [carry() of each round]}, the ways taking turns."""
    found = {name: [] for name in run.ways(names)}
    for _ in range(rounds or run.scale["rounds"]):
        for name, way in run.ways(names).items():
            found[name].append(carry(run.sink, way, template, **options))
    return found


def speeds(samples):
    """MB a second of each round."""
    return [one["bytes"] / one["seconds"] / 1e6 for one in samples]
