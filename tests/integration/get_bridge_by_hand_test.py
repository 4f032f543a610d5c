#!/usr/bin/python3
"""C-GETs that are bridged, with an upstream played by hand: what no stand-in does, and lateness."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from harness import raw_case, wire as w  # noqa: E402
from get_bridge_test import (  # noqa: E402
    C_GET, C_STORE, CANCEL, GET, PATIENT_GET, Getter, study_level, told)

PATIENT_MOVE = "1.2.840.10008.5.1.4.1.2.1.2"


def store_of(uid):
    return raw_case.store(1, "1.2.3", uid)


def begun(uid, size):
    """A C-STORE-RQ and so many bytes of its data set at least; more is promised."""
    head = raw_case.instance("1.2.3", uid)
    return b"".join([w.command(1, C_STORE, w.CT, 5, True, {0x1000: uid}),
                     w.data(1, head, last=False),
                     *(w.data(1, bytes(16000), last=False) for _ in range(0, size, 16000))])


class ByHandCase(raw_case.RawCase):
    """An upstream of which every byte is the test's."""

    def bridged(self, syntax=w.IMPLICIT, behave=None, receive_buffer=None, get_class=GET,
                **application):
        self.begin(behave, get="bridge", **application)
        client = Getter(self.sluice, syntax, receive_buffer, get_class=get_class)
        self.addCleanup(client.socket.close)
        self.assertEqual(client.accepted[1][0], 0)
        self.assertEqual(client.accepted[3], (0, syntax))
        self.leg = self.upstream.next()
        return client

    def asked(self, client, study="1.2.3"):
        client.get(study_level(study))
        request = self.leg.message()
        self.assertEqual((request.field, request.text(0x0002), request.text(0x0600)),
                         (raw_case.C_MOVE, w.MOVE, "SLUICE"))
        self.assertEqual(request.data_set, study_level(study))
        return request

    def assert_moves_ended_after_cancel(self):
        cancel = self.leg.message()
        self.assertEqual(cancel.field, CANCEL)
        self.leg.send(w.response(cancel.context, raw_case.C_MOVE | 0x8000, w.MOVE,
                                 cancel.number(0x0120), 0xFE00))
        self.assert_moves_ended()


