#!/usr/bin/python3
"""The harness of tests/bench/run itself: every measure once, in miniature. No figure is judged."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]
import harness  # noqa: E402
from bench import command, figures, instances, kernel, programs, registry  # noqa: E402


class GeneratorAndSink(unittest.TestCase):
    """Whoever carries bytes between the two is judged by their counts: these must agree."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="sluice-bench-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.slice = instances.ct_slice(cls.folder)
        cls.plan = instances.plan(cls.folder)

    def sink(self, **options):
        sink = programs.Sink(**options)
        self.addCleanup(sink.end)
        return sink

    def test_both_count_the_same_at_any_pdu_length(self):
        sink = self.sink(pdu=0)
        for template in (self.slice, self.plan):
            for pdu in (512, 1001, 16384, 131072):  # the heads are longer than the first two
                sink.reset()
                sent = programs.load(sink.port, "store", template=template, pdu=pdu, messages=30,
                                     associations=4)
                taken = sink.report()
                self.assertEqual(sent["messages"], 30)
                self.assertEqual(sent["bytes"], 30 * template.size)
                self.assertEqual((taken["instances"], taken["bytes"], taken["associations"]),
                                 (sent["messages"], sent["bytes"], 4), (template.name, pdu))

    def test_what_storescp_receives_is_what_was_meant(self):
        """The generator's encoding, judged by DCMTK."""
        scp = harness.Storescp(self.folder / "scp").start()
        self.addCleanup(scp.end)
        programs.load(scp.port, "store", template=self.slice, called=scp.aet, messages=3)
        files = scp.files()
        self.assertEqual(len(files), 3)
        head = self.slice.head.read_bytes()
        for uid, path in files.items():
            self.assertNotEqual(uid, instances.PLACEHOLDER)
            data_set = harness.dataset_bytes(path)
            self.assertEqual(len(data_set), self.slice.size)
            expected = head.replace(instances.PLACEHOLDER.encode(), uid.encode())
            self.assertEqual(data_set[:len(head)], expected)

    def test_an_object_of_many_megabytes_is_streamed(self):
        sink = self.sink()
        dose = instances.dose(self.folder, "dose", 200)
        sent = programs.load(sink.port, "store", template=dose, messages=1)
        self.assertGreater(sent["bytes"], 200 * 10 ** 6)
        self.assertEqual(sink.report()["bytes"], sent["bytes"])
        self.assertLess(kernel.memory(sink.pid)["VmHWM"], 64 * 10 ** 6)

    def test_a_refusal_is_no_result(self):
        sink = self.sink()
        with self.assertRaisesRegex(RuntimeError, "not carried"):
            programs.load(sink.port, "move", sop_class=programs.MOVE, destination="NOWHERE",
                          identifier=instances.move_identifier(self.folder, "1.2.3"), messages=1)


class WholeRun(unittest.TestCase):
    """`tests/bench/run --smoke`, as it is called."""

    @classmethod
    def setUpClass(cls):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        folder = tempfile.TemporaryDirectory(prefix="sluice-bench-", dir=memory)
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        scratch = cls.folder / "scratch"
        scratch.mkdir()
        done = subprocess.run([str(HERE / "run"), "--smoke", "--json", "-"], check=False,
                              capture_output=True, text=True, timeout=600,
                              env={**os.environ, "TMPDIR": str(scratch)})
        assert done.returncode == 0, done.stderr
        cls.results = json.loads(done.stdout)
        cls.left = list(scratch.iterdir())

    def test_the_json_has_the_shape_that_was_agreed(self):
        self.assertEqual(set(self.results), {"machine", "targets", "curves"})
        targets = self.results["targets"]
        self.assertEqual([(one["measure"], one["against"]) for one in targets],
                         [(one.measure, one.against) for one in figures.TARGETS.values()])
        for one in targets:
            self.assertEqual(set(one), {"measure", "against", "value", "spread", "target", "aim",
                                        "met"})
            if one["value"] is None:
                self.assertEqual((one["spread"], one["met"]), (None, None))
                continue
            self.assertLessEqual(one["spread"][0], one["value"])
            self.assertLessEqual(one["value"], one["spread"][1])
            self.assertIsInstance(one["met"], bool)

    def test_all_is_measured_that_needs_no_other_proxy(self):
        elsewhere = ("HAProxy", "Orthanc")  # which need not be installed
        missing = [one["measure"] for one in self.results["targets"]
                   if one["value"] is None and not one["against"].startswith(elsewhere)]
        self.assertEqual(missing, [])

    def test_every_measure_has_left_a_curve(self):
        curves = self.results["curves"]
        self.assertGreaterEqual(len(curves), len(registry.measures()))
        for name, curve in curves.items():
            self.assertEqual(set(curve), {"title", "x", "unit", "series"}, name)
            for points in curve["series"].values():
                for _, median, least, greatest in points:
                    self.assertTrue(least <= median <= greatest, name)

    def test_the_page_and_its_plots_can_be_written(self):
        docs = self.folder / "docs"
        docs.mkdir()
        (docs / "performance-of-old.svg").write_text("")
        command.write_docs(docs, self.results)
        page = (docs / "performance.md").read_text()
        for one in figures.TARGETS.values():
            self.assertIn(one.measure, page)
        plots = list(docs.glob("*.svg"))
        self.assertNotEqual(plots, [])
        for plot in plots:
            self.assertIn(f"({plot.name})", page)
            xml.etree.ElementTree.parse(plot)

    def test_nothing_stays_behind(self):
        self.assertEqual(self.left, [])


if __name__ == "__main__":
    unittest.main()
