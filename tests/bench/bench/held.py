"""Held instances: how many a second become durable, and how soon Sluice is ready with many."""
import subprocess
import time

import harness

from . import instances, programs
from .figures import Figure, ratio
from .registry import measure
from .ways import Sluice

ASSOCIATIONS = 64


def enforcing(run, upstream, folder, **keys):
    return run.own(Sluice(upstream, folder, rules=False, applications={"VMSDBD": {
        "address": upstream.address, "profile": "aria", "mode": "enforce"}}, **keys))


@measure("durable")
def durable(run):
    """Instances whose references exist nowhere: each is answered 0000H once it is on the disk."""
    upstream = run.own(programs.Sink(aet="VMSDBD"))  # finds nothing
    kinds = {"small": ("2.6 KB", run.plan),
             "slice": ("512 KB", instances.dose(run.memory, "held", 2, 256))}
    for kind, (size, template) in kinds.items():
        sluice = enforcing(run, upstream, run.disk / f"held-{kind}").start()
        # Once it has asked what upstream accepts it need not ask again for each association.
        programs.load(sluice.port, "store", template=template, called="VMSDBD", messages=1)
        rates = {"the disk alone": [], "Sluice": []}
        for number in range(run.scale["rounds"]):
            folder = run.disk / f"alone-{kind}-{number}"
            folder.mkdir()
            rates["the disk alone"].append(programs.disk_rate(
                folder, ASSOCIATIONS, template.size, run.scale["seconds"]))
            report = programs.load(sluice.port, "store", template=template, called="VMSDBD",
                                   associations=ASSOCIATIONS, seconds=run.scale["seconds"])
            rates["Sluice"].append(report["messages"] / (report["last"] - report["first"]))
        for name, samples in rates.items():
            run.point("durable", name, f"{size}, {ASSOCIATIONS} associations", Figure(samples),
                      title="Held instances that become durable", unit="1/s", axis="instances")
        run.target(f"held/{kind}", ratio(rates["Sluice"], rates["the disk alone"]))
        stored = upstream.report()["instances"]
        if stored:
            raise RuntimeError(f"{stored} instances went upstream that should have been held")
        # Its store is removed; an orderly end would be another measure.
        sluice.end()


@measure("restart")
def restart(run):
    upstream = run.own(programs.Sink(aet="VMSDBD"))
    worst = []
    for held in (0, run.scale["held"]):
        folder = run.disk / f"restart-{held}"
        (folder / "store").mkdir(parents=True)
        if held:
            subprocess.run([str(programs.program("held_instances")), "--fill",
                            str(folder / "store"), "--held", str(held)], check=True)
        sluice = enforcing(run, upstream, folder)
        sluice.start()
        if len(sluice.held()) < min(held, 1):
            raise RuntimeError("nothing is held after the start")
        for end, name in ((sluice.stop, "after an orderly end"), (sluice.kill9, "after a crash")):
            samples = []
            for _ in range(run.scale["rounds"]):
                end()
                began = time.monotonic()
                sluice.start(wait=False)
                harness.wait_until(sluice.is_ready, within=120, what="/readyz", every=0.002)
                samples.append(time.monotonic() - began)
            run.point("restart", name, f"{held:,} held", Figure(samples), unit="s",
                      title="Ready again, from the start of the process", axis="store")
            if held:
                worst.append(samples)
        sluice.end()
    run.target("restart", Figure(max(pair) for pair in zip(*worst, strict=True)))
