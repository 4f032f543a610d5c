"""Growth: what one message, one scrape and one release cost as everything around them grows."""
import re
import statistics
import subprocess
import time

from . import programs
from .figures import Figure
from .registry import measure
from .run import carry
from .ways import Sluice

SCRAPES = 15
ME = {"ae_title": "ME", "from": "127.0.0.1"}


def scrape_seconds(sluice):
    samples = []
    for _ in range(SCRAPES):
        began = time.monotonic()
        sluice.metrics()
        samples.append(time.monotonic() - began)
    return statistics.median(samples)


def clients(_, upstream, count):
    """The one that calls is the last that is looked at."""
    others = [{"ae_title": f"CLIENT{number}", "from": "10.0.0.0/8"} for number in range(count - 1)]
    return {"clients": others + [ME], "applications": {"SINK": {"address": upstream.address}}}


def destinations(_, upstream, count):
    others = {f"OTHER{number}": {"address": "127.0.0.1:1"} for number in range(count - 1)}
    return {"applications": {**others, "SINK": {"address": upstream.address}}}


def held(folder, upstream, count):
    (folder / "store").mkdir(parents=True)
    subprocess.run([str(programs.program("held_instances")), "--fill", str(folder / "store"),
                    "--held", str(count)], check=True)
    return {"applications": {
        "VMSDBD": {"address": upstream.address, "profile": "aria", "mode": "enforce"},
        "SINK": {"address": upstream.address}}}


@measure("growth")
def growth(run):
    """All sizes run at the same time, and take turns."""
    sink = run.own(programs.Sink())
    sizes = run.scale["growth"]
    kinds = {"clients": (clients, sizes), "destinations": (destinations, sizes),
             "held instances": (held, [size * 100 for size in sizes])}
    for kind, (configured, counts) in kinds.items():
        running = {}
        for count in counts:
            folder = run.disk / f"growth-{kind.replace(' ', '-')}-{count}"
            keys = configured(folder, sink, count)
            running[count] = run.own(Sluice(sink, folder, rules=False, **keys)).start()
        found = {count: ([], []) for count in counts}
        for _ in range(run.scale["rounds"]):
            for count, sluice in running.items():
                sent = carry(sink, sluice, run.plan, seconds=run.scale["curve"])
                found[count][0].append(sent["p50"] * 1e6)
                found[count][1].append(scrape_seconds(sluice) * 1e3)
        for count, (messages, scrapes) in found.items():
            run.point("growth of a message", kind, count, Figure(messages), unit="µs",
                      title="A relayed 2.6 KB C-STORE as others grow, p50", axis="how many")
            run.point("growth of a scrape", kind, count, Figure(scrapes), unit="ms",
                      title="One scrape of /metrics as others grow", axis="how many")
            running[count].end()


@measure("releases")
def releases(run):
    """held_instances, which compares 1,000 held with so many in pairs."""
    for count in (size * 100 for size in run.scale["growth"]):
        if count <= 1000:
            continue
        done = subprocess.run([str(programs.program("held_instances")), "--held", str(count),
                               "--pairs", str(run.scale["rounds"])],
                              capture_output=True, text=True, check=True, cwd=run.disk)
        line = re.search(r"^1,000 released and delivered +(\S+) +(\S+) s$", done.stdout, re.M)
        for held_then, seconds in ((1000, line[1]), (count, line[2])):
            known = run.curves.get("growth of a release", {"series": {}})["series"]
            if held_then not in [point[0] for point in known.get("released", [])]:
                run.point("growth of a release", "released", held_then, Figure([float(seconds)]),
                          title="1,000 instances released and delivered, of so many held",
                          unit="s", axis="held instances")
