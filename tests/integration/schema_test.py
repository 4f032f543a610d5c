#!/usr/bin/python3
"""deploy/sluice.schema.json, as an editor uses it, beside `sluice check`, which is the truth."""
import copy
import json
import os
import pathlib
import re
import sys

import jsonschema
import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"


class Core(yaml.SafeLoader):
    """Scalars as the core schema of YAML 1.2 has them, which editors follow: `no` is a word."""

    yaml_implicit_resolvers = {}


for tag, pattern, first in (("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
                            ("int", r"[-+]?[0-9]+|0x[0-9a-fA-F]+", "-+0123456789"),
                            ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?",
                             "-+.0123456789"),
                            ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""])):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"),
                               list(first))
Core.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(
    node.value, 16 if node.value.startswith("0x") else 10))

BASE = "ae_title: SLUICE\nlisten: [51402]\nstore: {directory: /var/lib/sluice}\n"
GOOD = [
    "applications: {A: {address: 'a:104', from: 10.1.0.1, machines: [NO, 123, 'TB 1', 1e3]}}",
    "applications: {A: {address: 'a:104', from: 10.1.0.1, move_originator: no, moves: forward}}",
    "applications: {A: {address: 'a:104', from: [10.1.0.0/24], statuses: {again: 0110}}}",
    "applications: {'123': {address: 'a:104', from: 10.1.0.1, ae_title: 123, also_called: [0104]}}",
    "clients: [{ae_title: 'ECL*', from: fd00::/8, acknowledge: refuse}]",
    "clients: [{ae_title: '[AB]*', from: ['::1'], acknowledge: {wait: 5s}, receives_on: '104'}]",
    "clients:\napplications:\nlimits:\nrules: []",
    "limits: {max_pdu: 16KiB, drain: 0s, associations: '7', artim: 007s}",
    "admin: {listen: 8780}\nmetrics: {listen: '[::]:9464'}",
    "applications: {A: {from: 10.1.0.1, clinical_edit: 'true', max_associations: '0008'}}",
    "include: conf.d/*.yaml",
]
FAULTY = {  # text: a word of what is said of it by the schema
    "loop: 1": "loop",
    "loops: many": "many",
    "loops: 1025": "1025",
    "include: []\nlog: {level: loud}": "loud",
    "log: [info]": "object",
    "log: {level: [info]}": "info",
    "metrics: {listen: everywhere}": "everywhere",
    "store: {free_floor: 1GB}": "1GB",
    "listen: [{address: 10.1.0.1}]": "port",
    "listen: 51402": "51402",
    "listen: [nowhere]": "nowhere",
    "applications: [A]": "object",
    "applications: {A: {adress: 'a:104'}}": "adress",
    "applications: {A: {address: a}}": "'a'",
    "applications: {A: {from: anywhere}}": "anywhere",
    "applications: {A: {from: 10.1.0.1, mode: watch}}": "watch",
    "applications: {A: {from: 10.1.0.1, hold: {at_most: 7 d}}}": "7 d",
    "applications: {A: {from: 10.1.0.1, hold: {at_most: 0s}}}": "0s",
    "applications: {A: {from: 10.1.0.1, move_as: []}}": "[]",
    "applications: {A: {from: 10.1.0.1, clinical_edit: maybe}}": "maybe",
    "applications: {A: {from: 10.1.0.1, statuses: {again: [A70]}}}": "A70",
    "applications: {A: {from: 10.1.0.1, machines: ['A\\B']}}": "A\\\\B",
    "applications: {A: {from: 10.1.0.1, machine_names: {OLD: [EDGE]}}}": "EDGE",
    "applications: {A: {from: 10.1.0.1, max_associations: 0}}": "0",
    "clients: [{ae_title: A}]": "from",
    "clients: [{ae_title: [], from: 10.1.0.1}]": "[]",
    "clients: [{ae_title: A, from: 10.1.0.1, receives_on: 0}]": "0",
    "clients: [{ae_title: A, from: 10.1.0.1, may: [read]}]": "read",
    "clients: [{ae_title: A, from: 10.1.0.1, acknowledge: {until: 5s}}]": "until",
    "clients: {ae_title: A}": "array",
    "admin: {token_file: token}": "token",
}


RULES_PAGE = DEPLOY.parent / "docs" / "rules.md"
FAULTY_RULES = {  # one rule: a word of what is said of it
    "{when: {to: A}, then: {hold: off}}": "name",
    "{name: a, when: {to: A}}": "then",
    "{name: a, then: {}}": "{}",
    "{name: a, then: {hold: off}, otherwise: {}}": "otherwise",
    "{name: a, when: {caling: A}, then: {hold: off}}": "caling",
    "{name: a, when: {not: {caling: A}}, then: {hold: off}}": "caling",
    "{name: a, when: {any: [{all: [{caling: A}]}]}, then: {hold: off}}": "caling",
    "{name: a, when: {any: {calling: A}}, then: {hold: off}}": "array",
    "{name: a, then: {refuze: A700}}": "refuze",
    "{name: a, last: maybe, then: {hold: off}}": "maybe",
}


