#!/usr/bin/env python3
"""Alerts, their tests, the dashboard and the catalogue agree; no network, nothing is started."""
import importlib.util
import pathlib
import re
import sys
import unittest

import yaml

import expressions

ROOT = expressions.ROOT
OPERATIONS = ROOT / "docs" / "operations.md"


class Names(unittest.TestCase):
    def test_every_metric_and_label_used_is_in_the_catalogue(self):
        self.assertEqual(expressions.check_names(), [])

    def test_every_metric_of_the_catalogue_is_on_the_dashboard(self):
        used = {expressions.metric_of(name, expressions.catalog())
                for _, expr, _ in expressions.panel_expressions()
                for name in expressions.selectors(expr)}
        self.assertEqual(set(expressions.catalog()) - used, set())

    def test_the_check_sees_what_is_wrong(self):
        known = expressions.catalog()
        for expr, fault in [
                ("sluice_helt_instances > 0", "no metric sluice_helt_instances"),
                ("rate(sluice_released_total_bucket[1m])", "no metric sluice_released_total_bucket"),
                ('sluice_queue_bytes{application="A"}', "no label application"),
                ('sluice_moves_total{outcome="failed"}', 'outcome="failed"'),
                ('sluice_moves_total{outcome=~"failure|lost"}', 'outcome="lost"'),
                ("sum by (client) (sluice_queue_bytes)", "groups by client"),
                ("time() > 5", "names no metric")]:
            faults = list(expressions.name_faults("here", expr, known))
            self.assertEqual(len(faults), 1, expr)
            self.assertIn(fault, faults[0])
        shown = list(expressions.name_faults(
            "here", "sum by (instance) (sluice_queue_bytes) > 0", known, ["destination"]))
        self.assertIn("shows destination", shown[0])


class Alerts(unittest.TestCase):
    def setUp(self):
        self.rules = [rule for _, _, rule in expressions.rule_expressions()]

    def test_each_says_what_happened_and_what_to_do(self):
        for rule in self.rules:
            self.assertIn(rule["labels"]["severity"], ("warning", "critical"), rule["alert"])
            self.assertGreater(len(rule["annotations"]["summary"]), 15, rule["alert"])
            self.assertGreater(len(rule["annotations"]["description"]), 60, rule["alert"])

    def test_each_has_a_case_that_fires_and_one_that_does_not(self):
        cases = yaml.safe_load(expressions.RULES.with_name("sluice.rules.test.yml").read_text())
        fires, silent = set(), set()
        for case in cases["tests"]:
            for test in case["alert_rule_test"]:
                (fires if test.get("exp_alerts") else silent).add(test["alertname"])
        names = {rule["alert"] for rule in self.rules}
        self.assertEqual(names - fires, set())
        self.assertEqual(names - silent, set())

    def test_each_has_its_section_in_the_operators_page(self):
        sections = set(re.findall(r"^### (\w+)$", OPERATIONS.read_text(), re.M))
        self.assertEqual({rule["alert"] for rule in self.rules}, sections)

    def test_commands_they_name_exist(self):
        commands = {"serve", "check", "held", "status", "release", "retry", "discard", "observe",
                    "leave", "rescue", "backup", "restore", "reload", "drain", "test", "worksheet",
                    "explain"}
        text = expressions.RULES.read_text() + OPERATIONS.read_text()
        named = set(re.findall(r'(?:`|")sluice ([a-z]+)', text))
        self.assertTrue(named)
        self.assertEqual(named - commands, set())


class Dashboard(unittest.TestCase):
    def test_is_what_its_description_writes(self):
        path = ROOT / "deploy" / "grafana" / "overview.py"
        spec = importlib.util.spec_from_file_location("overview", path)
        overview = importlib.util.module_from_spec(spec)
        sys.dont_write_bytecode = True
        spec.loader.exec_module(overview)
        self.assertEqual(overview.TARGET.read_text(), overview.text(),
                         "stale: run deploy/grafana/overview.py")

    def test_panels_do_not_overlap(self):
        taken = {}
        for panel in self.dashboard()["panels"]:
            at = panel["gridPos"]
            for x in range(at["x"], at["x"] + at["w"]):
                for y in range(at["y"], at["y"] + at["h"]):
                    self.assertLess(x, 24)
                    self.assertNotIn((x, y), taken, panel["title"])
                    taken[x, y] = panel["title"]

    def test_every_panel_asks_the_chosen_source_about_the_chosen_instances(self):
        for panel in self.dashboard()["panels"]:
            for target in panel.get("targets", []):
                self.assertEqual(target["datasource"]["uid"], "${datasource}")
                self.assertIn('instance=~"$instance"', target["expr"], panel["title"])

    def test_provisioning_is_yaml_that_names_files_here(self):
        folder = ROOT / "deploy" / "grafana" / "provisioning"
        for file in ("datasources/sluice.yaml", "dashboards/sluice.yaml"):
            self.assertEqual(yaml.safe_load((folder / file).read_text())["apiVersion"], 1)

    @staticmethod
    def dashboard():
        import json
        file = expressions.DASHBOARDS / "sluice-overview.json"
        return json.loads(pathlib.Path(file).read_text())


if __name__ == "__main__":
    unittest.main()
