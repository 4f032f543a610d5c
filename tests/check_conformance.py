#!/usr/bin/env python3
"""docs/conformance-statement.md against the code: what is a constant there must stand here."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/conformance-statement.md").read_text()
UNITS = {"milliseconds": "ms", "seconds": "s", "minutes": "min", "hours": "h"}
# Statuses of others that are named in the text, not in the table of Sluice's own.
UNTOLD = {"kPendingOptionalKeys"}


def source(path):
    return (ROOT / path).read_text()


def one(pattern, text):
    found = re.findall(pattern, text, re.DOTALL)
    assert len(found) == 1, f"{pattern}: {len(found)} matches"
    return found[0]


def rows(pattern):
    """First cells of the rows of tables that look like this."""
    return set(re.findall(rf"^\| ({pattern})", PAGE, re.MULTILINE))


def differences(what, page, code):
    return [f"{what}: {one} stands on the page alone" for one in sorted(page - code)] + [
        f"{what}: {one} is not on the page" for one in sorted(code - page)]


def identity():
    text = source("router/ul/negotiation.h")
    names = (one(r'kImplementationClassUid =\s*"([^"]+)"', text),
             one(r'kImplementationVersion = "([^"]+)"', text),
             one(r'kApplicationContext = "([^"]+)"', source("router/ul/pdu.h")))
    return [f"{name} is not on the page" for name in names if f" | {name} |\n" not in PAGE]


def rejections():
    defined = re.findall(r"constexpr AssociateRj \w+\(\) \{ return \{(\d), (\d), (\d)\}; \}",
                         source("router/ul/reject_reasons.h"))
    return differences("rejection", rows(r"\d/\d/\d"), {"/".join(one) for one in defined})


def aborts():
    text = source("router/ul/reject_reasons.h")
    values = dict(re.findall(r"(k\w+) = (\d),", one(r"enum class AbortReason[^{]*\{(.*?)\}", text)))
    used = {name for file in (ROOT / "router").rglob("*.cc")
            for name in re.findall(r"AbortReason::(k\w+)", file.read_text())}
    return differences("abort", rows(r"[02]/\d(?!/)"),
                       {"0/0"} | {f"2/{values[name]}" for name in used})


def statuses():
    """Those that a layer above router/dimse names."""
    values = dict(re.findall(r"uint16_t (k\w+) = 0x(\w{4});", source("router/dimse/status.h")))
    named = set()
    for file in (ROOT / "router").rglob("*.cc"):
        if file.parent.name != "dimse":
            named |= set(re.findall(r"\bstatus::(k\w+)", file.read_text()))
    told = {status[:4] for status in rows(r"[0-9A-F]{4}H\b")}
    code = {values[name] for name in named - UNTOLD}
    return differences("status", told, code)


def timers():
    text = source("router/config/config.h")
    code = set()
    for prefix, kind in (("timeouts", "Timeouts"), ("limits", "Limits")):
        body = one(rf"struct {kind} \{{(.*?)\n\}};", text)
        code |= {f"`{prefix}.{name}` | {count} {UNITS[unit]} "
                 for name, unit, count in re.findall(
                     r"Duration (\w+) = std::chrono::(\w+)\((\d+)\)", body)}
    return differences("timer", rows(r"`(?:timeouts|limits)\.\w+` \| \d+ \w+ "), code)


def limits():
    text = source("router/config/config.h")
    pdu = one(r"uint32_t max_pdu = (\d+) \* 1024;", text)
    told = [(f"`limits.max_pdu` ({int(pdu) * 1024} bytes)", "max_pdu")]
    for key, shown in (("associations", "limits.associations"),
                       ("associations_per_address", "limits.associations_per_address"),
                       ("max_associations", "max_associations")):
        value = one(rf"uint32_t {key} = (\d+);", text)
        of = " of the application" if key == shown else ""
        told.append((f"`{shown}`{of} ({value})", key))
    return [f"limit: {key} is not {text} on the page" for text, key in told if text not in PAGE]


def main():
    wrong = [*identity(), *rejections(), *aborts(), *statuses(), *timers(), *limits()]
    for line in wrong:
        print(f"docs/conformance-statement.md: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
