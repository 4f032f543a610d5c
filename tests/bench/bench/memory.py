"""Resident memory (user space) for each idle association, and at the peak of many active ones."""
import harness

from . import kernel, programs, ways
from .figures import Figure
from .registry import measure
from .run import carry

IDLE = ["haproxy", "sluice", "dcmnet"]
THREADS_AT_MOST = 2000  # of the relay that has one for each association


def fresh(run, names, folder):
    """Ways of their own to a sink of their own: nothing has passed through them yet."""
    sink = run.own(programs.Sink())
    for name in names:
        kind = ways.ALL[name]
        if name in run.scale["ways"] and getattr(kind, "available", lambda: True)():
            yield name, sink, run.own(kind(sink, run.memory / f"{folder}-{name}")).start()


def settled(pid):
    """RssAnon once it has not grown for a quarter of a second."""
    seen = []

    def steady():
        seen.append(kernel.memory(pid)["RssAnon"])
        return len(seen) > 5 and max(seen[-5:]) == min(seen[-5:])
    harness.wait_until(steady, within=30, what="memory to settle", every=0.05)
    return seen[-1]


@measure("idle")
def idle(run):
    for wanted in run.scale["idle"]:
        count = min(wanted, ways.most_associations())
        if count < wanted:
            run.say(f"open files are limited: {count} associations instead of {wanted}")
        for name, sink, way in fresh(run, IDLE, f"idle-{wanted}"):
            if name == "dcmnet" and count > THREADS_AT_MOST:
                continue
            programs.load(way.port, "echo", called=sink.aet, messages=1)
            before = settled(way.pid)
            standing = run.own(programs.Idle(way.port, count, called=sink.aet))
            figure = Figure([(settled(way.pid) - before) / count / 1024])
            standing.finish()
            run.point("idle", ways.TITLES[name], count, figure, unit="KB",
                      title="Memory of an idle association (RssAnon)", axis="associations")
            if name == "sluice":
                run.target("memory/idle", figure)  # of the greatest count, at last
            way.end()


@measure("active")
def active(run):
    count = run.scale["active"]
    for name, sink, way in fresh(run, ["haproxy", "sluice"], "active"):
        before = kernel.memory(way.pid)["VmRSS"]
        carry(sink, way, run.slice, associations=count, seconds=3 * run.scale["seconds"])
        figure = Figure([(kernel.memory(way.pid)["VmHWM"] - before) / 1e6])
        run.point("active", ways.TITLES[name], f"{count} associations storing CT slices", figure,
                  title="Peak memory over idle", unit="MB", axis="load")
        if name == "sluice":
            run.target("memory/active", figure)
        way.end()
