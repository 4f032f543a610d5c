#!/usr/bin/python3
"""C-GET for clients of an application that has none: done by a C-MOVE to Sluice."""
import json
import pathlib
import shutil
import socket
import struct
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from harness import wire as w  # noqa: E402
import pydicom  # noqa: E402

GET, PATIENT_GET = "1.2.840.10008.5.1.4.1.2.2.3", "1.2.840.10008.5.1.4.1.2.1.3"
C_STORE, C_GET, CANCEL = 0x0001, 0x0010, 0x0FFF
PENDING, REMAINING = 0xFF00, 0x1020
COUNTS = {"completed": 0x1021, "failed": 0x1022, "warning": 0x1023}
MIB = 1 << 20
ODIL = pathlib.Path(__file__).resolve().parents[1] / "interop" / "odil_client.py"
SOON = 30  # seconds: a loaded machine is slow


class Getter(w.Wire):
    """A client of C-GET by hand: SCP of CT images, in one syntax."""

    def __init__(self, sluice, syntax=w.IMPLICIT, receive_buffer=None, max_pdu=131072,
                 get_class=GET):
        self.get_class = get_class
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(SOON)
        connection.connect((sluice.host, sluice.port))
        self._take(connection, SOON)
        self.accepted = w.answered_contexts(self.associate(
            contexts=((1, get_class, (w.IMPLICIT,)), (3, w.CT, (syntax,))), roles={w.CT: (0, 1)},
            max_pdu=max_pdu))
        self.stored = {}

    def get(self, keys, message_id=9):
        """keys: the elements of the identifier, encoded."""
        self.send(w.request(1, C_GET, self.get_class, message_id, keys))

    def cancel(self, message_id=9):
        self.send(w.command_set(1, {0x0100: CANCEL, 0x0120: message_id, 0x0800: 0x0101}))

    def rest(self):
        """What is still to come of the data set in the middle of which it is."""
        rest, control = b"", 0
        while control != 2:
            kind, raw = self.receive()
            assert kind == w.DATA, f"PDU {kind} in the middle of a data set"
            control = raw[5]
            rest += raw[6:] if not control & 1 else b""
        return rest

    def take(self, status=0):
        """Receives one sub-operation, answers it and returns it; or the final response."""
        while True:
            came = self.message()
            if came.field == C_STORE:
                self.stored[came.text(0x1000)] = came.data_set
                self.send(came.answer(status, {0x1000: came.text(0x1000)}))
                return came
            if came.status != PENDING:
                return came

    def take_all(self, status=lambda number: 0):
        """The final response; status(n): what the n-th sub-operation is answered with."""
        while (came := self.take(status(len(self.stored)))).field == C_STORE:
            pass
        return came


def study_level(study):
    return w.element(8, 0x52, "STUDY ") + w.element(0x20, 0x0D, study)


def told(final):
    return {name: final.number(element) for name, element in COUNTS.items()}


class GetBridgeCase(Case):
    """VMSDBD is the stand-in, which has no C-GET and knows nobody but Sluice."""

    def scene(self, files=None, move=None, limits=None, **application):
        self.chain = raystation_chain()
        self.files = files or [*self.chain.images[:6], self.chain.structure_set, self.chain.plan]
        port = free_port()
        self.upstream = self.start(
            FaultyPeer, aet="VMSDBD",
            switches={"destinations": {"SLUICE": f"127.0.0.1:{port}"}, "move": move or {},
                      "trusted": ["SLUICE"]})
        for file in self.files:
            shutil.copy(file, self.directory)
        self.upstream.load(self.directory)
        config = sluice_config(
            self.directory,
            {"VMSDBD": {"address": self.upstream.address, "profile": "aria", "settle": "200ms",
                        **application}},
            port=port, store={"directory": str(self.directory / "store"), "free_floor": "64MiB"},
            limits=limits or {})
        self.sluice = self.start(Sluice, config)
        plan = pydicom.dcmread(self.chain.plan, stop_before_pixels=True)
        image = pydicom.dcmread(self.chain.images[0], stop_before_pixels=True)
        self.study, self.patient = str(plan.StudyInstanceUID), str(plan.PatientID)
        self.image_study, self.series = str(image.StudyInstanceUID), str(image.SeriesInstanceUID)

    def large(self, megabytes, count):
        """CT images of so many MB each; they are the study of the scene."""
        return vary(raystation_chain().images[0], self.directory / "large", count,
                    pad_to=megabytes * 1000 * 1000)

    def get(self, keys, name="got", options=("-S", "+B"), **how):
        into = self.directory / name
        outcome = getscu(self.sluice, into, keys, options=(*options, "-d"), **how)
        return outcome, files_by_uid(into)

    def assert_got(self, got, files, same=canonical_sha256):
        self.assertEqual(set(got), {sop_instance_uid(file) for file in files})
        for file in files:
            self.assertEqual(same(got[sop_instance_uid(file)]), same(file), file)

    def assert_nothing_is_left(self):
        for name in ("sluice_moves_in_progress", "sluice_associations"):
            wait_until(lambda name=name: self.sluice.metric(name) == 0, SOON, f"{name} to be 0")

    def assert_upstream_cancelled(self):
        wait_until(lambda: self.upstream.journal("move"), SOON, "the end of the move")
        self.assertEqual(self.upstream.journal("move")[-1]["status"], 0xFE00)


