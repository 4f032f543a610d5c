"""The applications around Sluice: destinations, archives, stand-ins for VMSDBD."""
import json
import os
import pathlib
import signal
import socket
import threading
import urllib.request

from .files import files_by_uid
from .ports import free_port
from .process import Process, listens, wait_until

PEERS = pathlib.Path(__file__).resolve().parents[2] / "peers"
PYTHON = "/usr/bin/python3"


def build():
    return pathlib.Path(os.environ.get("SLUICE_BUILD", "build")).resolve()


class Peer(Process):
    """A process with a DICOM address."""

    host = "127.0.0.1"

    def __init__(self, name, command, directory, aet, port, **how):
        super().__init__(name, command, directory, **how)
        self.aet = aet
        self.port = port

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def start(self):
        super().start()
        self.ready(lambda: listens(self.port), f"listening on {self.port}")
        return self


class Storescp(Peer):
    """DCMTK's storescp; keeps what it receives, bit by bit, in `received`."""

    def __init__(self, directory, name="storescp", aet="DEST", options=(), port=None, **how):
        port = port or free_port()
        self.received = pathlib.Path(directory) / "received"
        self.received.mkdir(parents=True, exist_ok=True)
        command = ["storescp", "-v", "-aet", aet, "+B", "+xa", "-od", self.received, *options, port]
        super().__init__(name, command, directory, aet, port, **how)

    def files(self):
        return files_by_uid(self.received)


class Dcmqrscp(Peer):
    """DCMTK's archive, stricter than VMSDBD. peers: {AE title: port} that it can move to.

    strict: nobody else may call it. It rejects them as if they had called another title.
    """

    def __init__(self, directory, name="dcmqrscp", aet="QRSCP", peers=None, port=None, options=(),
                 strict=False, **how):
        port = port or free_port()
        self.storage = pathlib.Path(directory) / "storage"
        self.storage.mkdir(parents=True, exist_ok=True)
        peers = peers or {}
        hosts = "".join(f"peer{number} = ({title}, localhost, {theirs})\n"
                        for number, (title, theirs) in enumerate(peers.items()))
        if strict:
            hosts += "all = " + ", ".join(f"peer{number}" for number in range(len(peers))) + "\n"
        file = pathlib.Path(directory) / "dcmqrscp.cfg"
        file.write_text(f"""NetworkTCPPort = {port}
MaxPDUSize = 131072
MaxAssociations = 64
HostTable BEGIN
{hosts}HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
{aet} {self.storage} RW (1000, 4096mb) {"all" if strict else "ANY"}
AETable END
""")
        command = ["dcmqrscp", "-v", "-c", file, *options]
        super().__init__(name, command, directory, aet, port, **how)

    def files(self):
        return files_by_uid(self.storage)


class _Orthanc(Peer):
    ROLE = None

    def __init__(self, directory, name, aet, peers, port, more, **how):
        port = port or free_port()
        self.http_port = free_port()
        directory = pathlib.Path(directory)
        self._journal = directory / "journal.jsonl"
        self._rules = directory / "aria.json"
        command = [PYTHON, PEERS / "orthanc_aria" / "run.py", "--role", self.ROLE, "--directory",
                   directory, "--dicom-port", port, "--http-port", self.http_port, "--aet", aet]
        for title, theirs in (peers or {}).items():
            command += ["--peer", f"{title}=127.0.0.1:{theirs}"]
        super().__init__(name, command + more, directory, aet, port, **how)

    def start(self):
        Process.start(self)
        self.ready(lambda: "Orthanc has started" in self.output_of_this_run(), "start")
        # It says so before it can end in order.
        self.ready(lambda: self.catches(signal.SIGTERM), "a handler for SIGTERM")
        return self

    def stop(self, *args, **options):
        code = super().stop(*args, **options)
        wait_until(lambda: not listens(self.port), what=f"{self.name} to leave its port")
        return code

    def instances(self):
        """The SOP Instance UIDs that it holds."""
        found = json.loads(self._get("/instances?expand"))
        return {one["MainDicomTags"]["SOPInstanceUID"]: one["ID"] for one in found}

    def _get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}") as reply:
            return reply.read()

    def fetch(self, uid, path):
        """Writes the Part 10 file of an instance to a path."""
        pathlib.Path(path).write_bytes(self._get(f"/instances/{self.instances()[uid]}/file"))
        return pathlib.Path(path)

    def files(self, directory=None):
        """{SOP Instance UID: path} of everything it holds, fetched into a directory."""
        directory = pathlib.Path(directory or self.directory / "fetched")
        directory.mkdir(parents=True, exist_ok=True)
        result = {}
        for uid, name in self.instances().items():
            result[uid] = directory / f"{uid}.dcm"
            result[uid].write_bytes(self._get(f"/instances/{name}/file"))
        return result


