#!/usr/bin/python3
"""What is stored arrives as it was sent, in whatever transfer syntax it was sent.

Of tests/data every file that is no slice of a CT series, and every tenth slice, goes in all that
DCMTK can make of it, the other slices in two: Explicit VR Little Endian and JPEG Lossless. That is
714 files in 25 s on two busy cores; slices differ in little but their pixels, and all of them in
all syntaxes would be 2,000 conversions, more than a minute.
"""
import collections
import concurrent.futures
import hashlib
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
import pydicom  # noqa: E402

BIG_ENDIAN, DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"  # first-order prediction; storescp takes no other
JPEG_LS, JPEG_LS_NEAR = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"
RLE = "1.2.840.10008.1.2.5"
FOR_ALL = {wire.IMPLICIT: ("dcmconv", "+ti"), wire.EXPLICIT: ("dcmconv", "+te"),
           BIG_ENDIAN: ("dcmconv", "+tb"), DEFLATED: ("dcmconv", "+td")}
FOR_IMAGES = {RLE: ("dcmcrle",), JPEG_LOSSLESS: ("dcmcjpeg", "+e1"), JPEG_LS: ("dcmcjpls", "+el"),
              JPEG_LS_NEAR: ("dcmcjpls", "+en")}
EVERY = 10  # of the slices of a series, this one goes in all syntaxes

# sha256 is of the data set as it is encoded; for Deflated, as it is compressed.
Sent = collections.namedtuple("Sent", "syntax uid sha256")


def to_convert():
    """[(file, transfer syntax)]; what DCMTK cannot make of a file is found by trying."""
    wanted, slices = [], collections.Counter()
    for file in sorted(TEST_DATA.rglob("*.dcm")):
        head = pydicom.dcmread(file, stop_before_pixels=True)
        is_image = "Rows" in head
        syntaxes = [*FOR_ALL, *(FOR_IMAGES if is_image else ())]
        if head.SOPClassUID == wire.CT:
            slices[head.SeriesInstanceUID] += 1
            if slices[head.SeriesInstanceUID] % EVERY != 1:
                syntaxes = [wire.EXPLICIT, JPEG_LOSSLESS]
        wanted += [(file, syntax) for syntax in syntaxes]
    return wanted


def convert(job):
    """The file in the transfer syntax, or None: not with this kind of pixels."""
    (source, syntax), target = job
    tool_and_options = {**FOR_ALL, **FOR_IMAGES}[syntax]
    done = subprocess.run([*tool_and_options, source, target], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return target if done.returncode == 0 and transfer_syntax(target) == syntax else None


def as_sent(path):
    """PS3.5 A.5: DCMTK deflates to an odd length too, which no fragment may have."""
    data_set = dataset_bytes(path)
    return data_set + b"\0" * (len(data_set) % 2)


def head_of(path):
    meta = pydicom.filereader.read_file_meta_info(path)
    return str(meta.MediaStorageSOPClassUID), str(meta.MediaStorageSOPInstanceUID)


class RelaySyntaxes(Case):
    """Through Sluice to storescp, which writes what it receives."""

    def setUp(self):
        super().setUp()
        # One instance comes in several syntaxes: a file for each arrival.
        self.archive = self.start(Storescp, options=("+uf",))
        config = sluice_config(self.directory, {"DEST": self.archive})
        self.sluice = self.start(Sluice, config, aet="DEST")

    def converted(self):
        """{transfer syntax: [file]}"""
        wanted = to_convert()
        jobs = [(one, self.directory / f"{number:05d}.dcm") for number, one in enumerate(wanted)]
        made = collections.defaultdict(list)
        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            for ((_, syntax), _), file in zip(jobs, threads.map(convert, jobs)):
                if file:
                    made[syntax].append(file)
        return made

    def send(self, files, syntax):
        """All on one association that proposes this syntax alone."""
        classes = sorted({head_of(file)[0] for file in files})
        contexts = {uid: 2 * number + 1 for number, uid in enumerate(classes)}
        with wire.Wire(self.sluice) as client:
            accepted = wire.answered_contexts(client.associate(
                called="DEST", contexts=[(contexts[uid], uid, (syntax,)) for uid in classes]))
            self.assertEqual(set(accepted.values()), {(0, syntax)})
            for number, file in enumerate(files, 1):
                sop_class, uid = head_of(file)
                data_set = as_sent(file)
                client.send(wire.command(contexts[sop_class], 0x0001, sop_class, number, True,
                                         {0x1000: uid}))
                for at in range(0, len(data_set), 16000):
                    client.send(wire.data(contexts[sop_class], data_set[at:at + 16000],
                                          last=at + 16000 >= len(data_set)))
                answer = client.message()
                self.assertEqual((answer.message_id, answer.status), (number, 0), file)
                yield Sent(syntax, uid, hashlib.sha256(data_set).hexdigest())
            client.release()

    def arrived(self):
        for file in self.archive.received.iterdir():
            yield Sent(transfer_syntax(file), head_of(file)[1], dataset_sha256(file))

    def test_every_file_arrives_as_it_was_sent_in_every_transfer_syntax(self):
        made = self.converted()
        self.assertEqual(set(made), {*FOR_ALL, *FOR_IMAGES})
        sent = collections.Counter(
            one for syntax, files in made.items() for one in self.send(files, syntax))
        self.assertGreater(sent.total(), 700)
        self.assertEqual(collections.Counter(self.arrived()), sent)
        self.assertEqual(self.sluice.metric("sluice_messages_total", command="C-STORE",
                                            status_class="success"), sent.total())


if __name__ == "__main__":
    run_cases()
