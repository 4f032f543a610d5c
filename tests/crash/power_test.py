#!/usr/bin/python3
"""A power failure at every named moment between the first PDV and the unlink.

What was not synced is gone; what a client had 0000H for is not. After each failure Sluice starts
again on what is left, the client sends again whatever it has no 0000H for, and the whole chain has
to be upstream in the order of injection, with nothing left over.
"""
import concurrent.futures
import os
import pathlib
import random
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from harness import *  # noqa: E402,F403
from harness.process import Process  # noqa: E402
import pydicom  # noqa: E402

QUICK = {"existence": {"first": "50ms", "most": "200ms", "per_second": 100},
         "decide_within": "200ms", "verify_for": "300ms",
         "retry": {"first": "50ms", "most": "200ms"}}
DIED = 137
AT_A_TIME = 4
# Renamed and synced, and then no row came: kept and reported, since nobody can know more of it.
LITTERS = {"folder_synced", "rows_written"}
IMAGES = 3


def points():
    done = subprocess.run([os.environ["SLUICE"], "--points"], capture_output=True, text=True,
                          check=True)
    return done.stdout.split()


def small_chain(directory):
    """[dose, plan, structure set, images]: RayStation's, with three slices and a dose of a point."""
    chain = raystation_chain()
    images = chain.images[:IMAGES]
    kept = {sop_instance_uid(file) for file in images}
    structures = pydicom.dcmread(chain.structure_set)
    for frame in structures.ReferencedFrameOfReferenceSequence:
        for study in frame.RTReferencedStudySequence:
            for series in study.RTReferencedSeriesSequence:
                series.ContourImageSequence = [
                    one for one in series.ContourImageSequence
                    if one.ReferencedSOPInstanceUID in kept]
    for roi in structures.ROIContourSequence:
        roi.ContourSequence = [
            one for one in roi.get("ContourSequence", ())
            if one.ContourImageSequence[0].ReferencedSOPInstanceUID in kept]
    structures.save_as(directory / "RS.dcm")
    dose = pydicom.dcmread(chain.dose)
    dose.NumberOfFrames, dose.Rows, dose.Columns = 1, 2, 2
    dose.PixelData = bytes(4 * dose.BitsAllocated // 8)
    dose.save_as(directory / "RD.dcm")
    return [directory / "RD.dcm", chain.plan, directory / "RS.dcm", *images]


class Scene:
    """One upstream that refuses what misses its references, and a client that never gives up.

    aims: for each life of Sluice the options that end it; after the last it lives on.
    """

    def __init__(self, case, name, chain, aims, may_litter=False):
        self.case, self.name, self.chain, self.may_litter = case, name, chain, may_litter
        self.aims = iter(aims)
        self.deaths = 0
        self.upstream = case.start(FaultyPeer, name=f"{name}-upstream", aet="VMSDBD",
                                   switches={"missing": "refuse"})
        self.directory = case.directory / name
        self.config = sluice_config(
            self.directory,
            {"VMSDBD": {"address": self.upstream.address, "profile": "aria", **QUICK}},
            store={"directory": str(self.directory / "store"), "free_floor": "64MiB"},
            log={"level": "warning"})
        self.serve()

    def serve(self):
        self.sluice = Sluice(self.config, self.directory, name=f"{self.name}-sluice",
                             options=next(self.aims, ()))
        self.case._started.append(self.sluice)
        Process.start(self.sluice)
        wait_until(lambda: not self.sluice.running() or self.sluice.is_ready(), 60, "/readyz")

    def serve_again_if_dead(self):
        if not self.sluice.running():
            self.case.assertEqual(self.sluice.wait(), DIED, self.sluice.output())
            self.sluice.assert_no_reports()
            self.deaths += 1
            self.serve()

    def send_all(self):
        """Every file until it has its 0000H, whatever dies meanwhile."""
        for file in self.chain:
            def acknowledged(file=file):
                self.serve_again_if_dead()
                return storescu(self.sluice, [file]).returncode == 0
            wait_until(acknowledged, 60, f"0000H for {file.name}")

    def everything_arrives(self):
        wanted = {sop_instance_uid(file) for file in self.chain}

        def there():
            self.serve_again_if_dead()
            return wanted <= set(self.upstream.files()) and self.is_empty()
        wait_until(there, 60, "the whole chain upstream, and nothing held")

    def is_empty(self):
        try:
            return not self.sluice.held() and not self.sluice.metric("sluice_queue_instances")
        except (OSError, AssertionError):  # it is dying, and its store with it
            return False

    def assert_sound(self):
        case = self.case
        stores = self.upstream.journal("store")
        case.assertEqual({line["status"] for line in stores}, {0}, "sent before its references")
        arrived = self.upstream.files()
        for file in self.chain:
            case.assertEqual(canonical_sha256(arrived[sop_instance_uid(file)]),
                             canonical_sha256(file), file)
        spool = self.directory / "store" / "spool"

        def as_it_should_be():
            self.serve_again_if_dead()
            left = [file.name for file in spool.iterdir()]
            return not any(name.endswith(".part") or not self.may_litter for name in left)
        wait_until(as_it_should_be, 30, "an empty spool")

    def end(self):
        """It may die as late as when it is told to end."""
        self.sluice.send_signal(signal.SIGTERM)
        while (code := self.sluice.wait()) != 0:
            self.case.assertEqual(code, DIED, self.sluice.output())
            self.sluice.assert_no_reports()
            self.deaths += 1
            self.serve()
            self.sluice.send_signal(signal.SIGTERM)
        self.sluice.assert_no_reports()
        self.upstream.finish()

    def play(self):
        """How often Sluice died until all had arrived."""
        self.send_all()
        self.everything_arrives()
        self.assert_sound()
        self.end()
        return self.deaths


class Power(Case):
    def setUp(self):
        super().setUp()
        self.chain = small_chain(self.directory)

    def play_all(self, scenes):
        """{name: deaths} of scenes {name: (aims, may_litter)}, some of them side by side."""
        def play(one):
            name, (aims, may_litter) = one
            try:
                return name, Scene(self, name, self.chain, aims, may_litter).play()
            except Exception as fault:
                raise AssertionError(f"{name}: {fault}") from fault
        with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
            return dict(pool.map(play, scenes.items()))


class PowerFails(Power):
    def test_nothing_acknowledged_is_lost_at_any_moment(self):
        # Where it comes for the third time: other rows, other calls of the ledger.
        scenes = {f"{point}-{count}": ([("--at", f"{point}:{count}")], point in LITTERS)
                  for point in points() for count in (1, 3)}
        deaths = self.play_all(scenes)
        self.assertEqual({name: deaths[name] for name in deaths if name.endswith("-1")},
                         {f"{point}-1": 1 for point in points()})
        self.assertGreater(sum(deaths.values()), 1.5 * len(points()))


class ProcessDies(Power):
    def test_nothing_acknowledged_is_lost_when_the_process_alone_ends(self):
        scenes = {point: ([("--at", f"{point}:1", "--keep")], point in {"renamed", *LITTERS})
                  for point in points()}
        self.assertEqual(self.play_all(scenes), {point: 1 for point in points()})


class PowerFailsAgainAndAgain(Power):
    """Recovery is interrupted too: each life ends at another moment."""

    SEED = 20261124

    def test_every_life_ends_early_and_all_arrives(self):
        chance = random.Random(self.SEED)
        scenes = {f"again-{number}": ([("--at", f"{chance.choice(points())}:{chance.randint(1, 4)}")
                                       for _ in range(5)], True)
                  for number in range(8)}
        self.assertGreater(sum(self.play_all(scenes).values()), len(scenes))


if __name__ == "__main__":
    run_cases()
