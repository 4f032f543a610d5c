"""What the kernel knows of a process: CPU seconds and memory."""
import os
import pathlib

TICK = 1 / os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """(user, system) of all its threads, also of those that have ended."""
    text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    fields = text[text.rindex(")") + 2:].split()
    return int(fields[11]) * TICK, int(fields[12]) * TICK


def memory(pid):
    """Bytes: {"VmRSS", "VmHWM", "RssAnon"}."""
    found = {}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in ("VmRSS", "VmHWM", "RssAnon"):
            found[name] = int(rest.split()[0]) * 1024
    return found


def forget_peak(pid):
    """VmHWM begins anew."""
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
