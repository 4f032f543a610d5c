#!/usr/bin/python3
"""Where Sluice ends associations itself (profile aria) and nothing has to wait, nobody notices.

The same clients call the same kind of upstream once as a plain application, whose associations
are mirrored, and once with the order of injection enforced.
"""
import hashlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from harness.raw_case import (C_ECHO, C_FIND, C_STORE, SOON, explicit_element,  # noqa: E402
                              study_level)
import pydicom  # noqa: E402

MR = "1.2.840.10008.5.1.4.1.1.4"
VARIAN_RT_PLAN = "1.2.246.352.70.1.70"  # private
REFUSED_CLASS, REFUSED_SYNTAXES = 3, 4  # PS3.8 Table 9-18
NOT_SUPPORTED = 0x0122
BOTH = (wire.EXPLICIT, wire.IMPLICIT)
ENFORCED = {"profile": "aria", "mode": "enforce"}


class TerminatedCase(Case):

    def behind(self, name, **application):
        """Sluice before an upstream of its own."""
        upstream = self.start(FaultyPeer, name=f"{name}-upstream")
        config = sluice_config(self.directory / name,
                               {"VMSDBD": {"address": upstream.address, **application}})
        sluice = self.start(Sluice, config, name=f"{name}-sluice")
        sluice.upstream = upstream
        return sluice

    def associate(self, sluice, contexts):
        """contexts: ((SOP class, (transfer syntax, …)), …); its accepted: {class: (result, …)}"""
        client = wire.Wire(sluice, timeout=SOON)
        self.addCleanup(client.socket.close)
        numbers = {uid: 2 * index + 1 for index, (uid, _) in enumerate(contexts)}
        answer = client.associate(contexts=[(numbers[uid], uid, syntaxes)
                                            for uid, syntaxes in contexts])
        answers = wire.answered_contexts(answer)
        client.numbers = numbers
        client.accepted = {uid: answers[number] for uid, number in numbers.items()}
        return client

    def end(self, client):
        client.release()
        client.socket.close()

    def data_set(self, sop_class, uid, syntax=wire.EXPLICIT):
        """An instance that refers to nothing."""
        element = explicit_element if syntax == wire.EXPLICIT else wire.element
        return b"".join(element(*one) for one in (
            (8, 0x0016, sop_class), (8, 0x0018, uid), (0x20, 0x000D, "1.2.3"),
            (0x20, 0x000E, "1.2.3.1")))

    def store(self, client, sop_class, uid, message_id, syntax=wire.EXPLICIT):
        """The status; the association must be able to go on."""
        client.send(wire.request(client.numbers[sop_class], C_STORE, sop_class, message_id,
                                 self.data_set(sop_class, uid, syntax), {0x1000: uid}))
        answer = client.message()
        self.assertEqual((answer.field, answer.message_id, answer.text(0x1000)),
                         (C_STORE | 0x8000, message_id, uid))
        return answer.status

    def assert_echoed(self, client, message_id):
        client.send(wire.echo_request(client.numbers[wire.VERIFICATION], message_id))
        answer = client.message()
        self.assertEqual((answer.field, answer.message_id, answer.status),
                         (C_ECHO | 0x8000, message_id, 0))

    def assert_arrived(self, sluice, sop_class, uid, syntax=wire.EXPLICIT):
        path = sluice.upstream.files()[uid]
        self.assertEqual(transfer_syntax(path), syntax)
        self.assertEqual(dataset_sha256(path),
                         hashlib.sha256(self.data_set(sop_class, uid, syntax)).hexdigest())

    def assert_way(self, sluice, way):
        ways = [line for line in sluice.output().splitlines() if "association accepted" in line]
        self.assertTrue(ways)
        self.assertIn(f"way={way}", ways[-1])


