"""What tests/bench/run does."""
import sys
import time
import traceback

from . import figures, machine, registry, report
from .run import Run


def run(scale, only, listing=False):
    """The results of all measures, or of those named: {"machine", "targets", "curves"}.

    machine["failed"] names those that could not be taken.
    """
    known = [name for name, _ in registry.measures()]
    if listing:
        print("\n".join(known))
        return None
    for name in only:
        if name not in known:
            sys.exit(f"there is no measure {name}: {', '.join(known)}")
    about = machine.described(scale)
    began = time.monotonic()
    failed = []
    with Run(scale) as shared:
        for name, function in registry.measures():
            if not only or name in only:
                shared.say(f"-- {name}, after {time.monotonic() - began:.0f} s")
                try:
                    function(shared)
                except Exception:  # twenty minutes are not thrown away for one measure
                    traceback.print_exc()
                    failed.append(name)
        about["seconds"] = round(time.monotonic() - began)
        about["rules"] = shared.rules
        about["failed"] = failed
        return {"machine": about, "targets": shared.targets(), "curves": shared.curves}


def write_docs(folder, results):
    upward = {(one.measure, one.against): one.upward for one in figures.TARGETS.values()}
    targets = [{**one, "upward": upward[one["measure"], one["against"]]}
               for one in results["targets"]]
    report.write(folder, report.documents(results["machine"], targets, results["curves"],
                                          results["machine"]["rules"]))
