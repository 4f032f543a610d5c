#!/usr/bin/python3
"""C-MOVEs that bring an application which demands an order what it cannot take yet."""
import pathlib
import shutil
import signal
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from injection_test import QUICK  # noqa: E402
from moves_test import counts, status  # noqa: E402
import pydicom  # noqa: E402


class MovesHeld(Case):
    """A chain lies in ARCHIVE; VMSDBD refuses what misses its references."""

    def scene(self, answer_within="45s", limits=None, **keys):
        self.chain = raystation_chain()
        self.everything = [*self.chain.images, self.chain.structure_set, self.chain.plan,
                           self.chain.dose]
        port = free_port()
        self.archive = self.start(
            FaultyPeer, aet="ARCHIVE", name="archive", options=("--aet", "ARCHIVE"),
            switches={"destinations": {"SLUICE": f"127.0.0.1:{port}"}})
        folder = self.directory / "chain"
        folder.mkdir()
        for file in self.everything:
            shutil.copy(file, folder)
        self.archive.load(folder)
        self.aria = self.start(FaultyPeer, aet="VMSDBD", name="aria",
                               switches={"missing": "refuse"})
        config = sluice_config(
            self.directory,
            {"ARCHIVE": {"address": self.archive.address, "settle": "200ms",
                         "answer_within": answer_within},
             "VMSDBD": {"address": self.aria.address, "profile": "aria", **QUICK, **keys}},
            port=port, store={"directory": str(self.directory / "store"), "free_floor": "64MiB"},
            **({"limits": limits} if limits else {}))
        self.sluice = self.start(Sluice, config, aet="ARCHIVE")

    def move(self, file, level="IMAGE"):
        one = pydicom.dcmread(file, stop_before_pixels=True)
        keys = [f"0008,0052={level}", f"0020,000D={one.StudyInstanceUID}"]
        if level != "STUDY":
            keys.append(f"0020,000E={one.SeriesInstanceUID}")
        if level == "IMAGE":
            keys.append(f"0008,0018={one.SOPInstanceUID}")
        return movescu(self.sluice, "VMSDBD", keys, options=("-S", "-d"))

    def assert_told(self, outcome, state, **told):
        self.assertEqual((status(outcome), counts(outcome)), (state, told), outcome)

    def assert_all_arrive_in_order(self):
        wanted = {sop_instance_uid(file) for file in self.everything}
        # The journal's line follows the file, and goes before the answer.
        wait_until(lambda: wanted <= set(self.aria.arrivals()) and not self.sluice.held(), 60,
                   "everything there and nothing held")
        came = self.aria.journal("store")
        self.assertEqual({line["status"] for line in came}, {0}, "nothing was refused")
        kinds = list(dict.fromkeys(line["kind"] for line in came))
        self.assertEqual(kinds, ["image", "structure_set", "plan", "dose"])

    def test_a_chain_moved_backwards_arrives_in_order_and_what_waits_is_told_as_a_warning(self):
        self.scene()
        for file in (self.chain.dose, self.chain.plan, self.chain.structure_set):
            self.assert_told(self.move(file), "0xb000", completed=0, failed=0, warning=1)
        self.assertEqual({(one["kind"], one["state"], one["client"])
                          for one in self.sluice.held()},
                         {(kind, "waiting", "ME") for kind in ("dose", "plan", "structure_set")})
        self.assertEqual(self.aria.arrivals(), [])
        outcome = self.move(self.chain.images[0], "SERIES")
        self.assert_told(outcome, "0x0000", completed=len(self.chain.images), failed=0, warning=0)
        self.assert_all_arrive_in_order()

    def test_what_is_ready_on_arrival_is_told_as_the_destination_answers(self):
        self.scene()
        self.move(self.chain.images[0], "SERIES")
        self.assert_told(self.move(self.chain.structure_set), "0x0000", completed=1, failed=0,
                         warning=0)
        self.assertIn(sop_instance_uid(self.chain.structure_set), self.aria.files())
        self.assertEqual(self.sluice.held(), [])

    def assert_told_as_a_warning(self, file, why):
        self.assert_told(self.move(file), "0xb000", completed=0, failed=0, warning=1)
        wait_until(lambda: why in self.sluice.output(), what=why)

    def test_a_late_answer_is_not_waited_for_and_what_was_sent_is_found(self):
        # Two minutes for the application itself.
        self.scene(answer_within="3s", confirm="status", decide_within="20s")
        self.move(self.chain.images[0], "SERIES")
        self.aria.set(lose={"store": 1})
        self.assert_told_as_a_warning(self.chain.structure_set,
                                      "the destination's answer was lost: it is being asked")
        wait_until(lambda: not self.sluice.held(), 60, "nothing held")
        self.assertEqual(self.aria.arrivals().count(sop_instance_uid(self.chain.structure_set)), 1)

    def test_a_stop_waits_for_no_answer_and_what_was_sent_is_found_after_it(self):
        # Two minutes for the application itself.
        self.scene(answer_within="10m", limits={"drain": "1s"}, confirm="status",
                   decide_within="20s")
        self.move(self.chain.images[0], "SERIES")
        self.aria.set(lose={"store": 1})
        moving = threading.Thread(target=self.move, args=(self.chain.structure_set,))
        moving.start()
        self.addCleanup(moving.join)
        structures = sop_instance_uid(self.chain.structure_set)
        wait_until(lambda: structures in self.aria.arrivals(), 60, "the structure set there")
        self.sluice.send_signal(signal.SIGTERM)
        self.assertEqual(self.sluice.wait(within=90), 0)
        self.sluice.start()
        wait_until(lambda: not self.sluice.held()
                   and not self.sluice.metric("sluice_queue_instances"), 60, "nothing held")
        self.assertEqual(self.aria.arrivals().count(structures), 1)

    def test_what_is_quarantined_is_not_told_as_if_it_waited(self):
        self.scene(machines=["ELSEWHERE"])
        self.assert_told_as_a_warning(
            self.chain.plan, "in quarantine: it is not sent unless a person releases it")
        self.assertEqual([one["state"] for one in self.sluice.held()], ["quarantined"])

    def test_what_the_destination_cannot_take_now_is_told_as_queued(self):
        self.scene(confirm="status", decide_within="20s")
        self.move(self.chain.images[0], "SERIES")
        self.move(self.chain.structure_set)  # so that the images are known to be there
        self.aria.set(outage=True)
        self.assert_told_as_a_warning(self.chain.structure_set,
                                      "queued until the destination can take it")
        self.aria.set(outage=False)
        wait_until(lambda: not self.sluice.held(), 60, "nothing held")

    def test_a_whole_study_arrives_in_order_whatever_the_archive_sends_first(self):
        self.scene()
        outcome = self.move(self.chain.plan, "STUDY")
        told = counts(outcome)
        self.assertEqual(told["failed"], 0, outcome)
        self.assertEqual(told["completed"] + told["warning"], len(self.everything), outcome)
        self.assert_all_arrive_in_order()

    def test_the_only_association_there_is_shared_by_images_and_what_waits_for_them(self):
        self.scene(max_associations=1)
        outcome = self.move(self.chain.plan, "STUDY")
        self.assertEqual(counts(outcome)["failed"], 0, outcome)
        self.assert_all_arrive_in_order()


if __name__ == "__main__":
    run_cases()