class GetBridgeByHand(ByHandCase):
    """What no stand-in does."""

    def test_what_is_offered_in_explicit_vr_alone_is_re_encoded_for_the_client(self):
        client = self.bridged()
        request = self.asked(client)
        line = self.sub_operations(((1, w.CT, (w.EXPLICIT,)),))
        data_set = raw_case.instance("1.2.3", "1.2.3.4", raw_case.explicit_element)
        line.send(w.request(1, C_STORE, w.CT, 5, data_set,
                            {0x1000: "1.2.3.4", 0x1030: "ME", 0x1031: request.message_id}))
        came = client.take()
        self.assertEqual(came.data_set, raw_case.instance("1.2.3", "1.2.3.4"))
        self.assertNotIn(0x1030, came.elements)
        self.assertEqual(line.message().status, 0)
        self.leg.send(raw_case.move_answer(request, completed=1))
        final = client.take()
        self.assertEqual((final.status, told(final)),
                         (0, {"completed": 1, "failed": 0, "warning": 0}))

    def test_a_syntax_that_nothing_converts_is_not_agreed_with_upstream(self):
        client = self.bridged()
        request = self.asked(client)
        line = self.line()
        accepted = w.answered_contexts(line.associate(
            contexts=((1, w.CT, ("1.2.840.10008.1.2.4.70",)), (3, w.RT_PLAN, (w.IMPLICIT,)),
                      (5, w.CT, (w.IMPLICIT,))), called="SLUICE", calling="VMSDBD"))
        self.assertEqual([accepted[number][0] for number in (1, 3, 5)], [3, 3, 0])
        self.leg.send(raw_case.move_answer(request, status=0xA702, completed=0, failed=1))
        final = client.take()
        self.assertEqual((final.status, told(final)["failed"]), (0xA702, 1))

    def test_a_destination_that_upstream_does_not_know_is_no_status_of_c_get(self):
        client = self.bridged()
        request = self.asked(client)
        self.leg.send(raw_case.move_answer(request, status=0xA801))
        self.assertEqual(client.take().status, 0xA702)
        self.assert_logged("upstream does not know our AE title as a move destination")

    def test_upstream_lost_within_a_small_instance_costs_that_instance_alone(self):
        client = self.bridged()
        request = self.asked(client)
        line = self.sub_operations()
        whole = w.request(1, C_STORE, w.CT, 5, raw_case.instance("1.2.3", "1.2.3.4"),
                          {0x1000: "1.2.3.4"})
        line.send(whole[:-10])
        line.socket.close()
        another = self.sub_operations()
        another.send(store_of("1.2.3.5"))
        self.assertEqual(client.take().text(0x1000), "1.2.3.5")
        self.assertEqual(another.message().status, 0)
        self.leg.send(raw_case.move_answer(request, completed=1, failed=1))
        final = client.take()
        self.assertEqual((final.status, told(final)),
                         (0xB000, {"completed": 1, "failed": 1, "warning": 0}))

    def test_upstream_lost_within_a_large_instance_ends_the_association(self):
        client = self.bridged()
        self.asked(client)
        line = self.sub_operations()
        line.send(w.command(1, C_STORE, w.CT, 5, True, {0x1000: "1.2.3.4"}))
        line.send(w.data(1, raw_case.instance("1.2.3", "1.2.3.4"), last=False))
        for _ in range(100):
            line.send(w.data(1, bytes(16000), last=False))
        self.assertEqual(client.receive()[0], w.DATA)
        line.socket.close()
        self.assert_aborted(client, 0)
        self.assert_moves_ended_after_cancel()

    def test_a_client_that_does_not_answer_is_told_to_upstream_in_time(self):
        client = self.bridged(answer_within="300ms")
        request = self.asked(client)
        line = self.sub_operations()
        line.send(store_of("1.2.3.4"))
        self.assertEqual(line.message().status, 0xA700)
        line.send(store_of("1.2.3.5"))  # is not sent before the first was answered
        self.assertEqual(line.message().status, 0xA700)
        self.assertEqual(client.take().text(0x1000), "1.2.3.4")
        self.leg.send(raw_case.move_answer(request, completed=0, failed=2))
        final = client.take()
        self.assertEqual((final.field, final.status, told(final)["failed"]),
                         (C_GET | 0x8000, 0xA702, 2))

    def test_what_comes_after_the_final_response_does_not_reach_the_client(self):
        client = self.bridged()
        request = self.asked(client)
        line = self.sub_operations()
        self.leg.send(raw_case.move_answer(request))
        self.assertEqual(client.take().status, 0)
        line.send(store_of("1.2.3.4"))
        self.assertEqual(line.message().status, 0xA700)
        # Whatever was sent to the client meanwhile comes before the end of its next C-GET.
        self.leg.send(raw_case.move_answer(self.asked(client, "1.2.4")))
        self.assertEqual(client.take_all().field, C_GET | 0x8000)
        self.assertEqual(client.stored, {})


