#!/usr/bin/python3
"""Command files as Varian's GetDicomCollection script writes them, with Sluice's address in them.

One movescu for the image series, the structure set and the plan, and one for all doses of the study
by their SOP class; relational keys throughout, an alias as the called title and as destination.
"""
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
import pydicom  # noqa: E402

DOSE_CLASS = "1.2.840.10008.5.1.4.1.1.481.2"
MOVE = "movescu -v -aet DCMTK -aec VMSDBD1 -aem VMSFD -S"


class CommandFiles(Case):
    def setUp(self):
        super().setUp()
        self.chain = raystation_chain()
        self.files = [*self.chain.images, self.chain.structure_set, self.chain.plan,
                      self.chain.dose, *self.second_dose()]

    def second_dose(self):
        """Another dose of the study: nobody asks for it by name."""
        dose = pydicom.dcmread(self.chain.dose)
        dose.SOPInstanceUID += ".2"
        dose.file_meta.MediaStorageSOPInstanceUID = dose.SOPInstanceUID
        path = self.directory / "dose.2.dcm"
        dose.save_as(path)
        return [path]

    def vmsdbd(self, name, destinations, called):
        peer = self.start(FaultyPeer, name=name, aet="VMSDBD",
                          switches={"destinations": destinations, "called": called})
        content = self.directory / f"{name}-content"
        content.mkdir()
        for file in self.files:
            shutil.copy(file, content)
        self.assertEqual(peer.load(content), len(self.files))
        return peer

    def command_file(self, name, port):
        """The text as the script writes it; only address and port are this test's."""
        def uid(file, keyword):
            return getattr(pydicom.dcmread(file, stop_before_pixels=True), keyword)
        series = uid(self.chain.images[0], "SeriesInstanceUID")
        study = uid(self.chain.dose, "StudyInstanceUID")
        lines = [f'{MOVE} -k "0008,0052=SERIES" -k "0020,000E={series}" 127.0.0.1 {port}']
        for file in (self.chain.structure_set, self.chain.plan):
            lines.append(f'{MOVE} -k "0008,0052=IMAGE" -k "0008,0018={uid(file, "SOPInstanceUID")}" '
                         f"127.0.0.1 {port}")
        lines.append(f'{MOVE} -k "0008,0052=IMAGE" -k "0008,0016={DOSE_CLASS}" '
                     f'-k "0020,000D={study}" 127.0.0.1 {port}')
        path = self.directory / f"{name}.cmd"
        path.write_text("\n".join(lines) + "\n")
        return path

    def run_it(self, name, port):
        """What the four commands print; each has to succeed."""
        done = subprocess.run(["sh", "-e", self.command_file(name, port)], capture_output=True,
                              text=True, timeout=60, env={"PATH": "/usr/bin:/bin"}, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return masked(done.stdout + done.stderr, str(port))

    def through(self, moves):
        """(what is printed, what VMS File Service has) with Sluice in place of VMSDBD."""
        folder = self.start(Storescp, name=f"vmsfd-{moves}", aet="VMSFD-OUT")
        port = free_port()
        # VMSDBD knows one caller, and its own destination under its real title.
        upstream = self.vmsdbd(f"vmsdbd-{moves}", {"VMSFD-OUT": folder.address,
                                                   "SLUICE": f"127.0.0.1:{port}"}, ["VMSDBD"])
        upstream.set(trusted=["SLUICE"])
        config = sluice_config(
            self.directory / moves,
            {"VMSDBD": {"address": upstream.address, "profile": "aria",
                        "also_called": ["VMSSDBD", "VMSDBD1"]},
             "VMSFD-OUT": {"address": folder.address, "also_called": ["VMSFD"], "moves": moves}},
            port=port, clients=[{"ae_title": ["DCMTK", "DCMCTK"], "from": "127.0.0.1"}],
            store={"directory": str(self.directory / moves / "store"), "free_floor": "64MiB"})
        self.start(Sluice, config, name=f"sluice-{moves}")
        said = self.run_it(f"through-{moves}", port)
        return said, shas(folder.files())

    def test_they_run_unchanged_whoever_sends_to_the_destination(self):
        folder = self.start(Storescp, name="vmsfd", aet="VMSFD")
        direct = self.vmsdbd("vmsdbd", {"VMSFD": folder.address}, ["VMSDBD1"])
        said = self.run_it("direct", direct.port)
        arrived = shas(folder.files())
        self.assertEqual(set(arrived), {sop_instance_uid(file) for file in self.files})
        for moves in ("forward", "carry"):
            with self.subTest(moves=moves):
                self.assertEqual(self.through(moves), (said, arrived))


if __name__ == "__main__":
    run_cases()
