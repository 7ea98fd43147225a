"""Write the dashboards of the central side into config/grafana/central: python tools/central_dashboards.py.

The panels are Grafana's JSON, schema version 39 (Grafana 10.4 and later). Each asks PostgreSQL, the database of
gate-central, but for those of the exporter, which ask Prometheus. What a panel asks is tested against both.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parents[1] / "config" / "grafana" / "central"
SCHEMA: Final = 39
POSTGRES: Final = {"type": "grafana-postgresql-datasource", "uid": "${database}"}
PROMETHEUS: Final = {"type": "prometheus", "uid": "${prometheus}"}
COLOURS: Final = {
    "error": "red", "lost": "red", "never heard": "red", "silent": "red", "behind": "orange", "warning": "orange",
    "offline": "orange", "note": "blue", "unknown": "blue", "well": "green", "online": "green", "whole": "green",
    "passed": "green", "passed_with_violation": "orange", "denied": "red", "fault": "red", "overridden": "purple",
    "not_taken": "blue", "backed_out": "orange", "abandoned": "blue",
}  # fmt: skip
Panel = dict[str, Any]


def sql(text: str, form: str = "table") -> Panel:
    """A question to PostgreSQL."""
    return {"refId": "A", "datasource": POSTGRES, "rawQuery": True, "format": form, "rawSql": " ".join(text.split())}


def prom(expression: str, legend: str = "", *, instant: bool = False) -> Panel:
    """A question to Prometheus."""
    asked: Panel = {
        "refId": "A",
        "datasource": PROMETHEUS,
        "expr": " ".join(expression.split()),
        "legendFormat": legend,
    }
    return asked | ({"instant": True, "range": False} if instant else {})


def panel(kind: str, title: str, place: tuple[int, int, int, int], target: Panel, text: str = "", **rest: Any) -> Panel:
    """A panel at (x, y, width, height) of 24 columns. `text`: what it means, and what to do."""
    x, y, width, height = place
    made: Panel = {
        "title": title,
        "description": text,
        "type": kind,
        "datasource": target["datasource"],
        "gridPos": {"x": x, "y": y, "w": width, "h": height},
        "targets": [target],
        "fieldConfig": {"defaults": {}, "overrides": []},
        "options": {},
    }
    made["fieldConfig"]["defaults"].update(rest.pop("defaults", {}))
    made["fieldConfig"]["overrides"] += rest.pop("overrides", [])
    made["options"].update(rest)
    return made


def column(name: str, **properties: Any) -> Panel:
    """How one column of a table is shown."""
    shown = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": shown}


def coloured(name: str) -> Panel:
    """A column whose words have the colour of their gravity."""
    options = {word: {"color": colour, "index": place} for place, (word, colour) in enumerate(COLOURS.items())}
    return column(
        name, mappings=[{"type": "value", "options": options}], custom__cellOptions={"type": "color-background"}
    )


def to_gate(name: str = "gate") -> Panel:
    """A column whose cells lead to the gate."""
    url = "/d/gate-central-gate?var-gate=${__value.raw}"
    return column(name, links=[{"title": "Open this gate", "url": url}])


def ago(name: str) -> Panel:
    """A column of moments, shown as how long ago."""
    return column(name, unit="dateTimeFromNow")


def number(title: str, place: tuple[int, int, int, int], question: str, text: str, *steps: tuple[str, float]) -> Panel:
    """One number; its colour turns at each step, from green."""
    levels = [{"color": "green", "value": None}, *({"color": colour, "value": value} for colour, value in steps)]
    return panel(
        "stat", title, place, sql(question), text,
        defaults={"thresholds": {"mode": "absolute", "steps": levels}, "noValue": "0"},
        colorMode="background", graphMode="none",
        reduceOptions={"calcs": ["lastNotNull"], "fields": "", "values": False},
    )  # fmt: skip


def choice(name: str, label: str, question: str, **rest: Any) -> Panel:
    """A variable with the values that the database has."""
    asked = " ".join(question.split())
    return {
        "name": name, "label": label, "type": "query", "datasource": POSTGRES, "query": asked,
        "refresh": 2, "sort": 1, "multi": False, "includeAll": False,
    } | rest  # fmt: skip


def dashboard(name: str, title: str, text: str, panels: list[Panel], **rest: Any) -> Panel:
    """A whole dashboard. `variables`: beside the two data sources; `since`: its first range."""
    sources = [
        {"name": "database", "label": "Database", "type": "datasource", "query": "grafana-postgresql-datasource"},
        {"name": "prometheus", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
    ]
    links = {
        "type": "dashboards",
        "title": "Gates",
        "tags": ["gate-central"],
        "asDropdown": False,
        "includeVars": False,
        "keepTime": False,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
    }
    return {
        "uid": f"gate-central-{name}",
        "title": title,
        "description": text,
        "tags": ["gate-central"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "timezone": "browser",
        "refresh": rest.get("refresh", "30s"),
        "time": {"from": rest.get("since", "now-24h"), "to": "now"},
        "annotations": {"list": []},
        "links": [links],
        "templating": {"list": [*sources, *rest.get("variables", [])]},
        "panels": [one | {"id": place} for place, one in enumerate(panels, 1)],
    }


def fleet() -> Panel:
    """What an operator asks first: what is wrong, where, and since when."""
    wrong = panel(
        "table", "What is wrong, the gravest and oldest first", (0, 4, 24, 11),
        sql("""SELECT gate, site, state, worst, code, subject, detail, since, problems, lag, version, status_at AS
            "last status"
            FROM fleet WHERE rank >= 2 ORDER BY rank DESC, since NULLS FIRST, gate LIMIT 500"""),
        "One row a gate: its worst problem, and since when. docs/central.md says what each code means and what to do.",
        overrides=[to_gate(), coloured("state"), coloured("worst"), ago("since"), ago("last status")],
        footer={"show": False}, showHeader=True,
    )  # fmt: skip
    kinds = panel(
        "table", "The same by kind: one cause at many gates", (0, 15, 12, 9),
        sql("""SELECT code, severity, count(DISTINCT gate) AS gates, min(since) AS "since", max(since) AS "newest since"
            FROM open_problems WHERE severity <> 'note'
            GROUP BY code, severity ORDER BY severity_rank(severity) DESC, gates DESC, code"""),
        "Many gates with one problem since the same minute: look at the broker, the network or the last roll-out.",
        overrides=[coloured("severity"), ago("since"), ago("newest since")],
    )  # fmt: skip
    states = panel(
        "bargauge", "Gates by state", (12, 15, 6, 9),
        sql("SELECT state, count(*) AS gates FROM fleet GROUP BY state ORDER BY gates DESC, state"),
        "silent: it says online, and no status came for three times as long as it says, at least 90 s. "
        "lost: its connection broke. offline: stopped in order.",
        orientation="horizontal", displayMode="basic", reduceOptions={"calcs": [], "fields": "", "values": True},
    )  # fmt: skip
    sites = panel(
        "table", "Sites with trouble", (18, 15, 6, 9),
        sql("""SELECT coalesce(site, '-') AS site, count(*) FILTER (WHERE rank = 3) AS errors,
            count(*) FILTER (WHERE rank = 2) AS warnings, count(*) AS gates
            FROM fleet GROUP BY 1 HAVING max(rank) >= 2 ORDER BY 2 DESC, 3 DESC, 1 LIMIT 50"""),
        "Gates of a site by their worst problem. All of them at once: look at the site's line and power.",
    )  # fmt: skip
    lag = panel(
        "timeseries", "Gates that do not answer, and gates that are behind", (0, 24, 12, 8),
        prom("""label_replace(count(gate_central_gate_state{state!="online"} == 1) or vector(0),
            "what", "not online", "", "")
            or label_replace(count(gate_central_gate_lag_events > 100) or vector(0),
            "what", "behind by more than 100", "", "")""", "{{what}}"),
        "From the exporter. Both rise together: the broker or the line. Only the second: the consumer or its database.",
    )  # fmt: skip
    vehicles = panel(
        "timeseries", "Vehicles an hour by outcome", (12, 24, 12, 8),
        sql("""SELECT hour AS "time", outcome AS metric, sum(vehicles)::float8 AS vehicles FROM fleet_hours
            WHERE $__timeFilter(hour) GROUP BY 1, 2 ORDER BY 1, 2""", "time_series"),
        "By the hour in which their events arrived, dry runs left out.",
    )  # fmt: skip
    panels = [
        number("Gates with errors", (0, 0, 4, 4), "SELECT count(*) AS gates FROM fleet WHERE rank = 3",
               "Gates whose worst problem is an error: vehicles may be held up there.", ("red", 1)),
        number("Gates with warnings", (4, 0, 4, 4), "SELECT count(*) AS gates FROM fleet WHERE rank = 2",
               "Gates whose worst problem is a warning.", ("orange", 1)),
        number("Gates that do not answer", (8, 0, 4, 4),
               "SELECT count(*) AS gates FROM fleet WHERE state IN ('silent', 'lost', 'never heard')",
               "Silent, lost, or expected and never heard.", ("red", 1)),
        number("Conflicts", (12, 0, 4, 4), "SELECT count(*) AS conflicts FROM conflicts",
               "What cannot be true beside what is stored. Never zero by itself: somebody must look.", ("red", 1)),
        number("Events not proven here", (16, 0, 4, 4), "SELECT coalesce(sum(lag), 0)::float8 AS events FROM fleet",
               "Recorded at gates, and not yet stored and proven here.", ("orange", 10_000), ("red", 1_000_000)),
        number("Gates", (20, 0, 4, 4), "SELECT count(*) AS gates FROM gates", "All that are known."),
        wrong, kinds, states, sites, lag, vehicles,
    ]  # fmt: skip
    return dashboard("fleet", "Gates: the fleet", "What is wrong, where, and since when.", panels)


GATE: Final = "${gate:sqlstring}"


def one_gate() -> Panel:
    """One gate: how it is, what is wrong and was, its vehicles and its way to central."""
    panels = [
        panel("table", "How it is", (0, 0, 24, 5), sql(f"""SELECT f.gate, f.site, f.state, f.state_since AS "state
            since",
            f.worst, f.version, g.version_since AS "version since", f.trust_state AS "trust state", f.clock_state
            AS clock,
            f.lists_state AS lists, g.trust_list_expires_at AS "trust list ends",
            g.certificate_expires_at AS "certificate ends", f.status_at AS "last status", f.trouble
            FROM fleet f JOIN gates g ON g.gate = f.gate WHERE f.gate = {GATE}"""),
            "What the gate said last. An empty cell: it has not said so.",
            overrides=[coloured("state"), coloured("worst"), coloured("trust state"), ago("state since"),
                       ago("last status"), ago("version since")]),
        panel("table", "What is wrong now", (0, 5, 12, 8), sql(f"""SELECT severity, code, subject, detail, since, source
            FROM open_problems WHERE gate = {GATE} ORDER BY severity_rank(severity) DESC, since NULLS FIRST"""),
            "Codes of source health are those of docs/doctor.md; the others are in docs/central.md.",
            overrides=[coloured("severity"), ago("since")]),
        panel("table", "What was wrong", (12, 5, 12, 8), sql(f"""SELECT until, code, subject, severity,
            extract(epoch FROM until - since)::float8 AS lasted FROM past_problems
            WHERE gate = {GATE} AND $__timeFilter(until) ORDER BY until DESC LIMIT 200"""),
            "Problems that were over within the range.", overrides=[coloured("severity"), column("lasted", unit="s")]),
        panel("timeseries", "Vehicles an hour by outcome", (0, 13, 12, 8), sql(f"""SELECT hour AS "time",
            outcome AS metric, vehicles::float8 AS vehicles FROM vehicle_hours
            WHERE gate = {GATE} AND $__timeFilter(hour) ORDER BY 1, 2""", "time_series"),
            "By the hour in which their events arrived, dry runs left out."),
        panel("timeseries", "Recorded and not proven here", (12, 13, 12, 8),
              prom('gate_central_gate_lag_events{gate="$gate"}', "events"),
              "Events between what the gate has recorded and the watermark."),
        panel("table", "Journals of this gate", (0, 21, 24, 5), sql(f"""SELECT stream, begun_at AS "begun",
            watermark, last_seq AS "last here", signed_seq AS "signed to", begun_after AS "begun after",
            moved_at AS "watermark moved", (SELECT count(*) FROM conflicts c WHERE c.gate = s.gate
            AND c.stream = s.stream) AS conflicts FROM streams s WHERE gate = {GATE} ORDER BY id DESC LIMIT 20"""),
            "A new journal begins only after a new disk or damage: more than one row has a story.",
            overrides=[ago("begun"), ago("watermark moved")]),
        panel("table", "Last vehicles", (0, 26, 12, 10), sql(f"""SELECT closed_at AS "time", lane, outcome, reason,
            coalesce(plate, CASE WHEN erased_at IS NOT NULL THEN 'erased' END) AS plate,
            permit, duration_s AS "duration" FROM vehicles WHERE gate = {GATE} AND $__timeFilter(stored_at)
            ORDER BY stored_at DESC LIMIT 100"""), "The time is the gate's clock.",
            overrides=[coloured("outcome"), column("duration", unit="s")]),
        panel("table", "Last events", (12, 26, 12, 10), sql(f"""SELECT e.happened_at AS "time", e.seq, e.type, e.lane,
            e.transaction_id AS "transaction" FROM streams s CROSS JOIN LATERAL (SELECT * FROM events
            WHERE stream_id = s.id AND seq > s.last_seq - 200 ORDER BY seq DESC LIMIT 200) e
            WHERE s.gate = {GATE} AND s.stream = (SELECT stream FROM gates WHERE gate = {GATE})
            ORDER BY e.seq DESC"""), "The newest 200 of the journal of now."),
    ]  # fmt: skip
    variables = [choice("gate", "Gate", "SELECT gate FROM gates ORDER BY gate")]
    return dashboard("gate", "Gates: one gate", "How it is, what was wrong, its vehicles.", panels, variables=variables)


def roll_out() -> Panel:
    """Which gates run what, and what became of those that changed."""
    target = "${version:sqlstring}"
    panels = [
        number("On the chosen version", (0, 0, 6, 4), f"SELECT count(*) AS gates FROM gates WHERE version = {target}",
               "Gates whose last status says this version."),
        number("On another", (6, 0, 6, 4), f"SELECT count(*) AS gates FROM gates WHERE version <> {target}",
               "They wait for their turn, or were rolled back.", ("orange", 1)),
        number("Changed and wrong", (12, 0, 6, 4), f"""SELECT count(*) AS gates FROM fleet f JOIN gates g USING (gate)
               WHERE g.version = {target} AND f.rank = 3 AND f.since >= g.version_since""",
               "On the chosen version, and in error since they have it: stop the roll-out.", ("red", 1)),
        number("Went back", (18, 0, 6, 4), f"""SELECT count(DISTINCT gate) AS gates FROM gate_versions o
               WHERE version = {target} AND EXISTS (SELECT 1 FROM gate_versions n
               WHERE n.gate = o.gate AND n.since > o.since AND n.version <> o.version)""",
               "They had the chosen version, and run another one since.", ("red", 1)),
        panel("bargauge", "Gates by version", (0, 4, 8, 8), sql("""SELECT coalesce(version, 'not told') AS version,
            count(*) AS gates FROM gates GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20"""), "As their last status says.",
            orientation="horizontal", displayMode="basic", reduceOptions={"calcs": [], "fields": "", "values": True}),
        panel("timeseries", "Gates that took up the chosen version", (8, 4, 16, 8), sql(f"""SELECT
            date_trunc('hour', since) AS "time", sum(count(*)) OVER (ORDER BY date_trunc('hour', since))::float8 AS
            gates
            FROM (SELECT gate, min(since) AS since FROM gate_versions WHERE version = {target} GROUP BY gate) firsts
            GROUP BY 1 ORDER BY 1""", "time_series"), "All so far, by hour."),
        panel("table", "Changed and wrong: look here first", (0, 12, 24, 8), sql(f"""SELECT f.gate, f.site,
            f.worst, f.code,
            f.subject, f.detail, f.since, g.version_since AS "version since" FROM fleet f JOIN gates g USING (gate)
            WHERE g.version = {target} AND f.rank >= 2 AND f.since >= g.version_since
            ORDER BY f.rank DESC, f.since LIMIT 200"""), "Problems that began after the change.",
            overrides=[to_gate(), coloured("worst"), ago("since"), ago("version since")]),
        panel("table", "Not on the chosen version", (0, 20, 14, 10), sql(f"""SELECT f.gate, f.site, f.version, f.state,
            g.version_since AS "version since", f.status_at AS "last status" FROM fleet f JOIN gates g USING (gate)
            WHERE f.version IS DISTINCT FROM {target} ORDER BY f.version NULLS FIRST, f.gate LIMIT 1000"""),
            "Who is missing.", overrides=[to_gate(), coloured("state"), ago("version since"), ago("last status")]),
        panel("table", "Configurations", (14, 20, 10, 10), sql("""SELECT left(configuration, 12) AS configuration,
            count(*) AS gates, min(configuration_since) AS "first seen", max(configuration_since) AS "last seen"
            FROM gates WHERE configuration IS NOT NULL GROUP BY configuration ORDER BY 2 DESC, 1 LIMIT 50"""),
            "By the digest in birth: gates with one configuration have one digest.",
            overrides=[ago("first seen"), ago("last seen")]),
    ]  # fmt: skip
    variables = [choice("version", "Version", "SELECT version FROM gates WHERE version IS NOT NULL GROUP BY version",
                        sort=4)]  # fmt: skip
    text = "Which gates run what, and what became of those that changed."
    return dashboard("rollout", "Gates: roll-out", text, panels,
                     variables=variables, since="now-7d")  # fmt: skip


def vehicles() -> Panel:
    """The last vehicles of all gates, by plate, permit, outcome and site."""
    chosen = """(${outcome:sqlstring} = 'all' OR v.outcome = ${outcome:sqlstring})
        AND (${plate:sqlstring} = '' OR v.plate = ${plate:sqlstring})
        AND (${permit:sqlstring} = '' OR v.permit = ${permit:sqlstring})"""
    panels = [
        panel("table", "Last vehicles", (0, 0, 24, 14), sql(f"""SELECT v.stored_at AS "arrived", v.gate, v.lane,
            v.outcome,
            v.reason, coalesce(v.plate, CASE WHEN v.erased_at IS NOT NULL THEN 'erased' END) AS plate,
            v.permit, v.duration_s AS "duration", v.closed_at AS "by the gate's clock",
            v.transaction_id AS "transaction", v.dry_run AS "dry run" FROM vehicles v
            WHERE $__timeFilter(v.stored_at) AND {chosen} ORDER BY v.stored_at DESC LIMIT 500"""),
            "The newest 500 of the range. Plate and permit: whole, as they are written here; empty: any.",
            overrides=[to_gate(), coloured("outcome"), column("duration", unit="s")]),
        panel("timeseries", "Vehicles an hour by outcome", (0, 14, 12, 8), sql("""SELECT hour AS "time",
            outcome AS metric, sum(vehicles)::float8 AS vehicles FROM fleet_hours WHERE $__timeFilter(hour)
            GROUP BY 1, 2 ORDER BY 1, 2""", "time_series"), "All gates, dry runs left out."),
        panel("bargauge", "Why vehicles did not pass", (12, 14, 6, 8), sql("""SELECT reason, sum(vehicles)::bigint
            AS vehicles
            FROM fleet_hours WHERE $__timeFilter(hour)
            AND outcome NOT IN ('passed', 'passed_with_violation', 'overridden')
            GROUP BY reason ORDER BY 2 DESC, 1 LIMIT 10"""), "The reasons of docs/reasons.md.",
            orientation="horizontal", displayMode="basic", reduceOptions={"calcs": [], "fields": "", "values": True}),
        panel("table", "Busiest gates, and what they refuse", (18, 14, 6, 8), sql("""SELECT gate,
            sum(vehicles)::bigint AS vehicles, round(100 * coalesce(sum(vehicles) FILTER (WHERE outcome = 'denied'), 0)
            / sum(vehicles), 1)::float8 AS "refused" FROM (
            SELECT gate, outcome, vehicles FROM vehicle_hours WHERE $__timeFilter(hour)
            AND $__timeTo()::timestamptz - $__timeFrom()::timestamptz <= interval '2 d'
            UNION ALL SELECT gate, outcome, vehicles FROM vehicle_days WHERE $__timeFilter(day)
            AND $__timeTo()::timestamptz - $__timeFrom()::timestamptz > interval '2 d') counts
            GROUP BY gate ORDER BY 2 DESC LIMIT
            20"""), "Refused: in percent. Ranges of more than two days are counted by whole days.",
            overrides=[to_gate(), column("refused", unit="percent")]),
        panel("table", "Alarms", (0, 22, 24, 9), sql("""SELECT e.stored_at AS "arrived", s.gate, e.lane,
            convert_from(e.payload, 'UTF8')::json -> 'data' ->> 'alarm' AS alarm,
            convert_from(e.payload, 'UTF8')::json -> 'data' ->> 'detail' AS detail, e.transaction_id AS "transaction"
            FROM events e JOIN streams s ON s.id = e.stream_id WHERE e.type = 'alarm.raised'
            AND $__timeFilter(e.stored_at) ORDER BY e.stored_at DESC LIMIT 200"""), "The newest 200 of the range.",
            overrides=[to_gate()]),
    ]  # fmt: skip
    outcome = choice("outcome", "Outcome", "SELECT 'all' AS outcome UNION SELECT outcome FROM vehicle_totals",
                     current={"text": "all", "value": "all"})  # fmt: skip
    words = [{"name": name, "label": name.capitalize(), "type": "textbox", "query": "",
              "current": {"text": "", "value": ""}} for name in ("plate", "permit")]  # fmt: skip
    return dashboard("vehicles", "Gates: last vehicles", "What came, and what became of it.", panels,
                     variables=[outcome, *words], since="now-6h")  # fmt: skip


def dashboards() -> dict[str, Panel]:
    """All of them, by the names of their files."""
    return {"fleet.json": fleet(), "gate.json": one_gate(), "rollout.json": roll_out(), "vehicles.json": vehicles()}


def text_of(made: Panel) -> str:
    """The text of a dashboard's file."""
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, made in dashboards().items():
        (FOLDER / name).write_text(text_of(made), encoding="utf-8")
        print(FOLDER / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
