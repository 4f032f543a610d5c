"""DCMTK's clients, run to their end."""
import pathlib
import subprocess
import time

from .process import environment

class Outcome:
    """What a tool answered: exit code, output (both streams), seconds."""

    def __init__(self, command, returncode, output, seconds):
        self.command = command
        self.returncode = returncode
        self.output = output
        self.seconds = seconds

    def __repr__(self):
        return f"{' '.join(self.command)}\nexit {self.returncode}\n{self.output}"


def run_tool(command, within=120, nodelay=True, env=None):
    command = [str(part) for part in command]
    began = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=within, env=environment(env, nodelay),
                          check=False)
    return Outcome(command, done.returncode, done.stdout.decode(errors="replace"),
                   time.monotonic() - began)


def _ends(peer):
    """(host, port, AE title) of a peer object or of such a tuple."""
    return peer if isinstance(peer, tuple) else (peer.host, peer.port, peer.aet)


def tool(name, peer, options=(), files=(), calling="ME", called=None, verbose=True, **how):
    """Runs NAME -aet calling -aec called options host port files."""
    host, port, title = _ends(peer)
    command = [name] + (["-v"] if verbose else []) + ["-aet", calling, "-aec", called or title]
    return run_tool(command + list(options) + [host, port] + list(files), **how)


def _keys(keys):
    return [part for key in keys for part in ("-k", key)]


def echoscu(peer, **how):
    return tool("echoscu", peer, **how)


def storescu(peer, files, options=("-R",), **how):
    """-R by default: without it storescu does not propose RT Ion Plan."""
    return tool("storescu", peer, options, [pathlib.Path(file) for file in files], **how)


def findscu(peer, keys, options=("-S",), extract=None, **how):
    """extract: a directory that gets one file for each match (rsp0001.dcm …)."""
    more = []
    if extract is not None:
        pathlib.Path(extract).mkdir(parents=True, exist_ok=True)
        more = ["-X", "-od", extract]
    return tool("findscu", peer, list(options) + more + _keys(keys), **how)


def movescu(peer, destination, keys, options=("-S",), **how):
    """Never listens itself: the destination is some other peer."""
    return tool("movescu", peer, [*options, "-aem", destination, *_keys(keys)], **how)


def getscu(peer, directory, keys, options=("-S", "+B"), **how):
    pathlib.Path(directory).mkdir(parents=True, exist_ok=True)
    return tool("getscu", peer, list(options) + ["-od", directory] + _keys(keys), **how)
