#!/usr/bin/python3
"""C-MOVEs that VMSDBD sends to us and we carry to where it has never sent anything."""
import pathlib
import re
import shutil
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
import pydicom  # noqa: E402

CLIENT = "DCMTK"


def counts(outcome):
    """The counts of the last C-MOVE response that movescu -d printed."""
    found = {}
    for name in ("Completed", "Failed", "Warning"):
        values = re.findall(rf"{name} Suboperations\s*: (\d+)", outcome.output)
        found[name.lower()] = int(values[-1]) if values else None
    return found


def status(outcome):
    return re.findall(r"DIMSE Status\s*: (0x[0-9a-f]{4})", outcome.output)[-1]


class Moves(Case):
    """A chain lies in VMSDBD (Orthanc); RTPACS and the client are known to Sluice alone."""

    def setUp(self):
        super().setUp()
        self.chain = raystation_chain()
        self.port = free_port()
        self.own_port = free_port()
        self.aria = self.start_upstream()
        self.pacs = self.start(Storescp, aet="RTPACS")
        self.client = self.start(Storescp, aet=CLIENT, port=self.own_port)
        config = sluice_config(
            self.directory,
            {"VMSDBD": {"address": self.aria.address, "profile": "aria", "settle": "300ms",
                        "answer_within": "3s"},
             "RTPACS": {"address": self.pacs.address},
             "GONE": {"address": f"127.0.0.1:{free_port()}"}},
            port=self.port, store={"directory": str(self.directory / "store"),
                                   "free_floor": "64MiB"},
            clients=[{"ae_title": CLIENT, "from": "127.0.0.1", "receives_on": self.own_port}])
        self.sluice = self.start(Sluice, config)
        self.everything = [*self.chain.images, self.chain.structure_set, self.chain.plan,
                           self.chain.dose]

    def start_upstream(self):
        aria = self.start(OrthancAria, peers={"SLUICE": self.port, "ME": free_port()},
                          machines=[self.chain.machine])
        chain = self.chain
        for files in (chain.images, [chain.structure_set], [chain.plan], [chain.dose]):
            outcome = storescu(aria, files, calling="ME")
            self.assertEqual(outcome.returncode, 0, outcome)
        return aria

    def study(self):
        return str(pydicom.dcmread(self.chain.plan, stop_before_pixels=True).StudyInstanceUID)

    def move(self, destination, keys):
        return movescu(self.sluice, destination, keys, options=("-S", "-d"), calling=CLIENT)

    def move_study(self, destination):
        return self.move(destination, ["0008,0052=STUDY", f"0020,000D={self.study()}"])

    def assert_arrived(self, peer, files):
        arrived = peer.files()
        self.assertEqual(set(arrived), {sop_instance_uid(file) for file in files})
        for file in files:
            self.assertEqual(canonical_sha256(arrived[sop_instance_uid(file)]),
                             canonical_sha256(file), file)

    def test_a_study_reaches_an_archive_that_upstream_does_not_know(self):
        outcome = self.move_study("RTPACS")
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertEqual(status(outcome), "0x0000")
        self.assertEqual(counts(outcome),
                         {"completed": len(self.everything), "failed": 0, "warning": 0})
        self.assert_arrived(self.pacs, self.everything)
        self.assertEqual(self.sluice.metric("sluice_moves_total", outcome="success"), 1)
        self.assertEqual(self.sluice.metric("sluice_moves_in_progress"), 0)

    def test_the_package_of_a_plan_is_moved_piece_by_piece(self):
        plan = pydicom.dcmread(self.chain.plan, stop_before_pixels=True)
        image = pydicom.dcmread(self.chain.images[0], stop_before_pixels=True)
        wanted = [["0008,0052=SERIES", f"0020,000D={image.StudyInstanceUID}",
                   f"0020,000E={image.SeriesInstanceUID}"]]
        for file in (self.chain.structure_set, self.chain.plan, self.chain.dose):
            one = pydicom.dcmread(file, stop_before_pixels=True)
            wanted.append(["0008,0052=IMAGE", f"0020,000D={one.StudyInstanceUID}",
                           f"0020,000E={one.SeriesInstanceUID}",
                           f"0008,0018={one.SOPInstanceUID}"])
        self.assertEqual(plan.StudyInstanceUID, image.StudyInstanceUID)
        for keys in wanted:
            outcome = self.move("RTPACS", keys)
            self.assertEqual(status(outcome), "0x0000", outcome)
        self.assert_arrived(self.pacs, self.everything)

    def test_a_client_moves_to_itself(self):
        outcome = self.move_study(CLIENT)
        self.assertEqual(status(outcome), "0x0000", outcome)
        self.assert_arrived(self.client, self.everything)
        self.assertEqual(self.pacs.files(), {})

    def test_a_destination_that_is_down_is_told_as_failed(self):
        outcome = self.move_study("GONE")
        self.assertEqual(status(outcome), "0xa702", outcome)
        told = counts(outcome)
        # Orthanc gives up at the first sub-operation that fails.
        self.assertEqual(told["completed"], 0)
        self.assertGreaterEqual(told["failed"], 1)

    def test_an_unknown_destination_is_upstreams_to_refuse(self):
        outcome = self.move_study("NOWHERE")
        self.assertNotEqual(status(outcome), "0x0000", outcome)
        self.assertEqual(self.pacs.files(), {})


