"""The ways from the load generator to the sink that are compared: each is started once and has a
port, a process to account (none: direct), and, where it stores and forwards, its own end of a run.
"""
import json
import os
import pathlib
import resource
import shutil
import subprocess
import urllib.request

import harness
from harness.peers import Peer

from . import programs

RULE = {"name": "nothing of another room", "when": {"command": "C-STORE", "dataset": {
    "Modality": "RTPLAN", "BeamSequence.TreatmentMachineName": "NO SUCH*"}},
    "then": {"refuse": {"status": "0xA900", "comment": "not here"}}}


class Direct:
    name, pid, forwards_later = "direct", None, False

    def __init__(self, sink, _directory):
        self.port = sink.port

    def start(self):
        return self

    def end(self):
        pass


class Haproxy(Peer):
    """HAProxy in TCP mode, as Debian has it, with as many threads as there are cores."""

    forwards_later = False

    def __init__(self, sink, directory, port=None):
        port = port or harness.free_port()
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        file = directory / "haproxy.cfg"
        file.write_text(f"""global
    nbthread {os.cpu_count()}
    maxconn {most_associations()}
defaults
    mode tcp
    timeout connect 10s
    timeout client 10m
    timeout server 10m
listen dicom
    bind 127.0.0.1:{port}
    server sink 127.0.0.1:{sink.port}
""")
        super().__init__("haproxy", [haproxy(), "-db", "-f", file], directory, sink.aet, port)

    @staticmethod
    def available():
        return haproxy() is not None


def most_associations():
    """What a proxy can carry, two sockets each, within the file limit of this session."""
    return min(20000, (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 200) // 2)


def haproxy():
    return shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin")


class DcmnetRelay(Peer):
    """A thread for each association, each message whole, on DCMTK (relay_dcmnet.cc)."""

    forwards_later = False

    def __init__(self, sink, directory, nodelay=True):
        port = harness.free_port()
        super().__init__("dcmnet", [programs.program("bench_relay_dcmnet"), port, sink.port],
                         directory, sink.aet, port, nodelay=nodelay)


class Orthanc(Peer):
    """Orthanc as a router: it stores, answers, and sends on in a job of its own for each instance.

    That is the cheapest of its ways: SendToModality() of Lua appends to one job, whose cost grows
    with what waits in it (6 times the CPU at 16 associations). What it has sent is deleted between
    the rounds, at nobody's expense.
    """

    forwards_later = True

    def __init__(self, sink, directory):
        port = harness.free_port()
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        script = directory / "forward.lua"
        script.write_text("""function OnStoredInstance(instance, tags, metadata, origin)
  RestApiPost('/modalities/sink/store',
              '{"Resources": ["' .. instance .. '"], "Synchronous": false}')
end
""")
        self.http_port = harness.free_port()
        file = directory / "orthanc.json"
        file.write_text(json.dumps({
            "Name": "bench", "StorageDirectory": str(directory / "storage"),
            "IndexDirectory": str(directory / "index"), "DicomAet": "ORTHANC",
            "DicomPort": port, "DicomCheckCalledAet": False, "DicomAlwaysAllowStore": True,
            "UnknownSopClassAccepted": True, "OverwriteInstances": True, "SaveJobs": False,
            "HttpServerEnabled": True, "HttpPort": self.http_port, "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False, "LuaScripts": [str(script)], "ConcurrentJobs": 4,
            "StoreMD5ForAttachments": False, "DicomThreadsCount": 64,
            "DicomModalities": {"sink": [sink.aet, "127.0.0.1", sink.port]}}))
        super().__init__("orthanc", [orthanc(), file], directory, "ORTHANC", port)

    def start(self):
        harness.Process.start(self)
        self.ready(lambda: "Orthanc has started" in self.output_of_this_run(), "start")
        return self

    def forget(self):
        """Deletes what it keeps."""
        for patient in self._ask("/patients"):
            self._ask(f"/patients/{patient}", "DELETE")

    def _ask(self, path, method="GET"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.http_port}{path}",
                                         method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read())

    @staticmethod
    def available():
        return orthanc() is not None


def orthanc():
    return shutil.which("Orthanc", path=os.environ.get("PATH", "") + ":/usr/sbin")


class Sluice(harness.Sluice):
    """As a user has it: metrics and logging on, and a rule that looks into the data set's head."""

    forwards_later = False

    def __init__(self, sink, directory, applications=None, rules=True, port=None,
                 **keys):
        directory = pathlib.Path(directory)
        keys = {"limits": {"associations": 20000, "associations_per_address": 20000},
                "clients": [{"ae_title": "ME", "from": "127.0.0.1"}], **keys}
        applications = applications or {sink.aet: {"address": sink.address,
                                                   "max_associations": 10000}}
        config = harness.sluice_config(directory, applications, port=port, **keys)
        self.rules = False
        if rules:
            with_rule = harness.sluice_config(directory / "ruled", applications,
                                              port=config.port, admin_port=config.admin_port,
                                              rules=[RULE], **keys)
            checked = subprocess.run([os.environ["SLUICE"], "check", "--config", with_rule.path],
                                     capture_output=True, check=False)
            if checked.returncode == 0:
                config, self.rules = with_rule, True
        super().__init__(config, directory, aet=sink.aet)


ALL = {"direct": Direct, "haproxy": Haproxy, "sluice": Sluice, "dcmnet": DcmnetRelay,
       "orthanc": Orthanc}
TITLES = {"direct": "no proxy", "haproxy": "HAProxy", "sluice": "Sluice",
          "dcmnet": "relay on dcmnet", "orthanc": "Orthanc"}
