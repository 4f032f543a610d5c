"""The data sets that the load generator sends: heads of real objects, without their pixels.

Each is encoded in Explicit VR Little Endian up to Pixel Data and carries a placeholder as its SOP
Instance UID, in whose place the generator writes a number of its own.
"""
import collections
import copy
import pathlib

import harness
import pydicom
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

PLACEHOLDER = "1.2.826.0.1.3680043.9.9999.8.100000000000000"  # bench::Instance::kUid
ABSENT = "1.2.826.0.1.3680043.9.9999.9.1"                     # what held instances wait for
SLICE = 512 * 512 * 2                                         # bytes of pixels of a CT slice
SMALL = 2600                                                  # bytes of a small plan

Template = collections.namedtuple("Template", "name sop_class head pixels size study")


def encoded(data):
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, data)
    return buffer.getvalue()


def written(directory, name, data, pixels):
    data.SOPInstanceUID = PLACEHOLDER
    if "PixelData" in data:
        del data.PixelData
    head = pathlib.Path(directory) / f"{name}.head"
    head.write_bytes(encoded(data))
    size = head.stat().st_size + (12 + pixels if pixels else 0)
    return Template(name, str(data.SOPClassUID), head, pixels, size, str(data.StudyInstanceUID))


def ct_slice(directory):
    data = pydicom.dcmread(harness.eclipse_chain().images[0])
    data.Rows = data.Columns = 512
    return written(directory, "slice", data, SLICE)


def plan(directory):
    """An RT Plan of 2.6 KB whose structure set exists nowhere."""
    data = pydicom.dcmread(harness.raystation_chain().plan)
    data.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID = ABSENT
    beam = copy.deepcopy(data.IonBeamSequence[0])
    beam.IonControlPointSequence = []
    data.IonBeamSequence = [beam]
    data.RTPlanDescription = ""
    missing = SMALL - len(encoded(data))
    data.RTPlanDescription = "x" * (max(0, min(missing, 1022)) // 2 * 2)
    return written(directory, "plan", data, 0)


def dose(directory, name, frames, side=512):
    """An RT Dose of so many frames of side × side × 32 bit, whose plan exists nowhere."""
    data = pydicom.dcmread(harness.raystation_chain().dose)
    data.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = ABSENT
    data.Rows = data.Columns = side
    data.BitsAllocated = data.BitsStored = 32
    data.HighBit = 31
    data.NumberOfFrames = frames
    data.GridFrameOffsetVector = list(range(frames))
    return written(directory, name, data, frames * side * side * 4)


def find_identifier(directory):
    """What a C-FIND asks and, filled, what a match answers: (question file, match file)."""
    data = pydicom.Dataset()
    data.QueryRetrieveLevel = "STUDY"
    data.StudyDate = data.StudyTime = data.AccessionNumber = data.PatientName = ""
    data.PatientID = data.StudyID = data.StudyDescription = data.StudyInstanceUID = ""
    question, match = (pathlib.Path(directory) / name for name in ("question", "match"))
    question.write_bytes(encoded(data))
    data.StudyDate, data.StudyTime, data.AccessionNumber = "20240102", "101112", "A0000001"
    data.PatientName, data.PatientID, data.StudyID = "BENCH^PHANTOM", "BENCH-0001", "1"
    data.StudyDescription = "water phantom"
    data.StudyInstanceUID = PLACEHOLDER
    match.write_bytes(encoded(data))
    return question, match


def move_identifier(directory, study):
    data = pydicom.Dataset()
    data.QueryRetrieveLevel = "STUDY"
    data.StudyInstanceUID = study
    path = pathlib.Path(directory) / "moved"
    path.write_bytes(encoded(data))
    return path