class MovesFaulty(Case):
    """The stand-in on dcmnet: what an upstream may do to the sub-operations of a move."""

    def scene(self, **move):
        self.chain = raystation_chain()
        self.files = [*self.chain.images[:6], self.chain.structure_set, self.chain.plan]
        port = free_port()
        self.upstream = self.start(
            FaultyPeer, aet="VMSDBD",
            switches={"destinations": {"SLUICE": f"127.0.0.1:{port}"}, "move": move})
        for file in self.files:
            shutil.copy(file, self.directory)
        self.upstream.load(self.directory)
        self.pacs = self.start(Storescp, aet="RTPACS")
        self.other = self.start(Storescp, aet="OTHER")
        config = sluice_config(
            self.directory,
            {"VMSDBD": {"address": self.upstream.address, "profile": "aria", "settle": "200ms",
                        "pending_interval": "500ms"},
             "RTPACS": {"address": self.pacs.address}, "OTHER": {"address": self.other.address}},
            port=port, store={"directory": str(self.directory / "store"), "free_floor": "64MiB"})
        self.sluice = self.start(Sluice, config)
        plan = pydicom.dcmread(self.chain.plan, stop_before_pixels=True)
        self.keys = ["0008,0052=STUDY", f"0020,000D={plan.StudyInstanceUID}"]

    def move(self, destination="RTPACS"):
        return movescu(self.sluice, destination, self.keys, options=("-S", "-d"))

    def assert_whole(self, outcome, peer):
        self.assertEqual(status(outcome), "0x0000", outcome)
        self.assertEqual(counts(outcome), {"completed": 8, "failed": 0, "warning": 0})
        self.assertEqual(set(peer.files()), {sop_instance_uid(file) for file in self.files})

    def test_without_move_originator_moves_of_one_title_take_turns(self):
        self.scene(originator="none")
        done = {}
        movers = [threading.Thread(target=lambda to=to: done.update({to: self.move(to)}))
                  for to in ("RTPACS", "OTHER")]
        for mover in movers:
            mover.start()
        for mover in movers:
            mover.join()
        self.assert_whole(done["RTPACS"], self.pacs)
        self.assert_whole(done["OTHER"], self.other)

    def test_with_move_originator_moves_share_the_title(self):
        self.scene(originator="both")
        self.assert_whole(self.move(), self.pacs)
        done = {}
        movers = [threading.Thread(target=lambda to=to: done.update({to: self.move(to)}))
                  for to in ("RTPACS", "OTHER")]
        for mover in movers:
            mover.start()
        for mover in movers:
            mover.join()
        self.assert_whole(done["OTHER"], self.other)
        self.assertEqual(status(done["RTPACS"]), "0x0000")

    def test_over_successive_associations(self):
        self.scene(associations="successive", per_association=3)
        self.assert_whole(self.move(), self.pacs)

    def test_over_parallel_associations(self):
        self.scene(associations="parallel", per_association=3)
        self.assert_whole(self.move(), self.pacs)

    def test_what_upstream_leaves_out_and_counts_as_failed_is_told(self):
        self.scene(skip_first=2, skipped="failed")
        outcome = self.move()
        self.assertEqual(status(outcome), "0xb000", outcome)
        self.assertEqual(counts(outcome), {"completed": 6, "failed": 2, "warning": 0})

    def test_a_destination_that_refuses_is_told_instance_by_instance(self):
        self.scene()
        refusing = self.start(FaultyPeer, aet="RTPACS2", name="refusing", switches={
            "store_status": [{"kind": "plan", "status": 0xA700, "times": -1}]})
        config = self.sluice.config
        text = config.path.read_text().replace(self.other.address, refusing.address)
        config.path.write_text(text.replace('"OTHER": {', '"RTPACS2": {'))
        self.sluice.restart()
        outcome = self.move("RTPACS2")
        self.assertEqual(status(outcome), "0xb000", outcome)
        self.assertEqual(counts(outcome), {"completed": 7, "failed": 1, "warning": 0})
        self.assertIn(sop_instance_uid(self.chain.plan), outcome.output)


if __name__ == "__main__":
    run_cases()
