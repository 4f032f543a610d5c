"""The instances of the bench: real files of tests/data, in every transfer syntax, one set a client.

Every client stores instances of its own, so that one run of a server serves all clients at once
and what it holds in the end can still be told apart.
"""
import collections
import functools
import subprocess

import pydicom
from pydicom.uid import generate_uid

from harness import TEST_DATA, transfer_syntax, vary

SOURCES = {
    "CT image (GE)": "mim-ct-phantom/ct_1.dcm",
    "CT image (small)": "monaco-struct-box/CT.synth.001.dcm",
    "RT structure set": "monaco-struct-box/RS.dcm",
    "RT ion plan": "varian-eclipse-proton-headphantom/RN.dcm",
    "RT plan": "pinnacle-plan-dose-no-struct/1.3.46.670589.13.997910418.20181018190715.112493.dcm",
    "RT dose": "varian-aria-dose-plan-absent/RD.DICOMORIENT.Dose_HFS_empty.dcm",
}
Syntax = collections.namedtuple("Syntax", "name uid command sources")
IMAGE = ("CT image (GE)",)
FEW = ("CT image (small)", "RT structure set", "RT ion plan")
SYNTAXES = [
    Syntax("implicit", "1.2.840.10008.1.2", ("dcmconv", "+ti"), tuple(SOURCES)),
    Syntax("explicit", "1.2.840.10008.1.2.1", ("dcmconv", "+te"), tuple(SOURCES)),
    Syntax("big endian", "1.2.840.10008.1.2.2", ("dcmconv", "+tb"), FEW),
    Syntax("deflated", "1.2.840.10008.1.2.1.99", ("dcmconv", "+td"), FEW),
    Syntax("RLE", "1.2.840.10008.1.2.5", ("dcmcrle",), IMAGE),
    Syntax("JPEG lossless", "1.2.840.10008.1.2.4.70", ("dcmcjpeg",), IMAGE),
    Syntax("JPEG-LS", "1.2.840.10008.1.2.4.80", ("dcmcjpls",), IMAGE),
]
MANY = 150
MANY_PATIENT = "IO-MANY"
# Differ among the sources, which are to be one study of one patient.
STUDY_AND_PATIENT = ("PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID",
                     "AccessionNumber", "StudyDescription", "ReferringPhysicianName")
File = collections.namedtuple("File", "path uid sop_class study series")


def uid_of(*words):
    """The same UID for the same words, in every run."""
    return generate_uid(entropy_srcs=[str(word) for word in words])


def facts(path):
    one = pydicom.dcmread(path, stop_before_pixels=True)
    return File(path, str(one.SOPInstanceUID), str(one.SOPClassUID), str(one.StudyInstanceUID),
                str(one.SeriesInstanceUID))


class Instances:
    """Files below a directory; made once, read by all sessions."""

    def __init__(self, directory):
        self._directory = directory
        self._encoded = {}
        (directory / "encoded").mkdir(parents=True)
        for syntax in SYNTAXES:
            for number, source in enumerate(syntax.sources):
                self._encode(syntax, number, source)
        self.many = self._make_many()

    def _encode(self, syntax, number, source):
        path = self._directory / "encoded" / f"{syntax.uid}.{number}.dcm"
        tool, *options = syntax.command
        subprocess.run([tool, *options, TEST_DATA / SOURCES[source], path], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        assert transfer_syntax(path) == syntax.uid, path
        self._encoded[syntax.name, source] = path

    def _make_many(self):
        files = vary(TEST_DATA / SOURCES["RT dose"], self._directory / "many", MANY,
                     PatientID=MANY_PATIENT, StudyInstanceUID=uid_of("many"),
                     SeriesInstanceUID=uid_of("many", "series"))
        return [facts(path) for path in files]

    @functools.cache
    def to_store(self, owner, syntax):
        """What a client stores: the sources of a syntax with UIDs of the client's own."""
        return [self._write(owner, syntax, source, f"{owner}-STORE") for source in syntax.sources]

    @functools.cache
    def at_the_server(self, owner):
        """What lies in every archive for a client to find, move and get."""
        explicit = SYNTAXES[1]
        return [self._write(owner, explicit, source, f"{owner}-FIND") for source in FEW]

    def _write(self, owner, syntax, source, patient):
        one = pydicom.dcmread(self._encoded[syntax.name, source])
        one.PatientID = one.PatientName = patient
        one.StudyInstanceUID = uid_of(patient)
        for keyword in STUDY_AND_PATIENT:
            setattr(one, keyword, "")
        one.SeriesInstanceUID = uid_of(patient, one.Modality)
        one.SOPInstanceUID = uid_of(patient, syntax.uid, source)
        one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
        folder = self._directory / patient
        folder.mkdir(exist_ok=True)
        path = folder / f"{syntax.name} {source}.dcm".replace(" ", "-")
        one.save_as(path)
        return facts(path)
