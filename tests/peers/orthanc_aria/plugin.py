"""Runs inside Orthanc and makes it answer C-STOREs as VMSDBD does.

An RT object whose references are not there, or whose treatment machine is unknown, is refused
with the configured status and not kept, or, with missing = "orphan", kept and answered 0000H as
if nothing were wrong. Every arrival is one line of journal.jsonl, in order.
"""
import json
import os
import time

import orthanc

DIRECTORY = json.loads(orthanc.GetConfiguration())["StandIn"]["Directory"]
START = time.monotonic()
PLANS = {"1.2.840.10008.5.1.4.1.1.481.5", "1.2.840.10008.5.1.4.1.1.481.8",
         "1.2.246.352.70.1.70", "1.2.246.352.70.1.10"}
KINDS = {"1.2.840.10008.5.1.4.1.1.481.3": "structure_set", "1.2.840.10008.5.1.4.1.1.481.2": "dose",
         **dict.fromkeys(PLANS, "plan")}
BY_MODALITY = {"RTSTRUCT": "structure_set", "RTPLAN": "plan", "RTDOSE": "dose", "CT": "image",
               "MR": "image", "PT": "image", "RTRECORD": "record", "REG": "registration"}

# PS3.3 paths from the data set to the UIDs that must exist before the object may come in.
REQUIRED = {
    "structure_set": [
        ("image", ["3006,0010", "3006,0012", "3006,0014", "3006,0016", "0008,1155"]),
        ("image", ["3006,0039", "3006,0040", "3006,0016", "0008,1155"]),
    ],
    "plan": [("structure_set", ["300c,0060", "0008,1155"])],
    "dose": [("plan", ["300c,0002", "0008,1155"]), ("structure_set", ["300c,0060", "0008,1155"])],
}
MACHINES = [["300a,00b0", "300a,00b2"], ["300a,03a2", "300a,00b2"]]


def values(item, path):
    """The values at the end of a path of tags, through every item of every sequence."""
    value = item.get(path[0], {}).get("Value")
    if len(path) == 1:
        if isinstance(value, str) and value.strip("\0 "):
            yield value.strip("\0 ")
        return
    for child in value or []:
        yield from values(child, path[1:])


def first(item, tag):
    return next(values(item, [tag]), "")


def missing(instance, kind):
    """The required references that Orthanc does not have, as {"uid", "kind"}, each once."""
    wanted = {}
    for what, path in REQUIRED.get(kind, []):
        for uid in values(instance, path):
            wanted.setdefault(uid, what)
    result = []
    for uid, what in wanted.items():
        try:
            orthanc.LookupInstance(uid)
        except orthanc.OrthancException:
            result.append({"uid": uid, "kind": what})
    return result


def decide(instance, kind):
    """Returns the status to answer, whether the object is kept as an orphan, and why."""
    with open(os.path.join(DIRECTORY, "aria.json")) as file:
        rules = json.load(file)
    if kind == "plan" and rules["machines"] is not None:
        named = {name for path in MACHINES for name in values(instance, path)}
        unknown = sorted(named - set(rules["machines"]))
        if unknown:
            return rules["machine_status"], False, {"unknown_machines": unknown}
    lacking = missing(instance, kind)
    if not lacking:
        return 0, False, {}
    if rules["missing"] == "orphan":
        return 0, True, {"missing": lacking}
    return rules["missing_status"], False, {"missing": lacking}


def note(**fields):
    with open(os.path.join(DIRECTORY, "journal.jsonl"), "a") as file:
        file.write(json.dumps(fields) + "\n")


def on_store(received):
    instance = json.loads(received.GetInstanceJson())
    sop_class = first(instance, "0008,0016")
    kind = KINDS.get(sop_class) or BY_MODALITY.get(first(instance, "0008,0060"), "other")
    status, orphan, why = decide(instance, kind)
    note(event="store", seconds=round(time.monotonic() - START, 3),
         calling=received.GetInstanceRemoteAet(), uid=first(instance, "0008,0018"),
         sop_class=sop_class, kind=kind, status=status, orphan=orphan, **why)
    return status


orthanc.RegisterIncomingCStoreInstanceFilter(on_store)