class GetBridgeLate(ByHandCase):
    """Who waits for an answer gets one in time, and nothing is told as whole that is not known."""

    def test_upstream_silent_within_a_large_instance_ends_the_association(self):
        client = self.bridged(answer_within="1s")
        self.asked(client)
        line = self.sub_operations()
        line.send(begun("1.2.3.4", 1_600_000))
        self.assert_aborted(client, 0)
        self.assert_moves_ended_after_cancel()

    def test_what_waits_behind_a_client_that_does_not_read_is_told_in_time(self):
        client = self.bridged(receive_buffer=65536, answer_within="1s")
        request = self.asked(client)
        large, small = self.sub_operations(), self.sub_operations()
        large.send(begun("1.2.3.4", 1_600_000))
        self.assertEqual(client.receive()[0], w.DATA)  # its command set
        small.send(store_of("1.2.3.5"))
        self.assertEqual(small.message().status, 0xA700)
        large.send(w.data(1, b""))
        rest = client.rest()
        self.assertEqual(len(rest), len(raw_case.instance("1.2.3", "1.2.3.4")) + 1_600_000)
        client.send(w.response(3, C_STORE | 0x8000, w.CT, 1, 0, more={0x1000: "1.2.3.4"}))
        self.assertEqual(large.message().status, 0)
        self.leg.send(raw_case.move_answer(request, completed=1, failed=1))
        final = client.take()
        self.assertEqual((final.status, told(final)),
                         (0xB000, {"completed": 1, "failed": 1, "warning": 0}))
        self.assertEqual(final.data_set, w.element(8, 0x58, "1.2.3.5"))

    def test_a_client_that_stops_reading_is_told_in_time_and_may_still_read(self):
        client = self.bridged(receive_buffer=65536, answer_within="1s")
        request = self.asked(client)
        line = self.sub_operations()
        line.send(begun("1.2.3.4", 960_000) + w.data(1, b""))
        self.assertEqual(line.message().status, 0xA700)
        self.leg.send(raw_case.move_answer(request, completed=0, failed=1))
        self.assertEqual(client.take().text(0x1000), "1.2.3.4")
        final = client.take()
        self.assertEqual((final.field, final.status, told(final)["failed"]),
                         (C_GET | 0x8000, 0xA702, 1))

    def asked_for_studies(self):
        """A C-GET of a patient, of an upstream that has Study Root alone: the client, the line on
        which upstream is asked for the studies, the C-FIND-RQ."""
        client = self.bridged(
            behave=lambda wire: wire.accept(rejects=(PATIENT_MOVE,)), get_class=PATIENT_GET)
        client.get(w.element(8, 0x52, "PATIENT ") + w.element(0x10, 0x20, "P1"))
        line = self.upstream.next()
        request = line.message()
        self.assertEqual((request.field, request.text(0x0002)), (raw_case.C_FIND, w.FIND))
        return client, line, request

    def test_it_is_cancelled_while_the_studies_of_a_patient_are_asked_for(self):
        client, line, _ = self.asked_for_studies()
        client.cancel()
        self.assertEqual(client.take().status, 0xFE00)
        self.assert_aborted(line, 0)
        self.assert_moves_ended()

    def patient(self, *answers):
        """The C-FIND is answered with these; returns the client's final response. Upstream is not
        asked for a C-MOVE."""
        client, line, request = self.asked_for_studies()
        for status, data_set in answers:
            line.send(w.response(request.context, raw_case.C_FIND | 0x8000, w.FIND,
                                 request.message_id, status, has_data_set=bool(data_set)))
            if data_set:
                line.send(w.data(request.context, data_set))
        final = client.take()
        came = line.next()
        if isinstance(came, w.Message):  # the C-CANCEL of an answer that cannot be read
            came = line.next()
        self.assertEqual(came[0], w.RELEASE_RQ)
        line.send(raw_case.RELEASE_RP)
        line.socket.close()
        client.send(raw_case.RELEASE_RQ)
        self.assertEqual(self.leg.next()[0], w.RELEASE_RQ)
        self.leg.send(raw_case.RELEASE_RP)
        self.assertEqual(client.receive()[0], w.RELEASE_RP)
        return final

    PATIENT = raw_case.explicit_element(0x10, 0x20, "P1", b"LO")
    STUDY = PATIENT + raw_case.explicit_element(0x20, 0x0D, "1.2.3")

    def test_a_study_that_cannot_be_read_is_not_left_out(self):
        final = self.patient((0xFF00, self.STUDY), (0xFF00, self.STUDY[:-1]), (0, b""))
        self.assertEqual(final.status, 0xA702)

    def test_an_answer_that_names_no_study_is_not_left_out(self):
        final = self.patient((0xFF00, self.STUDY), (0xFF00, self.PATIENT), (0, b""))
        self.assertEqual(final.status, 0xA702)

    def test_a_question_that_ends_with_a_failure_has_not_named_all_studies(self):
        final = self.patient((0xFF00, self.STUDY), (0xA700, b""))
        self.assertEqual(final.status, 0xA702)


if __name__ == "__main__":
    run_cases()