class RelayTerminated(TerminatedCase):
    """The same scripts, the same output, the same instances."""

    def setUp(self):
        super().setUp()
        self.destinations = []
        self.mirrored = self.with_destination("mirrored")
        self.terminated = self.with_destination("terminated", **ENFORCED)

    def with_destination(self, name, **application):
        sluice = self.behind(name, **application)
        sluice.destination = self.start(Storescp, name=f"{name}-destination", aet="DEST")
        sluice.upstream.set(destinations={"DEST": sluice.destination.address})
        return sluice

    def assert_same(self, run):
        """run(sluice, name) gives a tool's outcome."""
        plain, enforced = run(self.mirrored, "mirrored"), run(self.terminated, "terminated")
        self.assertEqual(plain.returncode, 0, plain)
        self.assertEqual(enforced.returncode, plain.returncode, enforced)
        self.assertEqual(masked(enforced.output, self.directory / "terminated"),
                         masked(plain.output, self.directory / "mirrored"))

    def test_dcmtk_s_clients_read_the_same_and_the_same_arrives(self):
        chain = raystation_chain()
        files = [*chain.images, chain.structure_set, chain.plan, chain.dose]
        self.assert_same(lambda sluice, _: storescu(sluice, files, options=("-R", "-d")))
        self.assert_way(self.mirrored, "mirrored")
        self.assert_way(self.terminated, "terminated")
        # Now it is answered from what is known of upstream.
        self.assert_same(lambda sluice, _: storescu(sluice, files, options=("-R", "-d")))
        arrived = shas(self.mirrored.upstream.files())
        self.assertEqual(set(arrived), {sop_instance_uid(file) for file in files})
        self.assertEqual(shas(self.terminated.upstream.files()), arrived)
        self.assertEqual(self.terminated.held(), [])

        self.assert_same(lambda sluice, _: echoscu(sluice, options=("-d",)))
        study = str(pydicom.dcmread(chain.plan).StudyInstanceUID)
        keys = ["QueryRetrieveLevel=IMAGE", f"StudyInstanceUID={study}", "SOPInstanceUID"]
        self.assert_same(lambda sluice, name: findscu(
            sluice, keys, options=("-S", "-d"), extract=self.directory / name / "found"))
        found = [[dataset_sha256(file) for file in sorted(folder.iterdir())] for folder in (
            self.directory / "mirrored" / "found", self.directory / "terminated" / "found")]
        self.assertEqual(len(found[0]), len(files))
        self.assertEqual(found[1], found[0])
        self.assert_same(lambda sluice, _: movescu(sluice, "DEST", keys[:2], options=("-S", "-d")))
        moved = shas(self.mirrored.destination.files())
        self.assertEqual(set(moved), set(arrived))
        self.assertEqual(shas(self.terminated.destination.files()), moved)

    def conversation(self, sluice):
        """All services on one association, as no tool of DCMTK speaks: [message], as bytes."""
        client = self.associate(sluice, (
            (wire.VERIFICATION, (wire.IMPLICIT,)), (wire.FIND, (wire.IMPLICIT,)), (MR, BOTH),
            (wire.RT_PLAN, BOTH), ("1.2.840.10008.5.1.4.1.2.1.1", BOTH)))
        said = [client.accepted]
        for message in (
                wire.echo_request(1, 1),
                wire.request(5, C_STORE, MR, 2, self.data_set(MR, "1.2.3.9"), {0x1000: "1.2.3.9"}),
                wire.request(7, C_STORE, wire.RT_PLAN, 3, self.data_set(wire.RT_PLAN, "1.2.3.8"),
                             {0x1000: "1.2.3.8"}),
                wire.request(3, C_FIND, wire.FIND, 4, study_level("1.2.3"))):
            client.send(message)
            while True:
                answer = client.message()
                said.append((answer.context, answer.elements, answer.data_set))
                if answer.status != 0xFF00:
                    break
        self.end(client)
        return said

    def test_every_service_on_one_association_is_answered_the_same(self):
        plain = self.conversation(self.mirrored)
        self.assertEqual(len(plain), 6)  # the contexts, echo, two stores, a match, its end
        self.assertEqual(self.conversation(self.terminated), plain)
        self.assertEqual(self.conversation(self.terminated), plain)  # from what is known
        self.assert_way(self.terminated, "terminated")
        self.assertEqual(shas(self.terminated.upstream.files()),
                         shas(self.mirrored.upstream.files()))


