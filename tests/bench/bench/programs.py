"""The programs around a measure: load generator, sink, disk; every one ends with this process."""
import json
import subprocess

import harness

PDUS = {"16 KB": 16384, "64 KB": 65536, "128 KB": 131072}
VERIFICATION = "1.2.840.10008.1.1"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"


def program(name):
    return harness.build() / "tests" / name


def dying_with_us(command):
    return ["setpriv", "--pdeathsig", "KILL", "--", *[str(part) for part in command]]


class Talking:
    """A program that answers a line of its input with a line of JSON, and ends with its input."""

    def __init__(self, command):
        self._child = subprocess.Popen(dying_with_us(command), stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
        self.first = self._answer()

    @property
    def pid(self):
        return self._child.pid

    def _answer(self):
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._child.args[4]} ended with {self._child.wait()}")
        return json.loads(line)

    def ask(self, question):
        self._child.stdin.write(question + "\n")
        self._child.stdin.flush()
        return self._answer()

    def finish(self):
        """Closes its input, waits for its end, returns its last line."""
        self._child.stdin.close()
        last = self._child.stdout.read().strip()
        self._child.stdout.close()
        self._child.wait(120)
        return json.loads(last) if last else None

    def end(self):
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        for stream in (self._child.stdin, self._child.stdout):
            if not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass


class Sink(Talking):
    """bench_sink: counts what is stored to it; `report` and `reset` tell the counters."""

    host = "127.0.0.1"

    def __init__(self, pdu=131072, matches=0, match=None, moved=0, template=None,
                 destinations=None, aet="SINK", threads=1):
        self.aet = aet
        self.port = harness.free_port()
        command = [program("bench_sink"), "--port", self.port, "--pdu", pdu, "--own-title", aet,
                   "--threads", threads]
        if match:
            command += ["--matches", matches, "--match", match]
        if template:
            command += ["--moved", moved, "--head", template.head, "--pixels", template.pixels,
                        "--sop-class", template.sop_class]
        for title, port in (destinations or {}).items():
            command += ["--destination", f"{title}={port}"]
        super().__init__(command)

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def report(self):
        return self.ask("report")

    def reset(self):
        return self.ask("reset")


_numbers = iter(range(1, 10 ** 6))


def load_command(port, work, *, sop_class=VERIFICATION, template=None, associations=1,
                 pdu=131072, called="SINK", calling="ME", **options):
    command = [program("bench_load"), "--port", port, "--work", work, "--associations",
               associations, "--pdu", pdu, "--called", called, "--calling", calling]
    if template:
        sop_class = template.sop_class
        # No two runs send the same SOP Instance UIDs.
        command += ["--head", template.head, "--pixels", template.pixels, "--first",
                    next(_numbers) * 10 ** 8]
    command += ["--sop-class", sop_class]
    for name, value in options.items():
        if value is not None:
            command += [f"--{name}", value]
    return [str(part) for part in command]


def load(port, work, within=1200, **options):
    """Runs bench_load to its end; its report. One that lost or failed something is not valid."""
    command = load_command(port, work, **options)
    done = subprocess.run(dying_with_us(command), capture_output=True, text=True, timeout=within,
                          check=False)
    if done.returncode != 0:
        raise RuntimeError(f"bench_load ended with {done.returncode}: {done.stderr}")
    report = json.loads(done.stdout)
    if report["failed"] or report["lost"] or not report["messages"]:
        raise RuntimeError(f"the load was not carried: {report}\n{' '.join(command)}")
    return report


class Idle(Talking):
    """So many associations that do nothing, until finish()."""

    def __init__(self, port, associations, **options):
        super().__init__(load_command(port, "idle", associations=associations, **options))
        if self.first["idle"] != associations:
            self.end()
            raise RuntimeError(f"{self.first['idle']} of {associations} associations stand")


def disk_rate(directory, writers, size, seconds):
    """Files a second that become durable, with nothing but the disk in the way."""
    done = subprocess.run(dying_with_us([program("bench_disk"), directory, writers, size,
                                         seconds]),
                          capture_output=True, text=True, timeout=600, check=True)
    return float(done.stdout)
