#!/usr/bin/env python3
"""Writes dashboards/sluice-overview.json, the dashboard "Sluice overview".

Panels are described here in a line or two each; a test compares the file with what this writes.
"""
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE / "dashboards" / "sluice-overview.json"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WHERE = 'instance=~"$instance"'

GREEN_RED_AT_1 = [(None, "green"), (1, "red")]
RED_GREEN_AT_1 = [(None, "red"), (1, "green")]


def rate(metric, by, matchers=""):
    labels = WHERE + ("," + matchers if matchers else "")
    return f"sum by ({by}) (rate({metric}{{{labels}}}[$__rate_interval]))"


def total(metric, by="", matchers=""):
    labels = WHERE + ("," + matchers if matchers else "")
    return f"sum by ({by}) ({metric}{{{labels}}})" if by else f"sum({metric}{{{labels}}})"


def quantile(q, metric, by):
    labels = ", ".join(["le", *by])
    return (f"histogram_quantile({q}, sum by ({labels}) "
            f"(rate({metric}_bucket{{{WHERE}}}[$__rate_interval])))")


def stat(title, expr, unit="short", steps=None, text="", mappings=None):
    """One number of now."""
    return {"type": "stat", "title": title, "description": text, "size": (4, 4),
            "targets": [(expr, "")], "unit": unit, "steps": steps or [(None, "blue")],
            "mappings": mappings or []}


def graph(title, targets, unit="short", text="", stack=False):
    """Lines over time: [(expression, legend)]."""
    return {"type": "timeseries", "title": title, "description": text, "size": (12, 8),
            "targets": targets, "unit": unit, "stack": stack}


def states(title, targets, mappings, text=""):
    return {"type": "state-timeline", "title": title, "description": text, "size": (12, 6),
            "targets": targets, "unit": "short", "mappings": mappings}


UP_OR_DOWN = [{"type": "value", "options": {"0": {"text": "down", "color": "red"},
                                            "1": {"text": "up", "color": "green"}}}]
BREAKER = [{"type": "value", "options": {"0": {"text": "closed", "color": "green"},
                                         "1": {"text": "probing", "color": "yellow"},
                                         "2": {"text": "open", "color": "red"}}}]

