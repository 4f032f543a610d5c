"""The applications of the bench: each is started twice, `direct` and `behind` Sluice."""
import json
import pathlib
import subprocess
import threading

from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info

from harness import Dcmqrscp, OrthancPacs, Storescp, dataset_sha256, free_port, wait_until
from harness.peers import Peer
from instances import MANY_PATIENT

HERE = pathlib.Path(__file__).resolve().parent
PIXELMED = "/usr/share/java/pixelmed.jar"
ENDED = "the server ended\n"


def version_of(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], check=True,
                          capture_output=True, text=True)
    return done.stdout


def dcmjs_version():
    package = HERE / "dcmjs" / "node_modules" / "dcmjs-dimse" / "package.json"
    return json.loads(package.read_text())["version"]


class DcmjsServer(Peer):
    """tests/interop/dcmjs/server.js"""

    def __init__(self, directory, name="dcmjs", aet="DCMJS", peers=None, port=None, **how):
        port = port or free_port()
        self.storage = pathlib.Path(directory) / "storage"
        self.storage.mkdir(parents=True)
        config = pathlib.Path(directory) / "config.json"
        config.write_text(json.dumps({"aet": aet, "port": port, "directory": str(self.storage),
                                      "peers": peers or {}}))
        super().__init__(name, ["node", HERE / "dcmjs" / "server.js", config], directory, aet,
                         port, **how)


class PixelmedServer(Peer):
    """com.pixelmed.server.DicomAndWebStorageServer, which has no options but a properties file."""

    def __init__(self, directory, name="pixelmed", aet="PIXELMED", peers=None, port=None, **how):
        port = port or free_port()
        directory = pathlib.Path(directory)
        self.storage = directory / "storage"
        self.storage.mkdir(parents=True)
        peers = peers or {}
        lines = {"Dicom.ListeningPort": port, "Dicom.CalledAETitle": aet,
                 "Dicom.CallingAETitle": aet, "Dicom.PrimaryDeviceType": "ARCHIVE",
                 "Dicom.RemoteAEs": " ".join(f"peer{number}" for number in range(len(peers))),
                 "Application.SavedImagesFolderName": self.storage,
                 "Application.DatabaseFileName": directory / "database",
                 "WebServer.ListeningPort": free_port()}
        for number, (title, theirs) in enumerate(peers.items()):
            lines |= {f"Dicom.RemoteAEs.peer{number}.CalledAETitle": title,
                      f"Dicom.RemoteAEs.peer{number}.HostNameOrIPAddress": "127.0.0.1",
                      f"Dicom.RemoteAEs.peer{number}.Port": theirs,
                      f"Dicom.RemoteAEs.peer{number}.QueryModel": "STUDYROOT",
                      f"Dicom.RemoteAEs.peer{number}.PrimaryDeviceType": "ARCHIVE"}
        file = directory / ".com.pixelmed.server.DicomAndWebStorageServer.properties"
        file.write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
        super().__init__(name, ["java", f"-Duser.home={directory}", "-Xmx256m", "-cp", PIXELMED,
                                "com.pixelmed.server.DicomAndWebStorageServer"],
                         directory, aet, port, **how)


def held_in(directory):
    """{SOP Instance UID: (transfer syntax, SHA-256 of the data set)} of the files below it.

    By the meta header alone: what a peer calls deflated need not be.
    """
    held = {}
    for path in pathlib.Path(directory).rglob("*"):
        if path.is_file():
            try:
                meta = read_file_meta_info(path)
            except InvalidDicomError:
                continue  # a server's own files
            held[str(meta.MediaStorageSOPInstanceUID)] = (str(meta.TransferSyntaxUID),
                                                          dataset_sha256(path))
    return held


class Application:
    """A kind of server under its title; direct and behind are the two that run."""

    def __init__(self, name, aet, kind, archive=True, **options):
        self.name, self.aet, self.kind, self.archive = name, aet, kind, archive
        self.options = options
        self.lock = threading.Lock()  # whose turn it is
        # Destinations of moves: one that the server itself reaches, one that Sluice does.
        self.forwarded, self.carried = f"{aet}-FORWARD", f"{aet}-CARRY"
        # Whether it sends the instances of a study in the same order every time.
        self.orders = kind is not PixelmedServer
        # dcmjs-dimse stops after a few matches of this patient until it hears a C-CANCEL; of the
        # others there are so many that a C-CANCEL comes in time, or just not.
        self.waits_for_cancel = kind is DcmjsServer
        self.slow_patient = "IO-SLOW" if self.waits_for_cancel else MANY_PATIENT

    def version(self):
        if self.kind is DcmjsServer:
            return dcmjs_version()
        return version_of({Dcmqrscp: "dcmtk", Storescp: "dcmtk", OrthancPacs: "orthanc",
                           PixelmedServer: "libpixelmed-java"}[self.kind])

    def fate(self, way):
        """A line on whether it ended when it was told to, which only dcmqrscp ever does."""
        running = getattr(self, way)
        if self.kind is Dcmqrscp:
            wait_until(lambda: not running.running(), what="the end of dcmqrscp")
        return ENDED if not running.running() else "the server goes on\n"

    def holds(self, way, directory):
        running = getattr(self, way)
        if self.kind is OrthancPacs:
            running.files(directory)
            return held_in(directory)
        return held_in(running.received if self.kind is Storescp else running.storage)


def applications():
    return [
        Application("dcmqrscp", "QRSCP", Dcmqrscp, options=("--allow-shutdown",)),
        Application("Orthanc", "ORTHANC", OrthancPacs),
        Application("storescp", "STORESCP", Storescp, archive=False, options=("--fork",)),
        Application("dcmjs-dimse", "DCMJSD", DcmjsServer),
        Application("PixelMed", "PXMED", PixelmedServer),
    ]
