"""Whether a step of a conversation went through Sluice as it went directly."""
import collections
import difflib
import re

from harness import masked
from harness.same import DCMTK_MASKS
from servers import ENDED, held_in

# state: "same", "not offered" or "differs". count: matches or instances, where there are any.
# why: the difference, or who does not offer it ("client", "server").
Cell = collections.namedtuple("Cell", "state count why")
MASKS = DCMTK_MASKS + [
    # CTN: implementation, maximum length, port.
    (re.compile(r"^(ACC IMP UID:|ACC VERSION:) .*(?:\n {13}\S.*)?", re.MULTILINE), r"\1 #"),
    (re.compile(r"^(Peer MAX PDU:|PRES ADDR:) .*", re.MULTILINE), r"\1 #"),
    # It reports each fragment, which is as long as the maximum length allows.
    (re.compile(r"^ *\d+ bytes transmitted of .*\n", re.MULTILINE), ""),
]
# One match, in the words of each client.
MATCH = re.compile(r'^(?:I: Find Response: \d+ \(Pending\)|D: DIMSE Status +: 0xff00.*'
                   r'|\{.*"Status":65280.*|\{"0008.*|match)$', re.MULTILINE)
ANSWERED = re.compile(r'Final Move Response|"Status":\d+|response 0x|failure status 0x')
# A pending response and what belongs to it.
DUMPED = re.compile(r"^(?:D: DcmDataset::read.*\n)?I: Received (?:Move|C-MOVE) Response \d+\n"
                    r"D: =+ INCOMING DIMSE MESSAGE =+\n(?:D: [^=].*\n)*"
                    r"D: DIMSE Status +: 0xff00.*\nD: =+ END DIMSE MESSAGE =+\n", re.MULTILINE)
PENDING = [
    DUMPED,
    re.compile(r"^I: -+\nI: Find Response: \d+ \(Pending\)\n(?:I: *\n|I: [#(].*\n)*",
               re.MULTILINE),
    re.compile(r'^\{.*"Status":65280.*\n', re.MULTILINE),
    re.compile(r"^response 0xff00 .*\n", re.MULTILINE),
]


REMAINING = re.compile(r'"NumberOfRemainingSuboperations":\d+,|^D: Remaining Suboperations.*\n',
                       re.MULTILINE)


def without_pending(text, kept=0):
    """The text with no more than its first `kept` pending responses."""
    for pattern in PENDING:
        found = list(pattern.finditer(text))[kept:]
        for match in reversed(found):
            text = text[:match.start()] + text[match.end():]
    return text


def last_alone(text):
    """Without pending responses, and without what dcmjs-dimse repeats of them in the last one."""
    return REMAINING.sub("", without_pending(text))


def up_to(text, kept):
    """The text up to and with its pending response number `kept`."""
    for pattern in PENDING:
        found = list(pattern.finditer(text))
        if len(found) >= kept:
            return re.sub(r"^exit \d+\n", "", text[:found[kept - 1].end()])
    return text


def difference(straight, through):
    lines = difflib.unified_diff(straight.splitlines(), through.splitlines(), "direct", "through",
                                 lineterm="", n=2)
    return "\n".join(lines)


def comparable(said, step, way, server):
    text = masked(said.text, *way.own, masks=MASKS)
    if "cancel" in step:
        # How many more matches arrive before a C-CANCEL takes effect is a matter of time, and
        # without a server that waits for it, so is whether it comes before the last response.
        if server.waits_for_cancel:
            text = without_pending(text, step["cancel"])
        else:
            text = up_to(text, step["cancel"])
    if step["do"] == "get" and not server.orders:
        text = "\n".join(sorted(last_alone(text).splitlines()))
    return text


def evidence(step, server, way, held):
    """{UID: (transfer syntax, SHA-256)} of what a step brought where it belongs."""
    if step["do"] == "get":
        return held_in(step["into"])
    place = step["destination"] if step["do"] == "move" else server.aet
    found = held.get((way, place), {})
    return {uid: found[uid] for uid in step.get("evidence", ()) if uid in found}


def compare(server, straight, through, held):
    """A Cell for two ends of one step; each a tuple (said, step, way)."""
    said, step, _ = straight
    if said is None and through[0] is None:
        return Cell("not offered", None, "client")
    texts = [comparable(*one, server) for one in (straight, through)]
    if texts[0] != texts[1]:
        return Cell("differs", None, difference(*texts))
    brought = [evidence(one[1], server, one[2].name, held) for one in (straight, through)]
    if brought[0] != brought[1]:
        return Cell("differs", None, f"what arrived: {brought[0]}, through Sluice: {brought[1]}")
    if "evidence" in step:
        return Cell("same", len(brought[0]), "") if brought[0] else Cell(
            "not offered", None, "server")
    if step["name"] == "C-MOVE, unknown destination":
        offered = ANSWERED.search(said.text)
    elif step["do"] == "shutdown":
        offered = ENDED in said.text
    elif "cancel" in step and not server.waits_for_cancel:
        offered = len(MATCH.findall(said.text)) >= step["cancel"]
    else:
        offered = said.done
    if not offered:
        return Cell("not offered", None, "server")
    count = len(MATCH.findall(said.text)) if "matches" in step else None
    if count is not None and count != step["matches"]:
        return Cell("differs", count, f"{count} matches directly, not {step['matches']}")
    return Cell("same", count, "")