ROWS = [
    ("Now", [
        stat("Sluice", f'min(up{{job="sluice",{WHERE}}})', steps=RED_GREEN_AT_1,
             mappings=UP_OR_DOWN),
        stat("Held", total("sluice_held_instances"),
             text="Acknowledged, on disk, waiting for what they refer to. `sluice held` lists them."),
        stat("Oldest held", f"max(sluice_oldest_held_age_seconds{{{WHERE}}})", "s",
             [(None, "green"), (1800, "orange"), (432000, "red")]),
        stat("Quarantined", total("sluice_quarantined_instances"), steps=GREEN_RED_AT_1,
             text="Only an operator moves them: `sluice held` says why they are there."),
        stat("Destinations down", f"count(sluice_destination_up{{{WHERE}}} == 0) or vector(0)",
             steps=GREEN_RED_AT_1),
        stat("Associations", total("sluice_associations")),
    ]),
    ("Held", [
        graph("Held instances", [(total("sluice_held_instances", "application, kind, reason"),
                                  "{{application}} {{kind}}, waits for {{reason}}")], stack=True),
        graph("Age of the oldest", [(f"max by (application, kind) "
                                     f"(sluice_oldest_held_age_seconds{{{WHERE}}})",
                                     "{{application}} {{kind}}")], "s"),
        graph("Became ready", [(rate("sluice_released_total", "application, kind"),
                                "{{application}} {{kind}}")], "ops"),
        graph("Held for", [(quantile(0.5, "sluice_hold_duration_seconds", ["kind"]), "{{kind}} half"),
                           (quantile(0.95, "sluice_hold_duration_seconds", ["kind"]),
                            "{{kind}} 95%")], "s",
              text="From acceptance to delivery."),
        graph("In quarantine", [(total("sluice_quarantined_instances", "application, reason"),
                                 "{{application}} {{reason}}")], stack=True),
        graph("Existence queries", [(rate("sluice_existence_queries_total", "application, answer"),
                                     "{{application}} {{answer}}")], "ops",
              text="C-FINDs of our own that ask whether an instance exists."),
    ]),
    ("Delivery", [
        graph("Queued instances", [(total("sluice_queue_instances", "destination"),
                                    "{{destination}}")]),
        graph("Queued bytes", [(total("sluice_queue_bytes", "destination"), "{{destination}}")],
              "bytes"),
        graph("Attempts", [(rate("sluice_delivery_attempts_total", "destination, outcome"),
                            "{{destination}} {{outcome}}")], "ops"),
        states("Destinations", [(f"min by (destination) (sluice_destination_up{{{WHERE}}})",
                                 "{{destination}}")], UP_OR_DOWN),
        states("Breakers", [(f"max by (destination) (sluice_breaker_state{{{WHERE}}})",
                             "{{destination}}")], BREAKER,
               "Open: nothing is sent until a C-ECHO succeeds."),
    ]),
    ("Moves", [
        graph("C-MOVEs ended", [(rate("sluice_moves_total", "application, outcome"),
                                 "{{application}} {{outcome}}"),
                                (rate("sluice_move_completions_total", "application, outcome"),
                                 "{{application}} compared: {{outcome}}")], "ops"),
        graph("Sub-operations", [(rate("sluice_move_suboperations_total", "destination, outcome"),
                                  "{{destination}} {{outcome}}")], "ops"),
        graph("C-MOVEs in progress", [(total("sluice_moves_in_progress", "application"),
                                       "{{application}}")]),
    ]),
    ("Relay", [
        graph("Messages", [(rate("sluice_messages_total", "command, status_class"),
                            "{{command}} {{status_class}}")], "ops"),
        graph("Failures", [(rate("sluice_messages_total", "command, client, application",
                                 'status_class=~"failure|none"'),
                            "{{command}} {{client}} to {{application}}")], "ops"),
        graph("Duration of messages",
              [(quantile(0.5, "sluice_message_duration_seconds", ["command"]), "{{command}} half"),
               (quantile(0.95, "sluice_message_duration_seconds", ["command"]),
                "{{command}} 95%")], "s"),
        graph("Latency that Sluice adds",
              [(quantile(0.5, "sluice_relay_added_latency_seconds", ["command"]),
                "{{command}} half"),
               (quantile(0.99, "sluice_relay_added_latency_seconds", ["command"]),
                "{{command}} 99%")], "s"),
        graph("Bytes", [(rate("sluice_bytes_total", "side, direction"),
                         "{{side}} {{direction}}")], "Bps"),
        graph("Associations", [(total("sluice_associations", "side, state"),
                                "{{side}} {{state}}")]),
        graph("Associations ended", [(rate("sluice_associations_total",
                                           "side, application, outcome"),
                                      "{{side}} {{application}} {{outcome}}")], "ops"),
        graph("Rejected and broken",
              [(rate("sluice_rejected_associations_total", "reason"), "rejected: {{reason}}"),
               (rate("sluice_protocol_errors_total", "side, reason"), "{{side}}: {{reason}}")],
              "ops"),
        graph("Rules", [(rate("sluice_rule_matches_total", "rule"), "{{rule}}"),
                        (rate("sluice_observed_actions_total", "application, action"),
                         "{{application}}: would {{action}}")], "ops"),
    ]),
    ("Storage commitment", [
        graph("Reports owed", [(total("sluice_commitments", "application, state"),
                                "{{application}} {{state}}")]),
        graph("Requests ended", [(rate("sluice_commitments_total", "application, outcome"),
                                  "{{application}} {{outcome}}")], "ops"),
    ]),
    ("Sluice itself", [
        graph("Spool", [(total("sluice_spool_bytes", "instance"), "{{instance}} used"),
                        (total("sluice_spool_kept_bytes", "instance"),
                         "{{instance}} kept for storage commitment"),
                        (total("sluice_spool_spare_bytes", "instance"),
                         "{{instance}} of that promised to nobody"),
                        (f"min by (instance) (sluice_spool_free_bytes{{{WHERE}}})",
                         "{{instance}} free")], "bytes"),
        graph("Commits of the ledger",
              [(quantile(0.5, "sluice_ledger_commit_seconds", ["instance"]), "{{instance}} half"),
               (quantile(0.99, "sluice_ledger_commit_seconds", ["instance"]),
                "{{instance}} 99%")], "s"),
        graph("Lag of the event loops",
              [(quantile(0.99, "sluice_loop_lag_seconds", ["instance"]), "{{instance}} 99%")], "s"),
        graph("Data in flight", [(total("sluice_buffer_bytes", "instance"), "{{instance}}"),
                                 (total("sluice_buffer_limit_bytes", "instance"),
                                  "{{instance}} limit")], "bytes"),
        graph("Log lines lost", [(rate("sluice_log_lines_lost_total", "instance"),
                                  "{{instance}}")], "ops"),
        graph("Configuration",
              [(f"min by (instance) (sluice_config_last_reload_success{{{WHERE}}})",
                "{{instance}} taken over"),
               (f"time() - max by (instance) "
                f"(sluice_config_reload_timestamp_seconds{{{WHERE}}})",
                "{{instance}} age in seconds")]),
        graph("Versions", [(total("sluice_build_info", "version, revision"),
                            "{{version}} {{revision}}")]),
    ]),
]


