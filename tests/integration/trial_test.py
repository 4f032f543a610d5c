#!/usr/bin/python3
"""`sluice test`: every application is called, and each no says what to do. No daemon runs."""
import json
import os
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403

# Of those that are waited out.
SHORT = {"FULL": {"connect": "1s"}, "SILENT": {"association": "1s", "release": "1s"}}


def answer(raw):
    """Behaviour of a peer: this to a request for an association; nothing to a mere connection."""
    def behave(line):
        if line.receive() is not None:
            line.send(raw)
            line.receive()
        line.socket.close()
    return behave


def hang_up(line):
    line.receive()
    line.socket.close()


def swallow(line):
    line.receive()
    line.receive()


class Trial(Case):
    def write(self, applications, **keys):
        self.config = sluice_config(self.directory, applications, **keys)

    def run_test(self, *words):
        return run_tool([os.environ["SLUICE"], "test", "--config", self.config.path, *words])

    def listen(self, behave):
        peer = RawUpstream(behave)
        self.addCleanup(peer.close)
        return peer.address

    def assert_lines(self, outcome, code, *lines):
        self.assertEqual("\n".join(lines) + "\n", outcome.output)
        self.assertEqual(code, outcome.returncode)

    def full(self):
        """An address that takes no connection and refuses none: its line is full."""
        listening = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.addCleanup(listening.close)
        port = listening.getsockname()[1]
        for _ in range(3):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
            self.addCleanup(waiting.close)
        return f"127.0.0.1:{port}"

    def test_dcmtk_that_knows_us_passes_and_what_others_of_it_say_is_told(self):
        store = self.start(Storescp)
        known = {title: free_port() for title in ("SLUICE", "SLUICE1")}
        archive = self.start(Dcmqrscp, aet="PACS", strict=True, peers=known)
        stranger = self.start(Dcmqrscp, aet="OTHER", strict=True, peers={"SOMEBODY": free_port()})
        self.write({"STORE": {"address": store.address, "ae_title": "DEST"},
                    "PACS": {"address": archive.address, "move_as": ["SLUICE1"]},
                    "OTHER": {"address": stranger.address},
                    "EXPORT": {"move_to": ["STORE", "PACS"]}})
        self.assert_lines(
            self.run_test(), 1,
            f"STORE {store.address} tcp ok, trust ok, echo ok, find not offered",
            f"PACS {archive.address} as SLUICE tcp ok, trust ok, echo ok, find ok",
            f"PACS {archive.address} as SLUICE1 tcp ok, trust ok, echo ok, find ok, move ok",
            f"OTHER {stranger.address} tcp ok, REJECTED: called AE title not recognised -> ask its "
            "owner whether OTHER is its AE title (else write the right one as ae_title); if it is, "
            "have SLUICE, 127.0.0.1 added")
        self.assertEqual(0, self.run_test("STORE", "DEST", "PACS").returncode)

    def test_each_no_has_its_own_words(self):
        reject = lambda *codes: wire.pdu(wire.ASSOCIATE_RJ, bytes([0, *codes]))
        at = {"CLOSED": f"127.0.0.1:{free_port()}",
              "FULL": self.full(),
              "SILENT": self.listen(swallow),
              "STRANGER": self.listen(answer(reject(1, 1, 3))),
              "BUSY": self.listen(answer(reject(2, 3, 2))),
              "ABORTS": self.listen(answer(wire.pdu(wire.ABORT, b"\0\0\0\0"))),
              "HANGS-UP": self.listen(hang_up),
              "WEB": self.listen(answer(b"HTTP/1.1 400 Bad Request\r\n\r\n"))}
        self.write({name: {"address": address, "timeouts": SHORT.get(name, {})}
                    for name, address in at.items()})
        add = "ask its owner to add SLUICE, 127.0.0.1"
        some = f"some do that to whom they do not trust: {add}; its log has the reason"
        self.assert_lines(
            self.run_test("--all"), 1,
            f"CLOSED {at['CLOSED']} tcp NO CONNECTION: {at['CLOSED']}: connection refused -> is it "
            "running, and is the address right? A wrong name or port looks like this",
            f"FULL {at['FULL']} tcp NO CONNECTION within 1s -> is the machine on? Does a firewall "
            f"let this one reach {at['FULL']}?",
            f"SILENT {at['SILENT']} tcp ok, NO ANSWER to the association request within 1s -> it "
            "takes connections and says nothing: is it a DICOM application that listens there, "
            "without TLS? If so, ask its owner: it may hang",
            f"STRANGER {at['STRANGER']} tcp ok, REJECTED: calling AE title not recognised -> {add}",
            f"BUSY {at['BUSY']} tcp ok, REJECTED: transient, service provider (presentation): local "
            "limit exceeded (2/3/2) -> it is busy: try again; if it stays so, ask its owner how "
            "many associations it takes (max_associations is 8)",
            f"ABORTS {at['ABORTS']} tcp ok, ABORTED: association aborted while it was negotiated: "
            f"service user -> {some}",
            f"HANGS-UP {at['HANGS-UP']} tcp ok, CLOSED: the peer closed the connection -> {some}",
            f"WEB {at['WEB']} tcp ok, NOT DICOM: PDU type: 48H is none -> another service listens "
            "there, or it demands TLS: correct the address")

    def test_each_of_our_titles_is_tried_and_so_are_those_that_are_named(self):
        aria = self.start(FaultyPeer, switches={"trusted": ["SLUICE", "SLUICE2", "ECLIPSE"]})
        self.write({"VMSDBD": {"address": aria.address, "profile": "aria", "machines": ["EDGE"],
                               "move_as": ["SLUICE1", "SLUICE2"]}},
                   clients=[{"ae_title": "ME", "from": "127.0.0.1", "call_as": "LATIN1"}])
        aria.set(destinations={"SLUICE2": "127.0.0.1:9"})
        good = "tcp ok, trust ok, echo ok, find ok"
        said = "tcp ok, REJECTED: calling AE title not recognised -> ask its owner to add"
        self.assert_lines(
            self.run_test("VMSDBD", "--as", "ECLIPSE", "--as", "SLUICE"), 1,
            f"VMSDBD {aria.address} as SLUICE {good}",
            f"VMSDBD {aria.address} as LATIN1 {said} LATIN1, 127.0.0.1",
            f"VMSDBD {aria.address} as SLUICE1 {said} SLUICE1, 127.0.0.1",
            f"VMSDBD {aria.address} as SLUICE2 {good}, move ok",
            f"VMSDBD {aria.address} as ECLIPSE {good}")
        aria.set(trusted=None)
        self.assertIn(
            f"as SLUICE1 {good}, move FAILED: it knows no destination SLUICE1 -> ask its owner to add "
            f"SLUICE1, 127.0.0.1, port {self.config.port}\n", self.run_test().output)
        aria.set(destinations={"SLUICE1": "127.0.0.1:9", "SLUICE2": "127.0.0.1:9"})
        self.assertEqual(0, self.run_test().returncode)
        self.assertEqual([], aria.journal("store") + aria.journal("suboperation"))

    def test_a_service_that_trusts_us_and_does_not_work_fails_for_programs_too(self):
        aria = self.start(FaultyPeer, switches={"find": {"status": 0xA700, "times": -1}})
        lost = self.start(FaultyPeer, name="lost", switches={"lose": {"echo": -1}})
        self.write({"VMSDBD": {"address": aria.address},
                    "LOST": {"address": lost.address,
                             "timeouts": {"response": "1s"}}})
        outcome = self.run_test("--json")
        self.assertEqual(1, outcome.returncode)
        first, second = json.loads(outcome.output)["applications"]
        self.assertEqual(
            {"application": "VMSDBD", "address": aria.address, "calling": "SLUICE",
             "called": "VMSDBD", "our_address": "127.0.0.1", "our_port": self.config.port,
             "passed": False},
            {key: value for key, value in first.items() if key != "steps"})
        self.assertEqual([["tcp", "ok"], ["trust", "ok"], ["echo", "ok"], ["find", "failed"]],
                         [[step["step"], step["outcome"]] for step in first["steps"]])
        self.assertIn("A700H", first["steps"][3]["said"])
        self.assertIn("ask its owner", first["steps"][3]["advice"])
        self.assertEqual(["ok", "ok", "failed"], [step["outcome"] for step in second["steps"]])

    def test_who_is_not_there_to_be_called_is_said_before_anybody_is(self):
        calls = []
        self.write({"PACS": {"address": self.listen(calls.append)},
                    "CONSOLE": {"from": "10.1.8.0/24"}})
        self.assert_lines(self.run_test("PACS", "PACKS", "CONSOLE"), 1,
                          "sluice: there is no application PACKS; did you mean PACS?",
                          "sluice: CONSOLE has no address, so it cannot be called")
        self.assertEqual(1, self.run_test("PACS", "--as", "A\\B").returncode)
        self.write({"CONSOLE": {"from": "10.1.8.0/24"}})
        self.assert_lines(self.run_test("--all"), 1,
                          "sluice: no application has an address, so none can be called")
        self.assertEqual([], calls)


class Worksheet(Case):
    def test_it_prints_what_the_configuration_says_with_the_address_that_routes_there(self):
        config = sluice_config(self.directory, {"VMSDBD": {"address": f"127.0.0.1:{free_port()}",
                                                           "profile": "aria", "machines": ["A"]}})
        sheet = [os.environ["SLUICE"], "worksheet", "--config", config.path]
        routed = run_tool(sheet)
        self.assertEqual(0, routed.returncode, routed)
        self.assertIn(f"\n  SLUICE            127.0.0.1        {config.port:<5}  Sluice calls, and "
                      "receives what is moved\n", routed.output)
        self.assertIn(f"\n  SLUICE            10.1.0.40        {config.port:<5}  ",
                      run_tool(sheet + ["--address", "10.1.0.40"]).output)
        wrong = run_tool(sheet + ["--address", "aria.local"])
        self.assertEqual(1, wrong.returncode)
        self.assertEqual('sluice: --address: "aria.local" is no numeric address\n', wrong.output)


if __name__ == "__main__":
    run_cases()