class OrthancAria(_Orthanc):
    """Orthanc as VMSDBD: trusts only `peers` ({AE title: port}), refuses what misses references.

    machines: treatment machines that exist (None: all). missing: "refuse" or "orphan".
    """

    ROLE = "aria"

    def __init__(self, directory, name="vmsdbd", aet="VMSDBD", peers=None, machines=None,
                 missing="refuse", missing_status=0xC000, machine_status=0xC000, port=None, **how):
        more = ["--missing", missing, "--missing-status", hex(missing_status), "--machine-status",
                hex(machine_status)]
        for machine in machines or ():
            more += ["--machine", machine]
        super().__init__(directory, name, aet, peers, port, more, **how)

    def set(self, **rules):
        """Changes machines, missing, missing_status or machine_status while it runs."""
        known = json.loads(self._rules.read_text())
        assert set(rules) <= set(known), f"{set(rules) - set(known)} is not in aria.json"
        aside = self._rules.with_suffix(".part")
        aside.write_text(json.dumps({**known, **rules}))
        aside.rename(self._rules)

    def journal(self):
        """What arrived, in order: dicts with uid, kind, status, calling, orphan, missing …"""
        return read_lines(self._journal)


class OrthancPacs(_Orthanc):
    """A plain Orthanc: keeps everything that a trusted application sends."""

    ROLE = "pacs"

    def __init__(self, directory, name="rtpacs", aet="RTPACS", peers=None, port=None, **how):
        super().__init__(directory, name, aet, peers, port, [], **how)


class FaultyPeer(Peer):
    """The stand-in for VMSDBD whose faults a test turns on while it runs (tests/peers/faulty)."""

    def __init__(self, directory, name="faulty", aet="VMSDBD", port=None, options=(), switches=None,
                 **how):
        port = port or free_port()
        directory = pathlib.Path(directory)
        self.stored = directory / "stored"
        self._journal = directory / "journal.jsonl"
        self._socket = directory / "control"
        self._lock = threading.Lock()
        command = [build() / "tests" / "sluice_faulty_peer", "--port", port, "--directory",
                   self.stored, "--journal", self._journal, "--control", self._socket, "--reload",
                   "--set", json.dumps(switches or {}), *options]
        super().__init__(name, command, directory, aet, port, **how)

    def start(self):
        Process.start(self)
        self.ready(lambda: '"ready":true' in self.output_of_this_run(), "the ready line")
        return self

    def restart(self):
        """Ends and begins again with what it stored, and with the switches as they are now."""
        self.command[self.command.index("--set") + 1] = json.dumps(
            self.control(switches=True)["switches"])
        self.stop()
        return self.start()

    def finish(self):
        if self.running():
            code = self.stop()
            assert code == 0, f"{self.name} ended with {code}:\n{self.output()}"
        self.assert_no_reports()

    def control(self, **command):
        """One line of JSON there, one back."""
        with self._lock, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(60)
            line.connect(str(self._socket))
            line.sendall(json.dumps(command).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                part = line.recv(65536)
                assert part, f"{self.name} closed its control socket after {answer!r}"
                answer += part
        answer = json.loads(answer)
        assert answer.get("ok"), f"{self.name} refuses {command}: {answer}"
        return answer

    def set(self, **switches):
        """Turns switches; each keeps its place until it is set again or clear() is called."""
        self.control(set=switches)

    def clear(self):
        self.control(clear=True)

    def reset(self):
        """TCP reset of every association that is open now."""
        return self.control(reset=True)["associations"]

    def abort(self):
        """A-ABORT on every association that is open now."""
        return self.control(abort=True)["associations"]

    def load(self, directory):
        """Takes the files of a directory as if they had been stored and committed long ago."""
        return self.control(load=str(directory))["loaded"]

    def forget(self, uid):
        self.control(forget=uid)

    def state(self):
        """{"associations": open now, "instances": stored, "visible": committed}"""
        return self.control(state=True)

    def journal(self, event=None):
        """What happened, in order; of one kind of event if it is named."""
        return [line for line in read_lines(self._journal) if event in (None, line["event"])]

    def journal_size(self):
        """Bytes: grows with all that happens, and costs nothing to ask."""
        return self._journal.stat().st_size

    def arrivals(self, kind=None):
        """The SOP Instance UIDs of the C-STOREs that arrived, in order."""
        return [line["uid"] for line in self.journal("store") if kind in (None, line["kind"])]

    def files(self):
        return files_by_uid(self.stored)


def read_lines(path):
    """The whole lines of a file of JSON lines (the last may still be being written)."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]
