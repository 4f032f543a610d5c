"""docs/performance.md and its plots, out of one run's results."""
import pathlib
import re

from .plots import plottable, svg

HEAD = """# Performance

Written by `tests/bench/run --write-docs`: do not edit it, run it.

One run measures everything, and the ways take turns within it, round by round: whatever else the
machine does falls on all. A ratio is the median of the rounds' ratios, in brackets the least and
the greatest. The load generator and the sink (`tests/bench/load.cc`, `sink.cc`) are our own on bare
sockets and share no code with Sluice. They share the machine with what is measured, so absolute
figures are those of this machine with all of that on it. The sink takes what it reads and throws it
away; the generator sends PDUs that were encoded beforehand.

- *no proxy*: generator to sink.
- *HAProxy*: TCP mode, as many threads as cores. It copies bytes and understands none.
- *Sluice*: metrics and logging as installed{rules}.
- *relay on dcmnet*: `tests/bench/relay_dcmnet.cc`, a thread for each association, each message
  whole: what somebody writes in an afternoon with DCMTK. TCP_NODELAY=1.
- *Orthanc*: stores (in memory), answers, and sends on in a job for each instance, the cheapest of
  its ways. TCP_NODELAY=1. Its time is taken until the sink has everything; what it keeps is deleted
  between the rounds.

TLS is not measured: there is none yet.
"""

REPEAT = """## How to repeat

    deploy/install-packages bench
    cmake --preset release && cmake --build --preset release
    tests/bench/run --write-docs          # about twenty minutes, on a quiet machine
    tests/bench/run --quick               # under five minutes
    tests/bench/run --json results.json   # the figures alone, `-`: on the standard output

Association counts above half the limit of open files (`ulimit -n`) are lowered to it.
"""

NOTES = {
    "latency": "What a way adds is its time less that of the direct way in the same round.",
    "durable": "*The disk alone* does the same steps, with as many writers, and nothing else "
               "(`tests/bench/disk.cc`).",
    "growth of a scrape": "Each destination has series of its own: a scrape takes as long as it "
                          "is.",
}


def number(value):
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def with_spread(value, spread):
    if value is None:
        return "not measured"
    if spread[0] == spread[1]:
        return number(value)
    return f"{number(value)} ({number(spread[0])} … {number(spread[1])})"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def target_table(targets):
    met = {True: "met", False: "**missed**", None: "–"}
    rows = []
    for one in targets:
        sign = "≥" if one["upward"] else "≤"
        rows.append([one["measure"], one["against"], with_spread(one["value"], one["spread"]),
                     f"{sign} {number(one['target'])}",
                     number(one["aim"]), met[one["met"]]])
    return table(["measure", "against", "measured", "target", "aim", ""], rows)


def curve_table(curve):
    series = curve["series"]
    xs = list(dict.fromkeys(point[0] for points in series.values() for point in points))
    rows = []
    for x in xs:
        row = [f"{x:,}" if isinstance(x, (int, float)) else x]
        for points in series.values():
            found = next((point for point in points if point[0] == x), None)
            row.append(with_spread(found[1], found[2:]) if found else "–")
        rows.append(row)
    return table([curve["x"], *series], rows)


def file_name(name):
    return "performance-" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") + ".svg"


def documents(machine, targets, curves, rules):
    """{file name: text}"""
    out = {}
    parts = [HEAD.format(rules=", and a rule that looks into each data set's head" if rules else
                         "; no rule looks into data sets, there are none yet"),
             "## Targets\n", target_table(targets)]
    parts.append("## Figures\n")
    for name, curve in curves.items():
        unit = f", {curve['unit']}" if curve["unit"] else ""
        parts.append(f"### {curve['title']}{unit}\n")
        if name in NOTES:
            parts.append(NOTES[name] + "\n")
        if plottable(curve):
            out[file_name(name)] = svg(curve)
            parts.append(f"![{curve['title']}]({file_name(name)})\n")
        parts.append(curve_table(curve))
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    parts.append("## Machine\n")
    parts.append(f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
                 f"Linux {machine['kernel']}; load {machine['load_at_start']} when it began.\n"
                 f"{versions}.\nMeasured {machine['date']}, scale `{machine['scale']}`.\n")
    parts.append(REPEAT)
    out["performance.md"] = "\n".join(parts)
    return out


def write(folder, texts):
    folder = pathlib.Path(folder)
    for old in folder.glob("performance-*.svg"):
        old.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text)
