"""Sluice itself, as the tests run it: `$SLUICE serve --config F`."""
import json
import os
import pathlib
import re
import signal
import urllib.error
import urllib.request

from .ports import free_port
from .process import Process
from .tools import run_tool

SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Config:
    """A written configuration: its path and the ports in it."""

    def __init__(self, path, port, admin_port, ae_title):
        self.path = path
        self.port = port
        self.admin_port = admin_port
        self.ae_title = ae_title


def sluice_config(directory, applications, clients=None, ae_title="SLUICE", port=None,
                  admin_port=None, token=None, **keys):
    """Writes DIRECTORY/sluice.yaml in the form of deploy/sluice.example.yaml.

    applications: {name: {"address": …, "profile": …} or a peer object}
    clients: a list of dicts; absent: anybody from 127.0.0.1 called ME.
    token: what operators must show to change anything; in DIRECTORY/token, Sluice.operator reads it
    keys: further top-level keys (rules, limits …); one that is given here replaces the default.
    """
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    port, admin_port = port or free_port(), admin_port or free_port()
    top = {
        "ae_title": ae_title,
        "listen": [{"port": port}],
        "store": {"directory": str(directory / "store")},
        "applications": {name: one if isinstance(one, dict) else {"address": one.address}
                         for name, one in applications.items()},
        "clients": clients if clients is not None else [{"ae_title": "ME", "from": "127.0.0.1"}],
        "admin": {"listen": f"127.0.0.1:{admin_port}"},
    }
    if token is not None:
        (directory / "token").write_text(token + "\n")
        top["admin"]["token_file"] = str(directory / "token")
    top.update(keys)
    # JSON is YAML in flow style; one key a line reads well in the output of a failed test.
    lines = []
    for key, value in top.items():
        if key == "applications":
            lines.append("applications:")
            lines += [f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in value.items()]
        elif isinstance(value, list) and key in ("clients", "rules") and value:
            lines.append(f"{key}:")
            lines += [f"  - {json.dumps(one)}" for one in value]
        else:
            lines.append(f"{key}: {json.dumps(value)}")
    path = directory / "sluice.yaml"
    path.write_text("\n".join(lines) + "\n")
    return Config(path, port, admin_port, ae_title)


class Sluice(Process):
    """The daemon under test. host, port and aet make it a peer for the tools."""

    host = "127.0.0.1"

    def __init__(self, config, directory, name="sluice", aet="VMSDBD", env=None, options=()):
        binary = os.environ.get("SLUICE")
        assert binary, "SLUICE names no binary"
        self.config = config
        self.port = config.port
        self.aet = aet  # what clients call; not Sluice's own title
        super().__init__(name, [binary, "serve", "--config", config.path, *options], directory,
                         env={"ASAN_OPTIONS": "detect_leaks=1", **(env or {})})

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def start(self, wait=True):
        super().start()
        if wait:
            self.ready(self.is_ready, "/readyz")
        return self

    def is_ready(self):
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def get(self, path, method="GET", headers=None, body=None):
        """Returns (status, text) of a request to the admin address."""
        url = f"http://127.0.0.1:{self.config.admin_port}{path}"
        request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def json(self, path):
        status, text = self.get(path)
        assert status == 200, f"{path}: {status} {text}"
        return json.loads(text)

    def held(self):
        return self.json("/api/v1/held")["held"]

    def metrics(self):
        """{name: [(labels, value), …]} of /metrics."""
        status, text = self.get("/metrics")
        assert status == 200, f"/metrics: {status} {text}"
        return parse_metrics(text)

    def metric(self, name, **labels):
        """The sum over the samples of a name that have these labels; 0 if there is none."""
        return sum(value for theirs, value in self.metrics().get(name, ())
                   if labels.items() <= theirs.items())

    def operator(self, *words):
        """What a person at the machine types: `sluice WORDS`; an Outcome."""
        command = [self.command[0], *words, "--url", f"http://127.0.0.1:{self.config.admin_port}"]
        token = pathlib.Path(self.config.path).with_name("token")
        return run_tool(command + (["--token-file", token] if token.exists() else []))

    def resident_bytes(self):
        fields = pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(self, number=signal.SIGTERM, within=60):
        """Ends it in order: exit code 0 and no report of a sanitizer, else the test fails."""
        code = super().stop(number, within)
        if number == signal.SIGTERM:
            assert code in (0, None), f"{self.name} ended with {code}:\n{self.output()}"
        self.assert_no_reports()
        return code

    def restart(self):
        """Ends it if it still runs and starts it again on the same store."""
        if self.running():
            self.stop()
        else:
            self.end()
        return self.start()

    def finish(self):
        """A test that went well also ends well: exit code 0, nothing reported."""
        if self.running():
            self.stop()
        self.assert_no_reports()


def parse_metrics(text):
    """Prometheus's text format."""
    result = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        sample = SAMPLE.match(line)
        assert sample, f"not a sample: {line!r}"
        labels = {name: re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), value)
                  for name, value in LABEL.findall(sample[2] or "")}
        result.setdefault(sample[1], []).append((labels, float(sample[3])))
    return result
