"""What a way adds to one message, and how many associations and queries it carries."""
from . import programs
from .figures import Figure, difference
from .registry import measure
from .run import carry
from .ways import TITLES

WAYS = ["direct", "haproxy", "sluice", "dcmnet"]  # what answers as the sink does


def turns(run, one):
    """{way: [one(way) of each round]}, the ways taking turns."""
    found = {name: [] for name in run.ways(WAYS)}
    for _ in range(run.scale["rounds"]):
        for name, way in run.ways(WAYS).items():
            found[name].append(one(way))
    return found


def microseconds(samples, which):
    return [one[which] * 1e6 for one in samples]


@measure("latency")
def latency(run):
    seconds = run.scale["seconds"]
    kinds = {
        "C-ECHO": ("echo", lambda way: programs.load(way.port, "echo", called=run.sink.aet,
                                                     seconds=seconds)),
        "2.6 KB C-STORE": ("small", lambda way: carry(run.sink, way, run.plan, seconds=seconds))}
    for kind, (name_of_target, one) in kinds.items():
        found = turns(run, one)
        for which in ("p50", "p99"):
            base = microseconds(found["direct"], which)
            for name, samples in found.items():
                figure = (Figure(base) if name == "direct"
                          else difference(microseconds(samples, which), base))
                run.point("latency", TITLES[name], f"{kind}, {which}", figure, unit="µs",
                          title="One association: time of a message directly, and what a way adds",
                          axis="message")
                if name == "sluice" and which == "p50":
                    run.target(f"added/{name_of_target}", figure)


def rate(report):
    return report["messages"] / (report["last"] - report["first"])


@measure("rates")
def rates(run):
    seconds = run.scale["seconds"]
    kinds = {
        "C-ECHO, 16 associations": lambda way: rate(programs.load(
            way.port, "echo", called=run.sink.aet, associations=16, seconds=seconds)),
        "associations, 8 at once": lambda way: rate(programs.load(
            way.port, "associate", called=run.sink.aet, associations=8, seconds=seconds)),
        f"C-FIND with {run.scale['matches']:,} answers, 4 associations": lambda way: finds(
            run, way, seconds)}
    for kind, one in kinds.items():
        for name, samples in turns(run, one).items():
            run.point("rates", TITLES[name], kind, Figure(samples), unit="1/s",
                      title="Operations a second", axis="operation")


def finds(run, way, seconds):
    report = programs.load(way.port, "find", called=run.sink.aet, sop_class=programs.FIND,
                           associations=4, seconds=seconds, identifier=run.question)
    if report["pending"] != report["messages"] * run.scale["matches"]:
        raise RuntimeError(f"{way.name} did not pass on every match: {report}")
    return rate(report)
