"""docs/interoperability.md: a short introduction by hand, the tables by the run."""
import os
import pathlib
import subprocess

from instances import MANY, SOURCES

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "interoperability.md"
INTRODUCTION = f"""# Interoperability

`tests/interop/run` holds the same scripted conversation twice, once with a server itself and once
through Sluice, and compares all that the client printed and all that the server stored. It is an
entry of ctest (label `interop`), and fails when anything differs or when this page is stale;
`tests/interop/run --write` writes the page, `--only CLIENT` runs one client, `--keep` keeps every
output. `$SLUICE` names the binary; `deploy/install-packages test` brings the rest.

*Through Sluice* is this: every server is an application with an address and no profile, every
client is listed, nothing is held, no title is changed and C-GET is relayed (`get: relay`). A server
that clients call through Sluice sends to Sluice whatever it has to say itself: reports of storage
commitment, and the sub-operations of carried moves. A *forwarded* move has a destination that the server itself
reaches (`moves: forward`); a *carried* one a destination that only Sluice reaches (`moves: carry`).
In the direct conversation the server reaches both.

*same*: the client's output, the data sets where they belong (SHA-256 of the data set, and the
transfer syntax) and the transfer syntaxes agreed are the same; in brackets the number of instances
that arrived, or of matches. *not offered*: client or server does not do it in the direct
conversation either, and refuses it through Sluice with the same words. *differs*: a defect.

What is stored: {", ".join(SOURCES)};
where a syntax compresses, the first of them. Queries that are cancelled have {MANY} matches, or a
server that waits for the C-CANCEL.

## What is not compared

- Sluice's own implementation class UID and version name, and the maximum length of PDUs with what
  follows from it (the raw bytes of the A-ASSOCIATE-AC, the lengths of fragments);
- names of files and directories of the run, UIDs that a tool invents, times, process numbers.

Two direct conversations differ in these too, so they are not compared either:

- how many matches cross a C-CANCEL; where the server does not wait for it, also the last response
  of that query, since the C-CANCEL may come too late for it;
- the order in which PixelMed sends the instances of a C-GET, and with it the counts in pending
  responses: it is another in every run.
"""
MARK = "\n## Versions\n"


NOT_OFFERED = {"client": "not offered (client)", "server": "not offered"}


def versions(found, applications):
    sluice = subprocess.run([os.environ["SLUICE"], "--version"], check=True, capture_output=True,
                            text=True).stdout.split()[-1]
    lines = ["| | version |", "|---|---|", f"| Sluice | {sluice} |"]
    lines += [f"| {name} (client) | {one['version']} |" for name, one in found.items()]
    lines += [f"| {one.name} (server) | {one.version()} |" for one in applications]
    return "\n".join(lines) + "\n"


def cell_text(cell):
    if cell.state == "not offered":
        return NOT_OFFERED[cell.why]
    return cell.state if cell.count is None else f"{cell.state} ({cell.count})"


def table(cells):
    """cells: {server: {step: Cell}}"""
    servers = list(cells)
    lines = ["| | " + " | ".join(servers) + " |", "|---" * (len(servers) + 1) + "|"]
    for step in next(iter(cells.values())):
        texts = [cell_text(cells[server][step]) for server in servers]
        lines.append(f"| {step} | " + " | ".join(texts) + " |")
    return "\n".join(lines) + "\n"


def text(found, applications):
    parts = [INTRODUCTION, "\n## What came of it\n"]
    for name, one in found.items():
        parts += [f"\n### Client: {name}\n\n", table(one["cells"])]
    return "".join(parts) + MARK + "\n" + versions(found, applications)


def write(found, applications):
    PAGE.write_text(text(found, applications))


def stale(found, applications):
    """Whether the page says something else; versions may."""
    if not PAGE.exists():
        return True
    return PAGE.read_text().split(MARK)[0] != text(found, applications).split(MARK)[0]