def panel(number, what, x, y):
    width, height = what["size"]
    defaults = {"unit": what["unit"], "mappings": what.get("mappings", [])}
    if "steps" in what:
        defaults["thresholds"] = {"mode": "absolute", "steps": [
            {"value": value, "color": color} for value, color in what["steps"]]}
    if what["type"] == "timeseries":
        defaults["custom"] = {"fillOpacity": 10, "showPoints": "never",
                              "stacking": {"mode": "normal" if what["stack"] else "none"}}
    return {
        "id": number, "type": what["type"], "title": what["title"],
        "description": what["description"], "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": width, "h": height},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {"reduceOptions": {"calcs": ["lastNotNull"]}} if what["type"] == "stat" else {},
        "targets": [{"refId": chr(ord("A") + i), "datasource": SOURCE, "expr": expr,
                     "legendFormat": legend or "__auto", "instant": what["type"] == "stat"}
                    for i, (expr, legend) in enumerate(what["targets"])],
    }


def panels():
    number, y = 0, 0
    for title, items in ROWS:
        number += 1
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "panels": [],
               "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}}
        y += 1
        x, tallest = 0, 0
        for item in items:
            width, height = item["size"]
            if x + width > 24:
                x, y, tallest = 0, y + tallest, 0
            number += 1
            yield panel(number, item, x, y)
            x, tallest = x + width, max(tallest, height)
        y += tallest


def dashboard():
    return {
        "uid": "sluice-overview", "title": "Sluice overview", "tags": ["sluice", "dicom"],
        "schemaVersion": 38, "version": 1, "editable": True, "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"}, "timezone": "",
        "templating": {"list": [
            {"name": "datasource", "label": "Prometheus", "type": "datasource",
             "query": "prometheus", "hide": 0},
            {"name": "instance", "label": "Sluice", "type": "query", "datasource": SOURCE,
             "query": {"query": "label_values(sluice_build_info, instance)", "refId": "instance"},
             "definition": "label_values(sluice_build_info, instance)",
             "refresh": 2, "multi": True, "includeAll": True, "allValue": ".*",
             "current": {"text": "All", "value": "$__all"}, "hide": 0},
        ]},
        "annotations": {"list": []},
        "panels": list(panels()),
    }


def text():
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text())
