"""The dashboards and alerts of the central side: each question is asked of the real tables and the real exporter."""

import re
import subprocess
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from central.consumer import EventStore, Message
from central.database import Role, connect
from central.exporter import ExporterServer, GateCollector
from tests.support.central.dashboards import FILES, FOLDER, dashboard, filled, targets, variables
from tests.support.central.databases import NOW, birth, central_url, database, health, shared_url, status
from tests.support.central.programs import Prometheus, program
from tests.support.consumer.events import GATE, chain, devices, message
from tests.support.consumer.postgres import needs_postgres, postgres
from tests.support.store.journals import STREAM, closed
from tests.support.waiting import scaled
from tools.central_dashboards import dashboards, text_of

__all__ = ["central_url", "database", "postgres", "shared_url"]
ROOT = Path(__file__).parents[2]
RULES = ROOT / "config" / "prometheus" / "central-alerts.yml"
CASES = ROOT / "tests" / "data" / "central_alerts_test.yml"
CHOSEN = {"gate": GATE, "version": "0.2.0", "outcome": "all", "plate": "", "permit": ""}
METRIC = re.compile(r"\bgate_central_[a-z_]+")
# What an empty fleet would hide: these panels have rows with the data below.
SURE = {
    "What is wrong, the gravest and oldest first", "The same by kind: one cause at many gates", "Gates by state",
    "How it is", "What is wrong now", "What was wrong", "Journals of this gate", "Last vehicles", "Last events",
    "Gates by version", "Vehicles an hour by outcome", "Gates that took up the chosen version",
}  # fmt: skip


@pytest.fixture
def filled_database(database):
    """A database with a gate that has vehicles, problems and a version, and one that nobody has heard."""
    clock = [NOW]
    store = EventStore(database, lambda: clock[0], Role.ACKNOWLEDGE)
    put = [*map(message, chain(*devices(2), closed()))]
    put += [birth(stream=STREAM, inventory={"site": 9411, "configuration": "ab" * 32})]
    put += [status(stream=STREAM, seq_head=3), health(GATE, ("DISK_LOW", "", "error"), ("CAMERA_DARK", "a", "warning"))]
    store.store([Message(*one) for one in put])
    clock[0] = NOW + timedelta(minutes=1)
    store.store([Message(*health(GATE, ("DISK_LOW", "", "error")))])
    database.execute("INSERT INTO gates (gate, expected) VALUES ('dostyk-1', true)")
    return database


def test_the_files_are_what_the_tool_writes():
    written = {path.name: path.read_text("utf-8") for path in FILES}
    assert written == {name: text_of(made) for name, made in dashboards().items()}, "python tools/central_dashboards.py"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dashboard_has_the_form_that_grafana_reads(path):
    made = dashboard(path)
    assert made["uid"] == f"gate-central-{path.stem}"
    assert len(made["uid"]) <= 40
    names = {one["name"] for one in made["templating"]["list"]}
    taken = set()
    for panel in made["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24, panel["title"]
        assert not cells & taken, f"{panel['title']} lies over another panel"
        taken |= cells
        assert panel["description"], panel["title"]
        assert panel["datasource"]["uid"] in {"${database}", "${prometheus}"}
        for target in panel["targets"]:
            used = set(re.findall(r"\$\{?(?!__)(\w+)", target.get("rawSql", "") + target.get("expr", "")))
            assert used <= names, (panel["title"], used - names)
    numbers = [panel["id"] for panel in made["panels"]]
    assert numbers == sorted(set(numbers))
    urls = re.findall(r'"url": "/d/([\w-]+)', path.read_text())
    assert set(urls) <= {f"gate-central-{each.stem}" for each in FILES}


@needs_postgres
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_question_of_a_dashboard_is_answered_by_the_real_tables(path, filled_database):
    asked = 0
    for name, question in variables(path):
        assert filled_database.execute(filled(question, NOW, NOW)).fetchall(), name
    for title, target in targets(path):
        if "rawSql" not in target:
            continue
        span = (NOW - timedelta(hours=3), NOW + timedelta(hours=3))
        rows = filled_database.execute(filled(target["rawSql"], *span, **CHOSEN).encode()).fetchall()
        assert rows or title not in SURE, title
        asked += 1
    assert asked >= 5


@needs_postgres
def test_the_dashboards_and_alerts_ask_a_real_prometheus_what_the_real_exporter_serves(
    central_url, filled_database, tmp_path
):
    program("prometheus")
    collector = GateCollector(partial(connect, central_url, read_only=True), most_gates=10, fresh_s=1)
    with (
        ExporterServer(collector, "127.0.0.1", 0) as server,
        Prometheus(tmp_path, f"127.0.0.1:{server.port}", RULES) as prometheus,
    ):
        assert prometheus.ask('gate_central_gate_lag_events{gate="khorgos-03"}')[0][1] == 0
        served = {labels["__name__"] for labels, _ in prometheus.ask('{__name__=~"gate_central_.+"}')}
        questions = [target["expr"] for path in FILES for _, target in targets(path) if "expr" in target]
        assert len(questions) == 2
        for question in questions:
            assert prometheus.ask(filled(question, NOW, NOW, gate=GATE)), question
    names = {name for family in collector.collect() for name in (family.name, f"{family.name}_total")}
    asked = {name for text in (RULES.read_text(), *questions) for name in METRIC.findall(text)}
    assert asked <= names
    assert served <= names


def test_the_alert_rules_hold_and_come_when_they_are_to():
    promtool = program("promtool")
    for command in (["check", "rules", RULES], ["test", "rules", CASES]):
        done = subprocess.run(
            [promtool, *command], check=False, capture_output=True, text=True, timeout=scaled(30), cwd=CASES.parent
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case_and_says_what_to_do():
    named = re.findall(r"- alert: (\w+)", RULES.read_text())
    tested = set(re.findall(r"alertname: (\w+)", CASES.read_text()))
    assert set(named) == tested
    assert RULES.read_text().count("description:") == len(named)


def test_only_the_dashboards_that_the_tool_writes_are_there():
    assert {path.name for path in FOLDER.iterdir()} == set(dashboards())


def test_a_range_and_a_choice_with_a_quote_are_filled_in():
    asked = filled("SELECT 1 WHERE $__timeFilter(at) AND plate = ${plate:sqlstring}", NOW, NOW, plate="it's")
    assert asked.endswith("plate = 'it''s'")
