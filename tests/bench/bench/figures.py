"""Medians with their spread, ratios of what was measured in the same round, targets."""
import statistics


class Figure:
    """The median of several samples, with the least and the greatest."""

    def __init__(self, samples):
        self.samples = list(samples)
        assert self.samples, "nothing was measured"
        self.value = statistics.median(self.samples)
        self.spread = [min(self.samples), max(self.samples)]


def ratio(numerators, denominators):
    """Round by round: whatever else the machine did fell on both."""
    return Figure(n / d for n, d in zip(numerators, denominators, strict=True))


def difference(minuends, subtrahends):
    return Figure(m - s for m, s in zip(minuends, subtrahends, strict=True))


class Target:
    """What a figure has to reach. at_least or at_most; the aim is where the work may stop."""

    def __init__(self, measure, against, at_least=None, at_most=None, aim=None):
        self.measure, self.against, self.aim = measure, against, aim
        self.upward = at_least is not None
        self.target = at_least if self.upward else at_most

    def row(self, figure):
        """One element of `targets` in the JSON; without a figure: it was not measured."""
        met = None
        if figure is not None:
            met = figure.value >= self.target if self.upward else figure.value <= self.target
        return {"measure": self.measure, "against": self.against,
                "value": figure and figure.value, "spread": figure and figure.spread,
                "target": self.target, "aim": self.aim, "met": met}


# Issue by issue the same table, in its order.
TARGETS = {
    "throughput/haproxy": Target("CT C-STORE throughput, 16 associations, all cores",
                                 "HAProxy with as many threads", at_least=1.4, aim=2),
    "throughput/direct": Target("CT C-STORE throughput, 16 associations, all cores", "no proxy",
                                at_least=0.45, aim=0.55),
    "cpu/haproxy": Target("CPU per GB", "HAProxy", at_most=0.7, aim=0.5),
    "cpu/orthanc": Target("CPU per GB", "Orthanc forwarding", at_most=1 / 12, aim=1 / 20),
    "dcmtk/stock": Target("200 slices between stock DCMTK tools, speed", "direct", at_least=20,
                          aim=50),
    "dcmtk/nodelay": Target("200 slices between DCMTK tools with TCP_NODELAY=1, speed", "direct",
                            at_least=0.75, aim=0.85),
    "added/echo": Target("added p50 of a C-ECHO, µs", "direct", at_most=60, aim=35),
    "added/small": Target("added p50 of a 2.6 KB C-STORE, µs", "direct", at_most=100, aim=50),
    "memory/idle": Target("resident memory per idle association, KB", "", at_most=8, aim=3),
    "memory/active": Target("peak memory of 500 active associations over idle, MB", "",
                            at_most=64, aim=16),
    "held/small": Target("durable held 2.6 KB instances/s, 64 associations", "the disk alone",
                         at_least=0.5),
    "held/slice": Target("durable held instances of a CT slice's size/s, 64 associations",
                         "the disk alone", at_least=0.5),
    "restart": Target("ready after restart with 100,000 held, s", "", at_most=1, aim=0.2),
    "moves": Target("carried C-MOVE of 2,000 CT slices, speed",
                    "upstream moving straight to the destination", at_least=0.7),
}
