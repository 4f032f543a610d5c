"""TCP ports that no other test on this machine is given."""
import fcntl
import os
import pathlib
import random
import socket

# Below the ephemeral range, so that no outgoing connection of a test takes one of them.
FIRST, LAST = 11000, 28999
LOCKS = pathlib.Path(f"/tmp/sluice-test-ports-{os.getuid()}")
_held = []  # open lock files: a port is ours until this process ends


def _bindable(port):
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                # A connection of an earlier test in TIME_WAIT is no hindrance to a listener.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind((address, port))
        except OSError:
            if family == socket.AF_INET:
                return False
    return True


def free_port():
    """A port that can be bound now and is given to nobody else while this process lives."""
    LOCKS.mkdir(exist_ok=True)
    for _ in range(1000):
        port = random.randint(FIRST, LAST)
        lock = open(LOCKS / str(port), "a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        if _bindable(port):
            _held.append(lock)
            return port
        lock.close()
    raise RuntimeError(f"no free port between {FIRST} and {LAST}")
