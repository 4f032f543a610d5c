#!/usr/bin/python3
"""200 CT slices by stock storescu to stock storescp, directly and through Sluice, in one run.

Stock means as installed: no TCP_NODELAY in the environment of either tool, so Nagle's algorithm
in DCMTK meets the receiver's delayed acknowledgements. Both ways are measured in turn and
compared within the run, so the load of the machine falls on both.

    SLUICE=build/sluice tests/bench/stock_dcmtk.py --assert-ratio 5
"""
import argparse
import os
import pathlib
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import harness  # noqa: E402

SLICE_BYTES = 524288  # of pixel data: 512 × 512 × 16 bit


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=1, help="of both ways, in turn")
    parser.add_argument("--assert-ratio", type=float, metavar="N",
                        help="exit 1 unless Sluice is N times as fast as the direct way")
    parser.add_argument("--direct-only", action="store_true", help="measure without Sluice")
    return parser.parse_args()


def measure(name, peer, destination, slices, nodelay=False):
    """Seconds of one storescu over all slices; ends the bench if one of them did not arrive."""
    for file in destination.received.iterdir():
        file.unlink()
    sent = harness.storescu(peer, slices, options=[], verbose=False, nodelay=nodelay,
                            within=600)
    arrived = len(list(destination.received.iterdir()))
    if sent.returncode != 0 or arrived != len(slices):
        sys.exit(f"{name}: storescu ended with {sent.returncode}, {arrived} of {len(slices)} "
                 f"slices arrived\n{sent.output}")
    print(f"{name:8} {sent.seconds:8.3f} s  {len(slices) / sent.seconds:8.1f} slices/s",
          flush=True)
    return sent.seconds


def start_sluice(directory, destination):
    config = harness.sluice_config(
        directory, {"DEST": destination}, clients=[{"ae_title": "ME", "from": "127.0.0.1"}])
    return harness.Sluice(config, directory=directory, aet="DEST").start()


def main():
    options = arguments()
    started = []
    # Not on a disk: storescp writes 100 MB each time, and its write-back is not what is measured.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="sluice-bench-", dir=memory) as scratch:
        scratch = pathlib.Path(scratch)
        try:
            slices = harness.vary(harness.eclipse_chain().images[0], scratch / "slices",
                                  options.slices, pad_to=SLICE_BYTES)
            destination = harness.Storescp(scratch / "dest", nodelay=False).start()
            started.append(destination)
            if not options.direct_only:
                started.append(start_sluice(scratch / "sluice", destination))
            direct, through = [], []
            for _ in range(options.rounds):
                direct.append(measure("direct", destination, destination, slices))
                if not options.direct_only:
                    through.append(measure("Sluice", started[1], destination, slices))
            if options.direct_only:
                return 0
            started[1].stop()
            ratio = statistics.median(direct) / statistics.median(through)
            print(f"ratio    {ratio:8.2f}")
            if options.assert_ratio and ratio < options.assert_ratio:
                print(f"Sluice is not {options.assert_ratio} times as fast", file=sys.stderr)
                return 1
            return 0
        finally:
            for process in started:
                process.end()


if __name__ == "__main__":
    sys.exit(main())
