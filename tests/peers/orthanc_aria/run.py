#!/usr/bin/env python3
"""Starts an Orthanc as a stand-in for Varian's DB Service (--role aria) or as an RT PACS.

Writes an Orthanc configuration into --directory and becomes Orthanc (same process id), so that
who starts this ends Orthanc by that id. Ending takes up to 3 s: wait for it before using the
ports again. Needs nothing but Python's standard library, orthanc and orthanc-python.

    run.py --directory D --dicom-port P --http-port H --aet VMSDBD \\
           --peer SLUICE=127.0.0.1:11112 --machine TrueBeam1 --machine EDGE

In the directory:
    orthanc.json   the configuration
    aria.json      machines, missing ("refuse" or "orphan") and the statuses: read anew at every
                   C-STORE, so that a test may change it while Orthanc runs
    journal.jsonl  one line for each instance that arrived (role aria only)
"""
import argparse
import json
import os
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent


def peer(text):
    title, _, address = text.partition("=")
    host, _, port = address.rpartition(":")
    if not title or not host or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not AET=HOST:PORT")
    return title, host, int(port)


def status(text):
    value = int(text, 0)
    if not 0 < value <= 0xFFFF:
        raise argparse.ArgumentTypeError(f"{text!r} is not a status that refuses")
    return value


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--role", choices=["aria", "pacs"], default="aria")
    parser.add_argument("--directory", type=pathlib.Path, required=True)
    parser.add_argument("--dicom-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--aet", default="VMSDBD", help="the called AE title it answers to")
    parser.add_argument("--peer", type=peer, action="append", default=[], metavar="AET=HOST:PORT",
                        help="a trusted application; also a destination of C-MOVE")
    parser.add_argument("--machine", action="append", default=[], metavar="ID",
                        help="a treatment machine that exists; none given: all exist")
    parser.add_argument("--missing", choices=["refuse", "orphan"], default="refuse")
    parser.add_argument("--missing-status", type=status, default=0xC000)
    parser.add_argument("--machine-status", type=status, default=0xC000)
    parser.add_argument("--orthanc", default=shutil.which("Orthanc") or "/usr/sbin/Orthanc")
    return parser.parse_args()


def configuration(options):
    directory = options.directory.resolve()
    modalities = {}
    for number, (title, host, port) in enumerate(options.peer):
        modalities[f"peer{number}"] = {"AET": title, "Host": host, "Port": port, "AllowEcho": True,
                                       "AllowFind": True, "AllowMove": True, "AllowGet": True,
                                       "AllowStore": True}
    result = {
        "Name": options.aet,
        "StorageDirectory": str(directory / "storage"),
        "IndexDirectory": str(directory / "index"),
        "DicomAet": options.aet,
        "DicomPort": options.dicom_port,
        "DicomModalities": modalities,
        "DicomCheckCalledAet": True,
        "StrictAetComparison": True,
        "DicomCheckModalityHost": True,
        "DicomAlwaysAllowEcho": False,
        "DicomAlwaysAllowFind": False,
        "DicomAlwaysAllowGet": False,
        "DicomAlwaysAllowMove": False,
        "DicomAlwaysAllowStore": False,
        "UnknownSopClassAccepted": True,
        "SynchronousCMove": True,
        "OverwriteInstances": True,
        "StableAge": 1,
        "HttpServerEnabled": True,
        "HttpPort": options.http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "ConcurrentJobs": 4,
        "SaveJobs": False,
        "Plugins": [],
    }
    if options.role == "aria":
        result["Plugins"] = ["/usr/share/orthanc/plugins/libOrthancPython.so"]
        result["PythonScript"] = str(HERE / "plugin.py")
        result["PythonVerbose"] = False
        result["StandIn"] = {"Directory": str(directory)}
    return result


def main():
    options = arguments()
    options.directory.mkdir(parents=True, exist_ok=True)
    for folder in ("storage", "index"):
        (options.directory / folder).mkdir(exist_ok=True)
    rules = {"machines": options.machine or None, "missing": options.missing,
             "missing_status": options.missing_status, "machine_status": options.machine_status}
    (options.directory / "aria.json").write_text(json.dumps(rules, indent=2))
    file = options.directory / "orthanc.json"
    file.write_text(json.dumps(configuration(options), indent=2))
    # Nagle against delayed ACK would be what is waited for.
    os.environ.setdefault("TCP_NODELAY", "1")
    sys.stdout.flush()
    os.execv(options.orthanc, [options.orthanc, str(file)])


if __name__ == "__main__":
    main()
