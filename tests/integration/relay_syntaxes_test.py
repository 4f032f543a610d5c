#!/usr/bin/python3
"""What is stored arrives as it was sent, in whatever transfer syntax it was sent.

Every file of tests/data goes in every transfer syntax that DCMTK can make of it.
"""
import collections
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
FOR_ALL = (wire.IMPLICIT, wire.EXPLICIT, BIG_ENDIAN, DEFLATED)
FOR_IMAGES = (RLE, JPEG_LOSSLESS, JPEG_LS, JPEG_LS_NEAR)

# sha256 is of the data set as it is encoded; for Deflated, as it is compressed.
Sent = collections.namedtuple("Sent", "syntax uid sha256")


def to_convert():
    """[(file, transfer syntax)]; what DCMTK cannot make of a file is found by trying."""
    wanted = []
    for file in sorted(TEST_DATA.rglob("*.dcm")):
        is_image = "Rows" in pydicom.dcmread(file, stop_before_pixels=True)
        wanted += [(file, syntax) for syntax in (*FOR_ALL, *(FOR_IMAGES if is_image else ()))]
    return wanted


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
        targets = [self.directory / f"{number:05d}.dcm" for number in range(len(wanted))]
        jobs = "".join(f"{source}\t{syntax}\t{target}\n"
                       for (source, syntax), target in zip(wanted, targets))
        done = subprocess.run([build() / "tests" / "sluice_transcode"], input=jobs, text=True,
                              capture_output=True, check=True)
        made = collections.defaultdict(list)
        for target in map(pathlib.Path, done.stdout.splitlines()):
            made[transfer_syntax(target)].append(target)
        # The syntaxes that are not compressed can be had of every file.
        for syntax in FOR_ALL:
            self.assertEqual(len(made[syntax]), len(list(TEST_DATA.rglob("*.dcm"))))
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
        self.assertGreater(sent.total(), 1900)
        self.assertEqual(collections.Counter(self.arrived()), sent)
        self.assertEqual(self.sluice.metric("sluice_messages_total", command="C-STORE",
                                            status_class="success"), sent.total())


if __name__ == "__main__":
    run_cases()
