"""One large dose: throughput, and how far memory grows with it."""
from . import instances, kernel
from .figures import Figure
from .registry import measure
from .run import carry
from .ways import TITLES


@measure("large")
def doses(run):
    for size, (frames, side) in run.scale["doses"].items():
        template = instances.dose(run.memory, f"dose-{frames}", frames, side)
        names = ["direct", "haproxy", "sluice", "dcmnet"]
        if template.size < 10 ** 8:
            names.append("orthanc")
        rounds = 1 if run.scale_name != "full" else 3
        speeds = {name: [] for name in run.ways(names)}
        peaks = {name: [] for name in run.ways(names)}
        for _ in range(rounds):
            for name, way in run.ways(names).items():
                before = None
                if way.pid:
                    kernel.forget_peak(way.pid)
                    before = kernel.memory(way.pid)["VmRSS"]
                one = carry(run.sink, way, template, messages=1)
                speeds[name].append(one["bytes"] / one["seconds"] / 1e6)
                if way.pid:
                    peaks[name].append((kernel.memory(way.pid)["VmHWM"] - before) / 1e6)
        for name in speeds:
            run.point("doses", TITLES[name], size, Figure(speeds[name]),
                      title="One RT Dose, one association", unit="MB/s", axis="dose")
            if peaks[name]:
                run.point("peaks", TITLES[name], size, Figure(peaks[name]), unit="MB",
                          title="Memory that one RT Dose adds at its peak", axis="dose")
