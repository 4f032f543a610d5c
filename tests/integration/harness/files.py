"""Part 10 files: their data sets, byte for byte, and the real chains of tests/data."""
import collections
import copy
import hashlib
import pathlib
import struct

import pydicom
import pydicom.uid

TEST_DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
Chain = collections.namedtuple("Chain", "images structure_set plan dose machine")
LONG_LENGTHS = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"UC", b"UN", b"UR", b"UT"}


def eclipse_chain():
    """177 CT slices, RS, RN (RT Ion Plan) and RD as Eclipse wrote them; machine TR3."""
    folder = TEST_DATA / "varian-eclipse-proton-headphantom"
    return Chain(sorted(folder.glob("CT.*.dcm")), folder / "RS.dcm", folder / "RN.dcm",
                 folder / "RD.synthesised.dcm", "TR3")


def raystation_chain():
    """61 CT slices, RS, RP (RT Ion Plan) and RD as RayStation wrote them; machine TR3."""
    folder = TEST_DATA / "raystation-proton-waterbox"
    one = {prefix: next(folder.glob(f"{prefix}1.*.dcm")) for prefix in ("RS", "RP", "RD")}
    plan = one["RP"]
    return Chain(sorted(folder.glob("CT.*.dcm")), one["RS"], plan, one["RD"], machine_of(plan))


def machine_of(path):
    plan = pydicom.dcmread(path, stop_before_pixels=True)
    beams = plan.get("IonBeamSequence") or plan.get("BeamSequence")
    return str(beams[0].TreatmentMachineName)


def _split(raw):
    """Returns (transfer syntax or None, data set) of the bytes of a file, preamble or not."""
    at = 132 if raw[128:132] == b"DICM" else 0
    syntax = None
    while raw[at:at + 2] == b"\x02\x00":
        element = struct.unpack_from("<H", raw, at + 2)[0]
        if raw[at + 4:at + 6] in LONG_LENGTHS:
            length, value = struct.unpack_from("<I", raw, at + 8)[0], at + 12
        else:
            length, value = struct.unpack_from("<H", raw, at + 6)[0], at + 8
        if element == 0x0010:
            syntax = raw[value:value + length].decode("ascii").rstrip("\0 ")
        at = value + length
    return syntax, raw[at:]


def transfer_syntax(path):
    """What the meta header says, or None where there is none."""
    return _split(pathlib.Path(path).read_bytes())[0]


def dataset_bytes(path):
    """The encoded data set of a file: everything after preamble and meta header."""
    return _split(pathlib.Path(path).read_bytes())[1]


def dataset_sha256(path):
    return hashlib.sha256(dataset_bytes(path)).hexdigest()


def canonical_sha256(path):
    """The same for two encodings of one data set: syntax and kind of length do not matter."""
    digest = hashlib.sha256()
    _digest(pydicom.dcmread(path, force=True), digest)
    return digest.hexdigest()


def _digest(item, digest):
    for element in item:
        if element.tag.element == 0:  # group lengths depend on the encoding
            continue
        digest.update(struct.pack("<I", element.tag))
        if element.VR == "SQ":
            for child in element.value:
                digest.update(b"(")
                _digest(child, digest)
                digest.update(b")")
        elif isinstance(element.value, bytes):
            digest.update(element.value)
        else:
            digest.update(repr(element.value).encode())


def sop_instance_uid(path):
    return str(pydicom.dcmread(path, force=True, specific_tags=["SOPInstanceUID"]).SOPInstanceUID)


def files_by_uid(directory):
    """{SOP Instance UID: path} of every DICOM file below a directory."""
    result = {}
    for path in sorted(pathlib.Path(directory).rglob("*")):
        if path.is_file() and path.suffix not in (".log", ".part", ".json", ".cfg"):
            uid = pydicom.dcmread(path, force=True, specific_tags=["SOPInstanceUID"])
            if "SOPInstanceUID" in uid:
                result[str(uid.SOPInstanceUID)] = path
    return result


def vary(path, directory, count, pad_to=0, **elements):
    """Writes `count` copies of a file with UIDs of their own in one new series.

    pad_to: bytes of Pixel Data wanted (16 bits, square); 0 leaves it as it is.
    elements: keyword=value to set in each.
    """
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    original = pydicom.dcmread(path)
    series = pydicom.uid.generate_uid()
    if pad_to:
        side = int((pad_to / 2) ** 0.5)
        original.Rows = original.Columns = side
        original.BitsAllocated = original.BitsStored = 16
        original.HighBit = 15
        original.PixelData = (original.PixelData * (2 * side * side // len(original.PixelData) + 1)
                              )[:2 * side * side]
    written = []
    for number in range(1, count + 1):
        instance = copy.copy(original)
        instance.SOPInstanceUID = pydicom.uid.generate_uid()
        instance.SeriesInstanceUID = series
        instance.InstanceNumber = number
        for keyword, value in elements.items():
            setattr(instance, keyword, value)
        instance.file_meta = copy.copy(original.file_meta)
        instance.file_meta.MediaStorageSOPInstanceUID = instance.SOPInstanceUID
        written.append(directory / f"{number:05d}.dcm")
        instance.save_as(written[-1])
    return written
