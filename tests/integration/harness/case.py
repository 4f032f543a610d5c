"""A test case that ends what it started and shows the logs of what failed."""
import pathlib
import shutil
import sys
import tempfile
import unittest

MOST_OF_A_LOG = 20000  # characters printed of each log of a failed test


class Case(unittest.TestCase):
    """Gives each test a directory of its own and starts peers that end with the test."""

    maxDiff = None

    def setUp(self):
        # Short, because the path of a UNIX socket has at most 107 bytes.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-it-", dir="/tmp"))
        self._started = []
        self.addCleanup(self._finish)

    def start(self, kind, *args, **options):
        """Starts a peer (a class of this package) in a directory below the test's own."""
        name = options.setdefault("name", f"{kind.__name__.lower()}{len(self._started)}")
        process = kind(*args, directory=self.directory / name, **options)
        self._started.append(process)
        return process.start()

    def _finish(self):
        try:
            if self._failed():
                self._show_logs()
            else:
                for process in reversed(self._started):
                    process.finish()
        finally:
            for process in reversed(self._started):
                process.end()
            shutil.rmtree(self.directory, ignore_errors=True)

    def _show_logs(self):
        for log in sorted(self.directory.rglob("*.log")):
            text = log.read_text(errors="replace")
            if text:
                print(f"--- {self.id()}: {log.name}\n{text[-MOST_OF_A_LOG:]}", file=sys.stderr)

    def _failed(self):
        result = self._outcome.result
        return any(test is self or getattr(test, "test_case", None) is self
                   for test, _ in result.failures + result.errors)


def run_cases(module="__main__"):
    """Runs the cases of a file: all, or the classes named on the command line."""
    unittest.main(module=module, verbosity=2)