class EditorSchema(Case):
    @classmethod
    def setUpClass(cls):
        schema = json.loads((DEPLOY / "sluice.schema.json").read_text())
        jsonschema.Draft7Validator.check_schema(schema)
        cls.validator = jsonschema.Draft7Validator(schema)

    def said(self, data):
        return "\n".join(str(error) for error in self.validator.iter_errors(data))

    def check(self, text):
        """The exit code of sluice check, and what it says."""
        file = self.directory / "sluice.yaml"
        file.write_text(text)
        outcome = run_tool([os.environ["SLUICE"], "check", "--config", file])
        return outcome.returncode, outcome.output

    @staticmethod
    def on_base(text):
        """A key of the base that the text has goes from the base."""
        own = tuple(line.split(":")[0] + ":" for line in text.split("\n"))
        return "".join(line + "\n" for line in BASE.splitlines() if not line.startswith(own)) + text

    def test_the_examples_have_no_fault(self):
        for name in ("sluice.example.yaml", "sluice.full.yaml"):
            self.assertEqual("", self.said(yaml.load((DEPLOY / name).read_text(), Core)), name)

    def test_what_is_good_is_good_and_what_is_mistyped_is_found(self):
        for text in GOOD:
            whole = self.on_base(text)
            self.assertEqual("", self.said(yaml.load(whole, Core)), text)
            code, output = self.check(whole)
            self.assertEqual(0, code, text + "\n" + output)
        for text, word in FAULTY.items():
            whole = self.on_base(text)
            self.assertIn(word, self.said(yaml.load(whole, Core)), text)
            self.assertEqual(1, self.check(whole)[0], text)

    def test_the_rules_of_the_page_have_no_fault_and_mistyped_ones_have(self):
        blocks = re.findall(r"^```yaml\n(.*?)^```$", RULES_PAGE.read_text(), re.M | re.S)
        shown = [rules for rules in (yaml.load(text, Core) for text in blocks)
                 if isinstance(rules, list)]
        self.assertGreater(len(shown), 5)
        for rules in shown:
            self.assertEqual("", self.said({"rules": rules}), rules)
        for text, word in FAULTY_RULES.items():
            self.assertIn(word, self.said({"rules": [yaml.load(text, Core)]}), text)

    def test_what_is_missing_is_said_of_a_whole_configuration_and_not_of_a_part(self):
        self.assertIn("'store' is a required property",
                      self.said(yaml.load("ae_title: SLUICE\nlisten: [104]\n", Core)))
        for part in ("clients: [{ae_title: A, from: 10.1.0.1}]", "store: {directory: /d}",
                     "ae_title: SLUICE\ninclude: conf.d/*.yaml"):
            self.assertEqual("", self.said(yaml.load(part, Core)), part)

    def test_no_value_of_the_full_example_may_be_anything_and_no_map_takes_another_key(self):
        full = yaml.load((DEPLOY / "sluice.full.yaml").read_text(), Core)
        tried = []

        def spoil(node, path):
            """Yields each path to a value, and to a key that is not there."""
            if path == ["rules"]:  # what they say is tried with those of docs/rules.md
                return
            if isinstance(node, dict):
                if path not in (["applications"], ["applications", "VMSDBD", "machine_names"]):
                    yield path + ["no_such_key"]
                for key, value in node.items():
                    yield from spoil(value, path + [key])
            elif isinstance(node, list) and node and isinstance(node[0], dict):
                for index, value in enumerate(node):
                    yield from spoil(value, path + [index])
            else:
                yield path

        all_values = copy.deepcopy(full)
        for path in spoil(full, []):
            spoilt = copy.deepcopy(full)
            for whole in [spoilt] + ([all_values] if path[-1] != "no_such_key" else []):
                node = whole
                for step in path[:-1]:
                    node = node[step]
                node[path[-1]] = [["neither"]]
            self.assertNotEqual("", self.said(spoilt), path)
            tried.append(path)
        self.assertGreater(len(tried), 120)
        code, output = self.check(json.dumps(all_values))
        self.assertEqual(1, code)
        for path in tried:
            if path[-1] != "no_such_key" and path[-1] != 2:  # one word of listen
                self.assertIn(f"{path[-1]} must be", output, path)

    def test_each_key_is_explained_and_a_default_is_what_the_key_takes(self):
        explained = 0

        def walk(schema):
            nonlocal explained
            for one in schema.get("anyOf", []):
                walk(one)
            for key, value in schema.get("properties", {}).items():
                self.assertGreater(len(value["description"]), 9, key)
                explained += 1
                if "default" in value:
                    jsonschema.Draft7Validator(value).validate(value["default"])
                walk(value)
            for inside in ("additionalProperties", "items"):
                if isinstance(schema.get(inside), dict):
                    walk(schema[inside])

        walk(self.validator.schema)
        self.assertGreater(explained, 110)


if __name__ == "__main__":
    run_cases()
