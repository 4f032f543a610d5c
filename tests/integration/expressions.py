#!/usr/bin/env python3
"""Every PromQL expression of deploy/: what it names, and what a real Prometheus says to it.

    expressions.py http://127.0.0.1:9090      runs them all; exit 1 if one is an error

Imported by tests that scrape a running Sluice (run_all) and by those that need none (check_names).
"""
import json
import pathlib
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "prometheus" / "sluice.rules.yml"
DASHBOARDS = ROOT / "deploy" / "grafana" / "dashboards"
CATALOG = ROOT / "docs" / "metrics.md"
OF_PROMETHEUS = {"instance", "job", "le"}

SELECTOR = re.compile(r"\b([a-z][a-z0-9_]*)\s*(\{[^}]*\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")


def catalog(text=None):
    """{name: {"kind", "labels": {label: set of words or None}}} of docs/metrics.md."""
    text = CATALOG.read_text() if text is None else text
    metrics = {}
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        lines = section.splitlines()
        found = re.search(r"^Labels: (.*)\.$", section, re.M)
        labels = {label: None for label in re.findall(r"`(\w+)`", found.group(1) if found else "")}
        for label, words in re.findall(r"^- `(\w+)`: (.*)$", section, re.M):
            labels[label] = set(words.split(", ")) | {"other"}
        metrics[lines[0].strip()] = {"kind": lines[2].split(".")[0].lower(), "labels": labels}
    return metrics


def rule_expressions(path=RULES):
    import yaml
    for group in yaml.safe_load(path.read_text())["groups"]:
        for rule in group["rules"]:
            yield f"{path.name}: {rule['alert']}", rule["expr"], rule


def panel_expressions(folder=DASHBOARDS):
    for file in sorted(folder.glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", []):
                yield (f"{file.name}: {panel['title']} {target['refId']}", target["expr"],
                       target.get("legendFormat", ""))


def metric_of(name, known):
    """The catalogue's name of a series: histograms have three."""
    if name in known:
        return name
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return base if known.get(base, {}).get("kind") == "histogram" else None


def without_strings(expr):
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', expr)


def name_faults(where, expr, known, shown=()):
    """What the expression, or the labels that its text shows, name and the catalogue has not."""
    offered = set(OF_PROMETHEUS)
    named = 0
    for name, braces in SELECTOR.findall(expr):
        if not name.startswith("sluice_"):
            continue
        named += 1
        metric = metric_of(name, known)
        if metric is None:
            yield f"{where}: there is no metric {name}"
            continue
        labels = known[metric]["labels"]
        offered |= labels.keys()
        for label, _, value in MATCHER.findall(braces):
            if label not in labels and label not in OF_PROMETHEUS:
                yield f"{where}: {name} has no label {label}"
            elif labels.get(label) and "$" not in value:
                for word in value.split("|"):
                    if word not in labels[label]:
                        yield f"{where}: {name} is never counted by {label}=\"{word}\""
    if named == 0 and "up{" not in expr:
        yield f"{where}: names no metric of Sluice"
    grouped = [set(re.findall(r"\w+", labels)) for labels in GROUPING.findall(without_strings(expr))]
    for label in set().union(*grouped) - offered:
        yield f"{where}: groups by {label}, which its metrics have not"
    left = grouped[0] if len(grouped) == 1 and " by " in expr else offered
    for label in set(shown) - left:
        yield f"{where}: shows {label}, which the result has not"


def check_names():
    known = catalog()
    found = []
    for where, expr, rule in rule_expressions():
        texts = " ".join(rule["annotations"].values())
        found += name_faults(where, expr, known, re.findall(r"\$labels\.(\w+)", texts))
    for where, expr, legend in panel_expressions():
        found += name_faults(where, expr, known, re.findall(r"\{\{(\w+)\}\}", legend))
    return found


def plain(expr):
    """Without Grafana's variables."""
    return (expr.replace("$instance", ".*").replace("${instance}", ".*")
            .replace("$__rate_interval", "1m").replace("$__interval", "1m")
            .replace("$__range", "1h"))


def query(url, expr):
    """(number of series, None) or (0, what is wrong)."""
    address = url.rstrip("/") + "/api/v1/query?" + urllib.parse.urlencode({"query": expr})
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            body = json.load(answer)
    except urllib.error.HTTPError as error:
        body = json.load(error)
    if body.get("status") != "success":
        return 0, body.get("error", "no reason given")
    result = body["data"]["result"]
    return (len(result) if body["data"]["resultType"] == "vector" else 1), None


def selectors(expr):
    return sorted({name for name, _ in SELECTOR.findall(expr) if name.startswith("sluice_")})


def run_all(url):
    """Runs every expression at a Prometheus that scrapes Sluice.

    errors: what Prometheus refuses. empties: panels without a series, and metrics of alerts that
    have none (an alert itself is empty as long as it does not fire). firing: alerts that would.
    """
    errors, empties, firing = [], [], []
    for where, expr, _ in rule_expressions():
        count, error = query(url, plain(expr))
        if error:
            errors.append(f"{where}: {error}")
        elif count:
            firing.append(where)
        for name in selectors(expr):
            count, error = query(url, name)
            if error or not count:
                empties.append(f"{where}: {name}")
    for where, expr, _ in panel_expressions():
        count, error = query(url, plain(expr))
        if error:
            errors.append(f"{where}: {error}")
        elif not count:
            empties.append(where)
    return {"errors": errors, "empties": empties, "firing": firing}


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    report = run_all(sys.argv[1])
    for kind, lines in report.items():
        print(f"{kind}: {len(lines)}")
        for line in lines:
            print(f"  {line}")
    return 1 if report["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
