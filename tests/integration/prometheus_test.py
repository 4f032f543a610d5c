#!/usr/bin/python3
"""A real Prometheus scrapes a running Sluice and answers every expression of deploy/."""
import pathlib
import re
import shutil
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403
import expressions  # noqa: E402

DEPLOY = TEST_DATA.parents[1] / "deploy" / "prometheus"


class Prometheus(Process):
    """deploy/prometheus/prometheus.yml, quicker and at another address."""

    def __init__(self, target, directory, name="prometheus"):
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        text = (DEPLOY / "prometheus.yml").read_text()
        assert "127.0.0.1:8780" in text and "15s" in text
        text = text.replace("127.0.0.1:8780", target).replace("15s", "1s")
        (directory / "prometheus.yml").write_text(text)
        shutil.copy(DEPLOY / "sluice.rules.yml", directory)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(name, ["prometheus", f"--config.file={directory}/prometheus.yml",
                                f"--storage.tsdb.path={directory}/tsdb",
                                f"--web.listen-address=127.0.0.1:{port}"], directory)

    def start(self):
        super().start()
        self.ready(self.is_ready, "/-/ready")
        return self

    def is_ready(self):
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=5) as reply:
                return reply.status == 200
        except OSError:
            return False


class Expressions(Case):
    def test_prometheus_takes_every_expression_and_finds_the_metrics_they_name(self):
        chain = raystation_chain()
        upstream = self.start(Storescp, aet="VMSDBD")
        config = sluice_config(
            self.directory,
            {"VMSDBD": {"address": upstream.address, "profile": "aria"},
             "SINK": {"address": upstream.address, "ae_title": "SINK"}},
            store={"directory": str(self.directory / "store"), "free_floor": "64MiB"})
        sluice = self.start(Sluice, config)
        self.assertEqual(storescu(sluice, [chain.images[0]], called="SINK").returncode, 0)
        self.assertEqual(storescu(sluice, [chain.dose]).returncode, 0)
        self.assertEqual(len(sluice.held()), 1)
        prometheus = self.start(Prometheus, f"127.0.0.1:{config.admin_port}")
        wait_until(lambda: expressions.query(prometheus.url, 'up{job="sluice"} == 1')[0] == 1, 30,
                   "a scrape")
        wait_until(lambda: expressions.query(
            prometheus.url, 'rate(sluice_bytes_total[1m])')[0] > 0, 30, "two scrapes")
        report = expressions.run_all(prometheus.url)
        self.assertEqual(report["errors"], [])
        # Series that come into being with what they count are not there yet; what every Sluice
        # has from its start must be.
        named = " ".join(report["empties"])
        for metric in ("sluice_spool_free_bytes", "sluice_ledger_commit_seconds",
                       "sluice_config_last_reload_success", "sluice_held_instances"):
            self.assertNotIn(metric, named)
        self.assertNotIn("SluiceDown", " ".join(report["firing"]))


class Demo(Process):
    """deploy/demo --keep: everything of it runs on, until it is ended."""

    def __init__(self, directory, name="demo"):
        super().__init__(name, [DEPLOY.parent / "demo", "--keep"], directory)

    def start(self):
        super().start()
        self.ready(lambda: "Everything runs on." in self.output(), "the table", within=170)
        return self

    @property
    def admin(self):
        return re.search(r"page and metrics: http://([0-9.:]+)/", self.output())[1]


class DemoExpressions(Case):
    """Every expression of dashboard and rules, over the demo while it runs."""

    # What it does: holds and releases two chains, and carries their moves.
    DONE = ("sluice_moves_total", "sluice_move_suboperations_total", "sluice_released_total",
            "sluice_delivery_attempts_total", "sluice_hold_duration_seconds",
            "sluice_messages_total", "sluice_existence_queries_total", "sluice_destination_up")

    def test_every_expression_is_answered_and_what_the_demo_did_is_in_them(self):
        demo = self.start(Demo)
        prometheus = self.start(Prometheus, demo.admin)
        wait_until(lambda: expressions.query(prometheus.url, 'up{job="sluice"} == 1')[0] == 1, 30,
                   "a scrape")
        wait_until(lambda: expressions.query(
            prometheus.url, 'rate(sluice_bytes_total[1m])')[0] > 0, 30, "two scrapes")
        report = expressions.run_all(prometheus.url)
        self.assertEqual(report["errors"], [])
        for metric in self.DONE:
            count, *_ = expressions.query(prometheus.url, f'{{__name__=~"{metric}(_count)?"}} > 0')
            self.assertGreater(count, 0, metric)
        self.assertNotIn("SluiceDown", " ".join(report["firing"]))


if __name__ == "__main__":
    run_cases()
