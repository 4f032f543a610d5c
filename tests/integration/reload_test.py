#!/usr/bin/python3
"""A reload by SIGHUP, as systemctl sends it: what is open goes on as it began, what is new is new."""
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
from harness.raw_case import *  # noqa: E402,F403


class Reload(RawCase):
    def setUp(self):
        super().setUp()
        self.stored = []
        self.begin(lambda line: serve(line, self.stored))
        self.text = pathlib.Path(self.sluice.config.path).read_text()

    def hang_up(self, text):
        """SIGHUP with this text in the file."""
        pathlib.Path(self.sluice.config.path).write_text(text)
        os.kill(self.sluice.pid, signal.SIGHUP)

    def take_over(self, text):
        name = "sluice_config_reload_timestamp_seconds"
        before = self.sluice.metric(name)
        self.hang_up(text)
        wait_until(lambda: self.sluice.metric(name) > before, SOON, "the reload")
        self.assertEqual(self.sluice.metric("sluice_config_last_reload_success"), 1)

    def refuse(self, text):
        name = "sluice_config_last_reload_success"
        self.assertEqual(self.sluice.metric(name), 1)
        self.hang_up(text)
        wait_until(lambda: self.sluice.metric(name) == 0, SOON, "the reload to be refused")

    def rejected(self, calling):
        line = self.line()
        line.send(wire.associate_request(calling=calling))
        kind, _ = line.receive()
        line.socket.close()
        return kind == wire.ASSOCIATE_RJ

    def test_an_open_association_ends_on_the_configuration_that_it_began_with(self):
        second = self.destination()
        client = self.connect()
        client.send(store_begun())  # half an instance is under way
        replaced = (self.text.replace(self.upstream.address, second.address)
                    .replace('"ae_title": "ME"', '"ae_title": "NEW"'))
        self.take_over(replaced)
        client.send(wire.data(IMAGE, IN_A_MESSAGE))
        self.assert_answered(client, C_STORE, 3)
        self.assertEqual([(one.text(0x1000), one.data_set) for one in self.stored],
                         [("1.2.3", 2 * IN_A_MESSAGE)])
        self.assert_echoed(client, 8)
        self.assert_echoed(self.beside, 9)
        self.assertEqual(second.called, 0)

        self.assertTrue(self.rejected("ME"))
        newcomer = self.connect(calling="NEW")
        newcomer.send(store(IMAGE, "1.2.7", "1.2.7.1"))
        self.assert_answered(newcomer, C_STORE, 5)
        self.assert_stored(second, "1.2.7.1")
        self.assertEqual(len(self.stored), 1)
        self.assert_logged("configuration taken over", self.sluice.config.path.name)
        for one in (client, newcomer, self.beside):
            one.release()

    def test_a_file_with_a_fault_changes_nothing_until_it_is_mended(self):
        client = self.connect()
        lines = self.text.count("\n") + 1
        faulty = self.text.replace('"ae_title": "ME"', '"ae_title": "NEW"') + "limits2: {}\n"
        self.refuse(faulty)
        self.assert_logged("configuration not taken over", f"sluice.yaml:{lines}:1: unknown key")
        self.assert_echoed(client, 7)
        self.assertTrue(self.rejected("NEW"))
        self.assert_others_are_served()
        self.take_over(faulty.replace("limits2: {}\n", ""))
        self.assertTrue(self.rejected("ME"))
        self.assert_echoed(self.connect(calling="NEW"), 8)
        self.assert_echoed(client, 9)


if __name__ == "__main__":
    run_cases()
