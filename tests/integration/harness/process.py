"""Child processes that always end, and waiting without fixed sleeps."""
import atexit
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

START_WITHIN = 60  # seconds: a loaded machine with sanitizers is slow, not broken
REPORTS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:",
           "UndefinedBehaviorSanitizer")
_running = set()


class Timeout(AssertionError):
    """A condition did not come true before its deadline."""


def wait_until(condition, within=30.0, what="the condition", every=0.02):
    """Polls until condition() is true and returns its value; Timeout after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise Timeout(f"{what} did not come true within {within} s")
        time.sleep(every)


def listens(port):
    """Whether something listens, found without disturbing it: by the kernel's table."""
    wanted = f":{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = pathlib.Path(table).read_text().splitlines()[1:]
        except FileNotFoundError:
            continue
        for line in lines:
            fields = line.split()
            if fields[1].endswith(wanted) and fields[3] == "0A":
                return True
    return False


def accepts_connections(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=5).close()
        return True
    except OSError:
        return False


class Process:
    """One child process. Its output goes to a file in `directory` that failing tests print.

    The child dies with this process, whatever ends it (the kernel sees to that).
    """

    def __init__(self, name, command, directory, env=None, nodelay=True):
        self.name = name
        self.command = [str(part) for part in command]
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log = self.directory / f"{name}.log"
        self._env = environment(env, nodelay)
        self._child = None
        self._began_at = 0  # bytes of log that earlier runs left

    def start(self):
        assert self._child is None, f"{self.name} runs already"
        self._began_at = self.log.stat().st_size if self.log.exists() else 0
        command = self.command
        if threading.current_thread() is threading.main_thread():
            command = ["setpriv", "--pdeathsig", "KILL", "--"] + command
        with open(self.log, "ab") as log:
            self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=subprocess.STDOUT, env=self._env,
                                           cwd=self.directory)
        _running.add(self)
        return self

    @property
    def pid(self):
        return self._child.pid

    def running(self):
        return self._child is not None and self._child.poll() is None

    def output(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def output_of_this_run(self):
        """The output since the last start."""
        if not self.log.exists():
            return ""
        return self.log.read_bytes()[self._began_at:].decode(errors="replace")

    def ready(self, condition, what, within=START_WITHIN):
        """Waits for the condition; fails at once, with the output, if the process ends."""
        def check():
            if not self.running():
                raise AssertionError(f"{self.name} ended with {self._child.returncode} before it "
                                     f"was ready:\n{self.output()}")
            return condition()
        try:
            return wait_until(check, within, f"{self.name}: {what}")
        except Timeout as fault:
            raise Timeout(f"{fault}\n{self.output()}") from None

    def catches(self, number):
        """Whether the process has a handler for a signal by now."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (number - 1) & 1)
        return False

    def send_signal(self, number):
        if self.running():
            self._child.send_signal(number)

    def wait(self, within=60):
        """Waits for the end by itself and returns the exit code."""
        try:
            code = self._child.wait(within)
        except subprocess.TimeoutExpired:
            raise Timeout(f"{self.name} did not end within {within} s\n{self.output()}") from None
        self._forget()
        return code

    def stop(self, number=signal.SIGTERM, within=60):
        """Ends the process and returns its exit code; SIGKILL if it does not end in time."""
        if self._child is None:
            return None
        self.send_signal(number)
        try:
            code = self._child.wait(within)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            self._forget()
            raise Timeout(f"{self.name} did not end within {within} s of signal {number}\n"
                          f"{self.output()}") from None
        self._forget()
        return code

    def kill9(self):
        """The end that leaves no time for anything."""
        return self.stop(signal.SIGKILL)

    def assert_no_reports(self):
        """Fails if a sanitizer complained of anything."""
        found = [line for line in self.output().splitlines() if any(r in line for r in REPORTS)]
        assert not found, f"{self.name}: {found[0]}\n{self.output()}"

    def finish(self):
        """The end of a test that went well; whoever must end in order checks it here."""
        self.end()

    def end(self):
        """For cleanup: ends the process whatever state it is in, without complaint."""
        if self._child is not None:
            if self.running():
                self._child.kill()
            self._child.wait()
            self._forget()

    def _forget(self):
        _running.discard(self)
        self._child = None


def environment(extra=None, nodelay=True):
    """The environment of a child. Without TCP_NODELAY, DCMTK's tools wait for delayed ACKs."""
    result = dict(os.environ)
    result.pop("TCP_NODELAY", None)
    if nodelay:
        result["TCP_NODELAY"] = "1"
    result.update(extra or {})
    return result


@atexit.register
def end_all():
    for process in list(_running):
        process.end()
