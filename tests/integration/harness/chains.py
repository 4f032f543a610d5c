"""Small chains of five: an image series, a structure set, a plan and two doses.

They are RayStation's chain of tests/data, cut down to kilobytes: three slices of 4 × 4 pixels, one
ROI with a contour on each, one beam, two dose grids of 2 × 2 × 2. Each chain has UIDs of its own,
all of one length, so that making one is a matter of replacing bytes: hundreds cost nothing.
"""
import collections
import functools
import random

import pydicom
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from .files import raystation_chain

Instance = collections.namedtuple("Instance", "kind uid sop_class data_set")
KINDS = ("images", "structure_set", "plan", "dose", "second_dose")
SLICES = 3
# 2.25.<39 digits> (PS3.5 B.2): 44 bytes, never padded. Those of the template begin with 1.
_TEMPLATE, _FRESH = 10 ** 38, 2 * 10 ** 38
_NAMES = ("study", "frame", "image_series", "image1", "image2", "image3", "structure_set_series",
          "structure_set", "plan_series", "plan", "dose_series", "dose", "second_dose")
_PLACES = {name: f"2.25.{_TEMPLATE + number}" for number, name in enumerate(_NAMES)}


class SmallChain:
    """What one patient's export consists of, in Implicit VR Little Endian."""

    def __init__(self):
        uids = {name: f"2.25.{random.randrange(_FRESH, _FRESH + _TEMPLATE)}" for name in _NAMES}
        self.uids = uids

        def made(kind, name):
            sop_class, data_set = _template()[name]
            for one, place in _PLACES.items():
                data_set = data_set.replace(place.encode(), uids[one].encode())
            return Instance(kind, uids[name], sop_class, data_set)

        self.images = [made("image", f"image{number}") for number in range(1, SLICES + 1)]
        self.structure_set = made("structure_set", "structure_set")
        self.plan = made("plan", "plan")
        self.doses = [made("dose", "dose"), made("dose", "second_dose")]

    def parts(self):
        """The five parts of which orders are made, {name: [Instance, …]}."""
        return dict(zip(KINDS, (self.images, [self.structure_set], [self.plan],
                                self.doses[:1], self.doses[1:])))

    def instances(self):
        return [one for part in self.parts().values() for one in part]

    def needs(self):
        """{UID: UIDs that must be there before it}, of what needs any."""
        needs = {self.structure_set.uid: [image.uid for image in self.images],
                 self.plan.uid: [self.structure_set.uid]}
        return {**needs, **{dose.uid: [self.plan.uid] for dose in self.doses}}


def illegal(chains, places):
    """What arrived before something that it needs: [(UID, UID it needs), …].

    places: {UID: when it was stored first}, in numbers that rise.
    """
    return [(uid, needed) for chain in chains for uid, all_of_them in chain.needs().items()
            for needed in all_of_them if uid in places and not
            (needed in places and places[needed] < places[uid])]


@functools.lru_cache(maxsize=None)
def _template():
    """{name: (SOP Class UID, encoded data set)} with the placeholders of _PLACES as UIDs."""
    chain = raystation_chain()
    made = {f"image{number}": _image(chain.images[number - 1], number)
            for number in range(1, SLICES + 1)}
    made["structure_set"] = _structure_set(chain.structure_set)
    made["plan"] = _plan(chain.plan)
    made["dose"] = _dose(chain.dose, "dose", 1)
    made["second_dose"] = _dose(chain.dose, "second_dose", 2)
    return {name: (str(data.SOPClassUID), encoded(data)) for name, data in made.items()}


def encoded(data):
    """The data set in Implicit VR Little Endian."""
    buffer = DicomBytesIO()
    buffer.is_little_endian = buffer.is_implicit_VR = True
    write_dataset(buffer, data)
    return buffer.getvalue()


def _opened(path, name, series):
    data = pydicom.dcmread(path)
    data.SOPInstanceUID = _PLACES[name]
    data.SeriesInstanceUID = _PLACES[series]
    data.StudyInstanceUID = _PLACES["study"]
    data.FrameOfReferenceUID = _PLACES["frame"]
    return data


def _image(path, number):
    data = _opened(path, f"image{number}", "image_series")
    data.InstanceNumber = number
    data.Rows = data.Columns = 4
    data.PixelData = bytes(32)
    return data


def _structure_set(path):
    data = _opened(path, "structure_set", "structure_set_series")
    frame = data.ReferencedFrameOfReferenceSequence[0]
    frame.FrameOfReferenceUID = _PLACES["frame"]
    study = frame.RTReferencedStudySequence[0]
    study.ReferencedSOPInstanceUID = _PLACES["study"]
    series = study.RTReferencedSeriesSequence[0]
    series.SeriesInstanceUID = _PLACES["image_series"]
    series.ContourImageSequence = series.ContourImageSequence[:SLICES]
    for keyword in ("StructureSetROISequence", "ROIContourSequence", "RTROIObservationsSequence"):
        setattr(data, keyword, data[keyword].value[:1])
    data.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = _PLACES["frame"]
    contours = data.ROIContourSequence[0].ContourSequence[:SLICES]
    data.ROIContourSequence[0].ContourSequence = contours
    for number in range(SLICES):
        contour = contours[number]
        contour.ContourData = contour.ContourData[:9]
        contour.NumberOfContourPoints = 3
        for item in (series.ContourImageSequence[number], contour.ContourImageSequence[0]):
            item.ReferencedSOPInstanceUID = _PLACES[f"image{number + 1}"]
    return data


def _plan(path):
    data = _opened(path, "plan", "plan_series")
    data.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID = _PLACES["structure_set"]
    beam = data.IonBeamSequence[0]
    beam.IonControlPointSequence = beam.IonControlPointSequence[:2]
    for point in beam.IonControlPointSequence:
        for keyword in ("ScanSpotPositionMap", "ScanSpotMetersetWeights"):
            if keyword in point:
                delattr(point, keyword)
    return data


def _dose(path, name, number):
    data = _opened(path, name, "dose_series")
    data.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = _PLACES["plan"]
    data.InstanceNumber = number
    data.Rows = data.Columns = data.NumberOfFrames = 2
    data.GridFrameOffsetVector = [0, 1]
    data.PixelData = bytes(8 * data.BitsAllocated // 8)
    return data
