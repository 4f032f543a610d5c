#!/usr/bin/env python3
"""The link graph is the architecture: refuses an include that goes against it."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAYERS = [  # left to right; a folder may include itself and what stands in a layer to its left
    ["router/base"],
    ["metrics", "rules", "router/config", "router/ul", "router/dataset", "router/net"],
    ["router/dimse", "router/store"],
    ["router/association"],
    ["router/hold", "router/delivery"],
    ["router/session"],
    ["router/admin"],
    ["router"],  # app and main
]
RANK = {folder: rank for rank, layer in enumerate(LAYERS) for folder in layer}
NARROWER = {  # narrower than the layers say
    "rules": {"router/base"},
    "metrics": {"router/base"},
    "router/ul": {"router/base"},
    "router/dimse": {"router/base", "router/ul"},
}
ONLY = {  # third-party headers and the folders that may include them
    "dcmtk/": {"router/dataset"},
    "uv.h": {"router/net"},
    "sqlite3.h": {"router/store"},
    "yaml-cpp/": {"router/config"},
    "httplib.h": {"router/admin", "router"},
    "prometheus/": {"metrics"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]')


def folder_of(path):
    """The house folder of a path written from the root, or None if it is not ours."""
    parts = path.split("/")
    if parts[0] in ("rules", "metrics"):
        return parts[0]
    if parts[0] == "router":
        return "router" if len(parts) == 2 else "/".join(parts[:2])
    return None


def faults(path, text):
    mine = folder_of(path)
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(1)
        theirs = folder_of(target)
        where = f"{path}:{number}: "
        for prefix, allowed in ONLY.items():
            if target.startswith(prefix) and mine not in allowed:
                yield where + f"{target} may be included only from {', '.join(sorted(allowed))}"
        if theirs is None or theirs == mine:
            continue
        if theirs not in RANK:
            yield where + f"{target} is in no folder of the house"
        elif mine in NARROWER and theirs not in NARROWER[mine]:
            yield where + f"{mine} may include only {', '.join(sorted(NARROWER[mine]))}, not {target}"
        elif RANK[theirs] >= RANK[mine]:
            yield where + f"{mine} may not include {target}: it does not stand to its left"


def main():
    found, files = [], 0
    for top in ("router", "rules", "metrics"):
        for file in sorted((ROOT / top).rglob("*")):
            if file.suffix in (".h", ".cc"):
                files += 1
                path = file.relative_to(ROOT).as_posix()
                found += faults(path, file.read_text())
    # The check checks itself: a rule that cannot fail is no rule.
    samples = {
        "router/ul/x.h": '#include "router/net/loop.h"',
        "router/session/x.cc": "#include <uv.h>",
        "rules/x.cc": '#include "router/ul/pdu.h"',
        "router/net/x.cc": '#include "router/config/config.h"',
    }
    for path, text in samples.items():
        if not list(faults(path, text)):
            found.append(f"the check itself passes {text} in {path}")
    print("\n".join(found) or f"{files} files, no include against the graph")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