class GetBridge(GetBridgeCase):
    """What a client is told and gets."""

    def test_getscu_receives_a_study_a_series_and_an_image_byte_for_byte(self):
        self.scene()
        # Of three syntaxes of the client one has to be agreed on before upstream has said anything;
        # afterwards it is known what upstream has.
        outcome, got = self.get(["0008,0052=STUDY", f"0020,000D={self.study}"], "first")
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assert_got(got, self.files)
        images = self.files[:6]
        one = sop_instance_uid(images[0])
        wanted = {
            "study": (["0008,0052=STUDY", f"0020,000D={self.study}"], self.files),
            "series": (["0008,0052=SERIES", f"0020,000D={self.image_study}",
                        f"0020,000E={self.series}"], images),
            "image": (["0008,0052=IMAGE", f"0020,000D={self.image_study}",
                       f"0020,000E={self.series}", f"0008,0018={one}"], images[:1]),
            # Relational, as VMSDBD takes it.
            "series_alone": (["0008,0052=SERIES", f"0020,000E={self.series}"], images),
            "image_alone": (["0008,0052=IMAGE", f"0008,0018={one}"], images[:1]),
        }
        for name, (keys, files) in wanted.items():
            outcome, got = self.get(keys, name)
            self.assertEqual(outcome.returncode, 0, outcome)
            self.assertIn("DIMSE Status                  : 0x0000", outcome.output)
            self.assert_got(got, files, dataset_sha256)
        stock, got = self.get(*[["0008,0052=STUDY", f"0020,000D={self.study}"], "stock"],
                              nodelay=False)
        self.assertEqual(stock.returncode, 0, stock)
        self.assert_got(got, self.files, dataset_sha256)
        self.assertEqual(self.sluice.metric("sluice_move_suboperations_total",
                                            outcome="completed", destination="ME"), 38)
        self.assertEqual(self.sluice.metric("sluice_messages_total", command="C-GET",
                                            status_class="success"), 7)
        self.assert_nothing_is_left()

    def test_a_patient_root_client_of_a_study_root_archive(self):
        self.scene()
        keys = [["0008,0052=PATIENT", f"0010,0020={self.patient}"],
                ["0008,0052=STUDY", f"0010,0020={self.patient}", f"0020,000D={self.study}"]]
        for number, one in enumerate(keys):
            outcome, got = self.get(one, f"got{number}", options=("-P", "+B"))
            self.assertEqual(outcome.returncode, 0, outcome)
            self.assert_got(got, self.files)
        asked = [line["keys"] for line in self.upstream.journal("move_begins")]
        self.assertEqual([one.get("0010,0020") for one in asked], [None, None])
        self.assertEqual([one["0020,000d"] for one in asked], [self.study] * 2)

    def test_a_patient_whose_studies_are_not_known_is_no_success(self):
        self.scene()
        self.upstream.set(find={"status": 0xA700, "times": -1})
        outcome, got = self.get(["0008,0052=PATIENT", f"0010,0020={self.patient}"],
                                options=("-P", "+B"))
        self.assertIn("0xa702", outcome.output.lower())
        self.assertEqual(got, {})
        self.assertEqual(self.upstream.journal("move_begins"), [])

    def test_odil_receives_a_study(self):
        # A client with nothing of DCMTK in it; it writes files in its own way.
        self.scene()
        into = self.directory / "odil"
        into.mkdir()
        classes = sorted({str(pydicom.dcmread(file, specific_tags=["SOPClassUID"]).SOPClassUID)
                          for file in self.files})
        conversation = self.directory / "conversation.json"
        conversation.write_text(json.dumps({
            "host": self.sluice.host, "port": self.sluice.port, "calling": "ME",
            "called": "VMSDBD", "steps": [{
                "name": "C-GET", "do": "get", "level": "STUDY", "classes": classes,
                "keys": {"StudyInstanceUID": self.study}, "into": str(into)}]}))
        outcome = run_tool(["/usr/bin/python3", ODIL, conversation])
        self.assertIn("= done", outcome.output, outcome)
        self.assertIn(f"response 0x0 - {len(self.files)} 0 0", outcome.output)
        self.assertEqual(set(files_by_uid(into)), {sop_instance_uid(one) for one in self.files})

    def test_an_upstream_that_opens_an_association_for_each_instance_at_once(self):
        self.scene(move={"associations": "parallel", "per_association": 1})
        outcome, got = self.get(["0008,0052=STUDY", f"0020,000D={self.study}"])
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assert_got(got, self.files)

    def test_two_clients_at_once_get_each_their_own_though_upstream_names_no_originator(self):
        self.scene(move={"originator": "none"})
        image = ["0008,0052=IMAGE", f"0008,0018={sop_instance_uid(self.files[0])}"]
        wanted = {"study": ["0008,0052=STUDY", f"0020,000D={self.study}"], "image": image}
        got = {}
        clients = [threading.Thread(target=lambda name=name, keys=keys:
                                    got.update({name: self.get(keys, name)}))
                   for name, keys in wanted.items()]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        self.assert_got(got["study"][1], self.files)
        self.assert_got(got["image"][1], self.files[:1])

    def test_auto_bridges_what_upstream_rejects_and_asks_it_once(self):
        self.scene(get="auto")
        for name in ("first", "second"):
            outcome, got = self.get(["0008,0052=STUDY", f"0020,000D={self.study}"], name)
            self.assertEqual(outcome.returncode, 0, outcome)
            self.assert_got(got, self.files)
        self.assertEqual(self.sluice.output().count("way=bridged"), 2)
        # For each client the leg of its moves; the question is one more, and is asked once.
        self.assertEqual(len(self.upstream.journal("associate")), 3)

    def test_auto_bridges_nothing_to_what_takes_no_c_move_either(self):
        plain = self.start(Storescp, aet="DEST")
        config = sluice_config(self.directory,
                               {"DEST": {"address": plain.address, "get": "auto"}},
                               store={"directory": str(self.directory / "store"),
                                      "free_floor": "64MiB"})
        self.sluice = self.start(Sluice, config)
        for _ in range(2):  # asked, and remembered
            with w.Wire(self.sluice, SOON) as client:
                answer = w.answered_contexts(client.associate(
                    called="DEST", contexts=((1, GET, (w.IMPLICIT,)), (3, w.CT, (w.IMPLICIT,))),
                    roles={w.CT: (1, 1)}))
                self.assertEqual([answer[number][0] for number in (1, 3)], [3, 0])
                client.release()
        self.assertNotIn("way=bridged", self.sluice.output())

    def test_relay_leaves_it_to_upstream(self):
        self.scene(get="relay")
        outcome, got = self.get(["0008,0052=STUDY", f"0020,000D={self.study}"])
        self.assertNotEqual(outcome.returncode, 0, outcome)
        self.assertEqual(got, {})

    def test_auto_relays_to_an_archive_that_has_c_get(self):
        archive = self.start(Dcmqrscp, aet="QR")
        images = raystation_chain().images[:3]
        self.assertEqual(storescu(archive, images).returncode, 0)
        config = sluice_config(self.directory, {"QR": {"address": archive.address, "get": "auto"}},
                               store={"directory": str(self.directory / "store"),
                                      "free_floor": "64MiB"})
        self.sluice = self.start(Sluice, config, aet="QR")
        image = pydicom.dcmread(images[0], stop_before_pixels=True)
        keys = ["0008,0052=STUDY", f"0020,000D={image.StudyInstanceUID}"]
        outcome, got = self.get(keys)
        self.assertEqual(outcome.returncode, 0, outcome)
        directly = self.directory / "directly"
        self.assertEqual(getscu(archive, directly, keys, options=("-S", "+B")).returncode, 0)
        self.assert_got(got, files_by_uid(directly).values(), dataset_sha256)
        self.assertIn("way=mirrored", self.sluice.output())
        self.assertNotIn("way=bridged", self.sluice.output())

    # ---- what a client may do to it

    def test_what_the_client_refuses_is_counted_and_named(self):
        self.scene(files=raystation_chain().images[:5])
        with Getter(self.sluice) as client:
            client.get(study_level(self.image_study))
            final = client.take_all(lambda number: {1: 0xA700, 3: 0xB000}.get(number, 0))
            self.assertEqual((final.field, final.status), (C_GET | 0x8000, 0xB000))
            self.assertEqual(told(final), {"completed": 3, "failed": 1, "warning": 1})
            self.assertIsNone(final.number(REMAINING))
            refused = list(client.stored)[1]
            self.assertEqual(final.data_set, w.element(8, 0x58, refused))
            client.release()
        self.assert_nothing_is_left()

    def test_a_cancel_goes_upstream_and_what_was_sent_is_counted(self):
        self.scene(files=raystation_chain().images[:20])
        self.upstream.set(delay_ms={"suboperation": 50})
        with Getter(self.sluice) as client:
            client.get(study_level(self.image_study))
            self.assertEqual(client.take().field, C_STORE)
            client.cancel()
            final = client.take_all()
            self.assertEqual((final.field, final.status), (C_GET | 0x8000, 0xFE00))
            self.assertEqual(told(final),
                             {"completed": len(client.stored), "failed": 0, "warning": 0})
            self.assertEqual(final.number(REMAINING), 20 - len(client.stored))
            self.assert_upstream_cancelled()
            # The association is as good as new.
            self.upstream.set(delay_ms={"suboperation": 0})
            client.get(study_level(self.image_study), message_id=11)
            final = client.take_all()
            self.assertEqual((final.status, told(final)["completed"]), (0, 20))
            client.release()
        self.assert_nothing_is_left()

    def test_a_client_that_vanishes_in_the_middle_of_an_instance_stops_upstream(self):
        self.scene(files=self.large(8, 4))
        # Time for the C-CANCEL before upstream has run through the rest.
        self.upstream.set(delay_ms={"suboperation": 500})
        client = Getter(self.sluice, receive_buffer=65536)
        client.get(study_level(self.image_study))
        while (came := client.receive())[0] == w.DATA and len(came[1]) < 1000:
            pass
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.socket.close()  # a reset
        self.assert_upstream_cancelled()
        self.assert_nothing_is_left()
        self.assertEqual(self.sluice.metric("sluice_buffer_bytes"), 0)
        self.upstream.set(delay_ms={"suboperation": 0})
        with Getter(self.sluice) as another:
            another.get(study_level(self.image_study))
            self.assertEqual(told(another.take_all())["completed"], 4)

    def test_a_stop_breaks_off_what_a_client_does_not_read(self):
        # By the end of the drain a Pending waits its turn behind the instance.
        self.scene(files=self.large(8, 1), limits={"drain": "500ms", "artim": "1s"},
                   pending_interval="100ms")
        with Getter(self.sluice, receive_buffer=65536) as client:
            client.get(study_level(self.image_study))
            self.assertEqual(client.receive()[0], w.DATA)
            self.sluice.stop(within=SOON)
        self.assertIn("a C-GET was broken off", self.sluice.output())


