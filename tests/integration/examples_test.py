#!/usr/bin/python3
"""Every configuration that is shown to somebody works: those in deploy/, and those on the pages."""
import os
import pathlib
import re
import sys

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import *  # noqa: E402,F403

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NEEDED = {"ae_title": "ae_title: SLUICE\n", "listen": "listen: [51402]\n",
          "store": "store: {directory: /var/lib/sluice}\n"}


class Words(yaml.SafeLoader):
    """Every scalar is the text that was written, as Sluice reads it."""

    yaml_implicit_resolvers = {}


def top_level_keys():
    """Of the table of the whole file, which is made from the reader."""
    page = (ROOT / "docs" / "configuration.md").read_text()
    table = page[page.index("\n## The file\n"):page.index("\n### Several files\n")]
    return set(re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE))


def configurations():
    """{where: text} of all that are shown."""
    found = {file.name: file.read_text() for file in (ROOT / "deploy").glob("sluice.*.yaml")}
    keys = top_level_keys()
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for number, text in enumerate(BLOCK.findall(page.read_text()), 1):
            data = yaml.load(text, Words)
            if isinstance(data, dict) and data.keys() <= keys:
                found[f"{page.name}, block {number}"] = text
    return found


class Examples(Case):
    def run_check(self, text):
        file = self.directory / "sluice.yaml"
        file.write_text(text)
        return run_tool([os.environ["SLUICE"], "check", "--config", file])

    def test_every_one_is_good_alone_or_as_the_part_that_it_is(self):
        shown = configurations()
        self.assertLessEqual({"sluice.example.yaml", "sluice.full.yaml",
                              "configuration.md, block 1", "configuration.md, block 2"},
                             shown.keys())
        for where, text in shown.items():
            keys = yaml.load(text, Words).keys()
            missing = "".join(line for key, line in NEEDED.items() if key not in keys)
            outcome = self.run_check(missing + text)
            self.assertEqual(0, outcome.returncode, f"{where}\n{outcome}")

    def test_every_whole_one_serves(self):
        """At ports and in a directory of the test's own; nobody is behind the applications."""
        served = 0
        for where, text in configurations().items():
            config = yaml.load(text, Words)
            if not NEEDED.keys() <= config.keys():
                continue
            config["listen"] = [{"address": "127.0.0.1", "port": free_port()}
                                for _ in config["listen"]]
            config["store"].update(directory=str(self.directory / f"store{served}"),
                                   free_floor="16MiB")
            if "metrics" in config:
                config["metrics"]["listen"] = f"127.0.0.1:{free_port()}"
            rest = {key: value for key, value in config.items()
                    if key not in ("ae_title", "listen", "applications", "clients", "admin")}
            written = sluice_config(self.directory / f"config{served}", config["applications"],
                                    config.get("clients", []), config["ae_title"],
                                    port=int(config["listen"][0]["port"]),
                                    **{**rest, "listen": config["listen"]})
            sluice = self.start(Sluice, written, name=f"sluice{served}", aet=config["ae_title"])
            # Nobody who is not listed gets in, and no application is called before it is needed.
            self.assertNotEqual(0, echoscu(sluice, calling="NOBODY").returncode, where)
            known = sluice.json("/api/v1/destinations")["destinations"]
            self.assertEqual([(name, None) for name in sorted(config["applications"])],
                             sorted((one["name"], one["up"]) for one in known), where)
            sluice.stop()
            served += 1
        self.assertGreaterEqual(served, 3)


if __name__ == "__main__":
    run_cases()
