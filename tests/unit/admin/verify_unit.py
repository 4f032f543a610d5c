#!/usr/bin/env python3
"""systemd-analyze verify on deploy/sluice.service; it exits 0 on unknown keys, so any word counts.

    verify_unit.py deploy/sluice.service PROGRAM    PROGRAM stands for the installed one
"""
import pathlib
import subprocess
import sys
import tempfile


def complaints(text, program):
    with tempfile.TemporaryDirectory() as folder:
        unit = pathlib.Path(folder) / "sluice.service"
        unit.write_text(text.replace("/usr/bin/sluice", program))
        done = subprocess.run(["systemd-analyze", "verify", "--recursive-errors=no", str(unit)],
                              capture_output=True, text=True, timeout=60)
        return (done.stdout + done.stderr).strip() or ("exit code" if done.returncode else "")


def main():
    unit, program = pathlib.Path(sys.argv[1]), sys.argv[2]
    text = unit.read_text()
    found = complaints(text, program)
    if found:
        print(found)
        return 1
    # The check checks itself: a key that is none must be seen.
    if not complaints(text.replace("ProtectHome=yes", "ProtectHomes=yes"), program):
        print("systemd-analyze passes an unknown key in silence")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