class GetBridgeFlow(GetBridgeCase):
    """Memory: not for a sanitizer, which keeps what is freed."""

    def test_a_client_that_reads_at_a_crawl_holds_up_nobody_and_no_memory(self):
        self.scene(files=self.large(24, 2), move_originator="yes")
        with Getter(self.sluice) as warm:  # what the first move of all costs is no part of this
            warm.get(study_level(self.image_study))
            self.assertEqual(told(warm.take_all())["completed"], 2)
            warm.release()
        before = self.sluice.resident_bytes()
        slow = Getter(self.sluice, receive_buffer=65536)
        slow.get(study_level(self.image_study))
        self.assertEqual(slow.receive()[0], w.DATA)
        with Getter(self.sluice) as quick:
            quick.get(study_level(self.image_study))
            self.assertEqual(told(quick.take_all())["completed"], 2)
            quick.release()
        grown = self.sluice.resident_bytes() - before
        print(f"grew by {grown / MIB:.1f} MiB beside a client that reads nothing")
        self.assertLess(grown, 12 * MIB)
        rest = slow.rest()
        uid = next(iter(quick.stored))
        slow.send(w.response(3, C_STORE | 0x8000, w.CT, 1, 0, more={0x1000: uid}))
        final = slow.take_all()
        self.assertEqual((final.status, told(final)["completed"]), (0, 2))
        self.assertIn(rest, quick.stored.values())
        slow.socket.close()


if __name__ == "__main__":
    run_cases()
