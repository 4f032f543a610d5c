#!/usr/bin/python3
"""C-MOVEs that VMSDBD sends to us and we carry to where it has never sent anything."""
import pathlib
import re
import sys

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


if __name__ == "__main__":
    run_cases()