class RelayTerminatedContexts(TerminatedCase):
    """Which contexts a client gets from an upstream that is not asked every time."""

    def setUp(self):
        super().setUp()
        self.sluice = self.behind("terminated", **ENFORCED)
        self.upstream = self.sluice.upstream

    def open(self, *more, image_syntaxes=BOTH):
        return self.associate(self.sluice, (
            (wire.VERIFICATION, (wire.IMPLICIT,)), (wire.CT, image_syntaxes),
            (wire.RT_PLAN, BOTH), *more))

    def test_a_class_that_upstream_was_never_asked_about_is_asked_for(self):
        self.end(self.open())
        self.upstream.set(sop_classes=[wire.CT, wire.RT_PLAN, MR])
        client = self.open((MR, BOTH), ("1.2.840.10008.5.1.4.1.1.128", BOTH))
        self.assertEqual(client.accepted[MR], (0, wire.EXPLICIT))
        self.assertEqual(client.accepted["1.2.840.10008.5.1.4.1.1.128"][0], REFUSED_CLASS)
        self.assertEqual(self.store(client, MR, "1.2.3.4", 1), 0)
        self.end(client)
        self.assert_arrived(self.sluice, MR, "1.2.3.4")

    def test_a_private_class_is_taken_as_upstream_takes_it(self):
        for uid in ("1.2.3.4", "1.2.3.5"):  # asked for, then known
            client = self.open((VARIAN_RT_PLAN, BOTH))
            self.assertEqual(client.accepted[VARIAN_RT_PLAN], (0, wire.EXPLICIT))
            self.assertEqual(self.store(client, VARIAN_RT_PLAN, uid, 1), 0)
            self.end(client)
            self.assert_arrived(self.sluice, VARIAN_RT_PLAN, uid)
        self.assertEqual(self.sluice.held(), [])

    def change_of_mind(self, **switches):
        """Upstream comes back and takes less than it did; Sluice has seen that its leg is gone."""
        self.upstream.set(**switches)
        lost = self.lost()
        self.upstream.abort()
        wait_until(lambda: self.lost() > lost, SOON, "the leg to be gone")

    def lost(self):
        return self.sluice.metric("sluice_associations_total", side="upstream", outcome="lost")

    def assert_change_is_seen(self, sop_class, answers, image_syntaxes, **switches):
        """answers: what the next associations must be told of the class, result and syntax."""
        client = self.open(image_syntaxes=image_syntaxes)
        self.assertEqual(self.store(client, wire.CT, "1.2.3.4", 1), 0)
        self.change_of_mind(**switches)
        self.assertEqual(self.store(client, sop_class, "1.2.3.5", 2), NOT_SUPPORTED)
        self.assert_echoed(client, 3)
        self.end(client)
        client = self.open(image_syntaxes=image_syntaxes)
        result, syntax = client.accepted[sop_class]
        self.assertEqual((result, syntax if result == 0 else None), answers)
        self.assert_echoed(client, 4)
        return client

    def test_a_class_that_is_taken_no_more_is_refused_for_the_message_then_for_the_context(self):
        self.end(self.assert_change_is_seen(wire.CT, (REFUSED_CLASS, None), (wire.EXPLICIT,),
                                            sop_classes=[wire.RT_PLAN]))

    def test_so_it_is_where_several_syntaxes_are_proposed(self):
        self.end(self.assert_change_is_seen(wire.CT, (REFUSED_CLASS, None), BOTH,
                                            sop_classes=[wire.RT_PLAN]))

    def test_so_it_is_with_a_class_that_may_have_to_wait(self):
        self.end(self.assert_change_is_seen(wire.RT_PLAN, (REFUSED_CLASS, None), BOTH,
                                            sop_classes=[wire.CT]))

    def test_a_syntax_that_is_taken_no_more_is_replaced_by_one_that_is(self):
        client = self.assert_change_is_seen(wire.CT, (0, wire.IMPLICIT), BOTH,
                                            transfer_syntaxes=[wire.IMPLICIT])
        self.assertEqual(self.store(client, wire.CT, "1.2.3.6", 5, wire.IMPLICIT), 0)
        self.end(client)
        self.assert_arrived(self.sluice, wire.CT, "1.2.3.6", wire.IMPLICIT)


if __name__ == "__main__":
    run_cases()
