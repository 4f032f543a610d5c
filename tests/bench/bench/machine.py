"""What the figures were measured on."""
import datetime
import os
import pathlib
import platform
import subprocess


def first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return (done.stdout or done.stderr).strip().splitlines()[:1]


def package(name):
    found = first_line(["dpkg-query", "-W", "-f", "${Version}", name])
    return found[0] if found else "not installed"


def field(path, name):
    for line in pathlib.Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def commit():
    here = pathlib.Path(__file__).resolve().parent
    found = first_line(["git", "-C", str(here), "describe", "--always", "--dirty"])
    return found[0] if found else "unknown"


def described(scale):
    return {
        "processor": field("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_gb": round(int(field("/proc/meminfo", "MemTotal").split()[0]) / 1e6, 1),
        "kernel": platform.release(),
        "load_at_start": round(os.getloadavg()[0], 2),
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "scale": scale,
        "versions": {"sluice": commit(), "haproxy": package("haproxy"),
                     "orthanc": package("orthanc"), "dcmtk": package("dcmtk"),
                     "libuv": package("libuv1")},
    }
