"""C-MOVE: upstream storing straight to the destination, and through Sluice, which carries it."""
from . import instances, programs
from .figures import Figure, ratio
from .registry import measure
from .ways import Sluice


@measure("moves")
def moves(run):
    count = run.scale["moved"]
    pacs = run.own(programs.Sink(aet="RTPACS"))
    # Upstream must know Sluice's port before Sluice is there.
    port = programs.harness.free_port()
    upstream = run.own(programs.Sink(aet="VMSDBD", moved=count, template=run.slice,
                                     destinations={"RTPACS": pacs.port, "SLUICE": port}))
    sluice = run.own(Sluice(upstream, run.memory / "moves", port=port, applications={
        "VMSDBD": {"address": upstream.address, "move_originator": "yes"},
        "RTPACS": {"address": pacs.address}})).start()
    identifier = instances.move_identifier(run.memory, run.slice.study)
    found = {"straight": [], "carried": []}
    for _ in range(run.scale["rounds"]):
        for name, to in (("straight", upstream.port), ("carried", sluice.port)):
            pacs.reset()
            report = programs.load(to, "move", called="VMSDBD", sop_class=programs.MOVE,
                                   identifier=identifier, destination="RTPACS", messages=1)
            taken = pacs.report()
            if taken["instances"] != count or report["completed"] != count:
                raise RuntimeError(f"{name}: {report}, the destination has {taken}")
            found[name].append(count / (report["last"] - report["first"]))
    for name, samples in found.items():
        run.point("moves", name, f"C-MOVE of {count:,} CT slices", Figure(samples),
                  title="C-MOVE", unit="slices/s", axis="operation")
    run.target("moves", ratio(found["carried"], found["straight"]))
    sluice.stop()
