"""C-STORE of CT slices and of small instances: throughput, CPU per GB, over all ways."""
from .figures import Figure, ratio
from .programs import PDUS
from .registry import measure
from .run import compare, speeds
from .ways import TITLES

ASSOCIATIONS, PDU = 16, "64 KB"  # of the targets


def per_gigabyte(samples, which):
    return [sum(one[name] for name in which) / (one["bytes"] / 1e9) for one in samples]


@measure("stores")
def slices(run):
    found = compare(run, run.slice, associations=ASSOCIATIONS, pdu=PDUS[PDU],
                    seconds=run.scale["seconds"])
    for name, samples in found.items():
        for what, unit, figures in (
                ("throughput", "MB/s", speeds(samples)),
                ("slices", "1/s", [one["messages"] / one["seconds"] for one in samples]),
                ("p50", "ms", [one["p50"] * 1e3 for one in samples]),
                ("p99", "ms", [one["p99"] * 1e3 for one in samples])):
            run.point("stores", TITLES[name], f"{what}, {unit}", Figure(figures),
                      title=f"CT slices, {ASSOCIATIONS} associations, {PDU} PDUs", unit="",
                      axis="figure")
        if name != "direct":
            for what, which in (("user", ["user"]), ("system", ["system"]),
                                ("both", ["user", "system"])):
                run.point("cpu", TITLES[name], what, Figure(per_gigabyte(samples, which)),
                          title="CPU of the proxy, seconds per GB of CT slices", unit="s/GB",
                          axis="mode")
    both = {name: per_gigabyte(samples, ["user", "system"]) for name, samples in found.items()}
    for name in ("haproxy", "direct"):
        if name in found:
            run.target(f"throughput/{name}", ratio(speeds(found["sluice"]), speeds(found[name])))
    for name in ("haproxy", "orthanc"):
        # A run too short for the kernel's clock has no CPU time at all.
        if name in found and all(both[name]):
            run.target(f"cpu/{name}", ratio(both["sluice"], both[name]))


@measure("curves")
def curves(run):
    """Without Orthanc, which takes as long for each point as all others together."""
    names = ["direct", "haproxy", "sluice", "dcmnet"]
    rounds = 1 if run.scale_name != "full" else 3
    lengths = run.scale["pdus"] if run.scale_name == "full" else [run.scale["pdus"][-1]]
    for length in lengths:
        for associations in run.scale["associations"]:
            found = compare(run, run.slice, names, rounds, associations=associations,
                            pdu=PDUS[length], seconds=run.scale["curve"])
            for name, samples in found.items():
                run.point(f"associations at {length}", TITLES[name], associations,
                          Figure(speeds(samples)), title=f"CT slices, PDUs of {length}",
                          unit="MB/s", axis="associations")
    for length in run.scale["pdus"]:
        found = compare(run, run.slice, names, rounds, associations=ASSOCIATIONS,
                        pdu=PDUS[length], seconds=run.scale["curve"])
        for name, samples in found.items():
            run.point("pdu", TITLES[name], PDUS[length] // 1024, Figure(speeds(samples)),
                      title=f"CT slices, {ASSOCIATIONS} associations", unit="MB/s",
                      axis="PDU length, KB")


@measure("small")
def small(run):
    for associations in run.scale["associations"]:
        found = compare(run, run.plan, ["direct", "haproxy", "sluice", "dcmnet"],
                        1 if run.scale_name != "full" else 3, associations=associations,
                        seconds=run.scale["curve"])
        for name, samples in found.items():
            run.point("small", TITLES[name], associations,
                      Figure(one["messages"] / one["seconds"] for one in samples),
                      title="2.6 KB C-STOREs", unit="1/s", axis="associations")
