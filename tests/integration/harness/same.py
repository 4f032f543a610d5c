"""Comparison of one conversation held twice: directly, and through Sluice."""
import re

from .files import dataset_sha256

# What Sluice says of itself: its implementation, its limit, and with them the raw bytes of the AC.
DCMTK_MASKS = [
    (re.compile(r"(Their Implementation (?:Class UID|Version Name):).*"), r"\1 #"),
    (re.compile(r"(Their Max PDU Receive Size:).*"), r"\1 #"),
    (re.compile(r"(Max Send PDV: )\d+"), r"\1#"),
    (re.compile(r"(PDU Type: Associate Accept, PDU Length: )\d+"), r"\1#"),
    (re.compile(r"(use new generated SOPInstanceUID \[).*\]"), r"\1#]"),
    (re.compile(r"^D: (?:  [0-9a-f]{2})* *\n|^D: Only dumping .*\n", re.MULTILINE), ""),
]


def masked(text, *own, masks=DCMTK_MASKS):
    """The output of a tool without what may differ; own: names that only this run has."""
    for name in own:
        text = text.replace(str(name), "#")
    for pattern, by in masks:
        text = pattern.sub(by, text)
    return text


def shas(files):
    """{SOP Instance UID: SHA-256 of the data set} of {UID: path}."""
    return {uid: dataset_sha256(path) for uid, path in files.items()}
