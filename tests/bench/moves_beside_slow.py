#!/usr/bin/python3
"""A C-MOVE beside three others whose destination crawls, against the same move alone.

Both are measured in turn and compared within the run, so the load of the machine falls on both. A
median above the limit is measured on, up to three times as many pairs: noise goes, waiting stays.

    SLUICE=build/sluice SLUICE_BUILD=build tests/bench/moves_beside_slow.py --assert-ratio 1.25
"""
import argparse
import pathlib
import statistics
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from harness import FaultyPeer, wait_until  # noqa: E402
from moves_many_test import ManyCase  # noqa: E402

CRAWLING = 3


class Beside(ManyCase):
    INSTANCES, PAIRS, MOST = 300, 15, 1.25

    def runTest(self):
        crawl = self.start(FaultyPeer, aet="CRAWL", name="crawl",
                           switches={"delay_ms": {"store": 3_600_000}})
        self.scene(series=1 + CRAWLING, destinations=1, answer_within="1h",
                   more={"CRAWL": {"address": crawl.address, "max_associations": 50}})
        own, *others = self.series
        good = self.mover("C1", "D00", own)
        good()  # the first learns what the destination accepts
        alone, beside = [], []
        while len(beside) < self.PAIRS or (
                len(beside) < 3 * self.PAIRS and ratio_of(alone, beside) > self.MOST):
            alone.append(self.seconds(good))
            seen = len(crawl.journal("command"))
            crawl.set(delay_ms={"store": 3_600_000})
            threads = [threading.Thread(target=self.mover(f"C{number}", "CRAWL", one))
                       for number, one in enumerate(others, 2)]
            for thread in threads:
                thread.start()
            wait_until(lambda: len(crawl.journal("command")) >= seen + CRAWLING, 30,
                       "the moves to crawl")
            beside.append(self.seconds(good))
            crawl.set(delay_ms={"store": 0})
            crawl.reset()  # those that it keeps waiting
            for thread in threads:
                thread.join()
        ratio = ratio_of(alone, beside)
        print(f"alone  {statistics.median(alone):.3f} s\nbeside {statistics.median(beside):.3f} s\n"
              f"ratio  {ratio:.2f} (median of {len(beside)} pairs)", flush=True)
        self.assertLessEqual(ratio, self.MOST)

    def seconds(self, move):
        began = time.monotonic()
        self.assertEqual(move()[:5], (0, self.INSTANCES, 0, 0, []))
        return time.monotonic() - began


def ratio_of(alone, beside):
    return statistics.median(b / a for a, b in zip(alone, beside))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assert-ratio", type=float, metavar="N", default=float("inf"),
                        help="exit 1 if beside the others it takes more than N times as long")
    parser.add_argument("--pairs", type=int, default=Beside.PAIRS)
    options = parser.parse_args()
    Beside.MOST, Beside.PAIRS = options.assert_ratio, options.pairs
    return not unittest.TextTestRunner().run(Beside()).wasSuccessful()


if __name__ == "__main__":
    sys.exit(main())
