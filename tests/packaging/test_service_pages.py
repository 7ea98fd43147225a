"""The pages of doctor and metrics are up to date; dashboard and alerts name metrics that there are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.doctor.codes import DiagnosticCheck, FindingCode

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "config" / "grafana" / "gate-agent.json"
PROMETHEUS = ROOT / "config" / "prometheus"
NAME = re.compile(r"\b(?:gate_agent|process)_[a-z0-9_]+")
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def tools():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "tools"))
        import doctor_page  # noqa: PLC0415 - the tools are on the path only here
        import metrics_page  # noqa: PLC0415

        yield doctor_page, metrics_page
        for name in ("doctor_page", "metrics_page"):
            sys.modules.pop(name)


def served(metrics_page):
    return {sample.name: set(sample.labels) for family in metrics_page.families() for sample in family.samples}


def test_no_page_is_stale(tools):
    for tool in tools:
        assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), f"run: python tools/{tool.__name__}.py"


def test_every_code_stands_on_the_page_under_its_check_and_every_check_can_find_something(tools):
    doctor_page, _ = tools
    text = doctor_page.page()
    assert [code for code in FindingCode if f"| `{code}` |" not in text] == []
    assert {doctor_page.check_of(code) for code in FindingCode} == {*DiagnosticCheck, None}
    assert {code for code in FindingCode if doctor_page.check_of(code) is None} == {
        FindingCode.CHECK_HANGS,
        FindingCode.CHECK_FAILED,
    }


def test_every_link_of_the_pages_leads_somewhere(tools):
    for tool in tools:
        text = tool.page()
        heads = {
            re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-")
            for head in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        }
        for target in LINK.findall(text):
            path, _, place = target.partition("#")
            if path.startswith("https:"):
                continue
            assert not path or (tool.PAGE.parent / path).exists(), target
            assert path or place in heads, target


def expressions():
    """Every expression of the dashboard and of the alerts."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    found = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    alerts = (PROMETHEUS / "alerts.yml").read_text(encoding="utf-8")
    return found + [
        " ".join(one.split()) for one in re.findall(r"^ {8}expr: (.+(?:\n {10}.+)*)$", alerts, re.MULTILINE)
    ]


def test_the_dashboard_and_the_alerts_name_metrics_and_labels_that_there_are(tools):
    _, metrics_page = tools
    there = served(metrics_page)
    given_by_prometheus = {"instance", "job", "le", "site"}
    told = expressions()
    assert len(told) > 40
    for expression in told:
        names = set(NAME.findall(expression))
        if expression.startswith("up{"):  # Prometheus' own word on whether it could fetch
            continue
        assert names, expression
        assert names <= set(there), (expression, names - set(there))
        labels = {
            label for block in re.findall(r"\{([^}]*)\}", expression) for label in re.findall(r"(\w+)(?:=|!)", block)
        }
        grouped = {label for block in re.findall(r"by \(([^)]*)\)", expression) for label in block.split(", ")}
        known = given_by_prometheus | {label for name in names for label in there[name]}
        assert labels | grouped <= known, expression


def test_legends_name_labels_that_their_expressions_keep(tools):
    _, metrics_page = tools
    there = served(metrics_page)
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        for target in panel.get("targets", ()):
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            kept = re.findall(r"by \(([^)]*)\)", target["expr"])
            labels = {label for name in NAME.findall(target["expr"]) for label in there[name]} | {"instance"}
            assert named <= (set(kept[0].split(", ")) if kept else labels), panel["title"]


def test_every_alert_says_what_is_wrong_and_what_to_do():
    text = (PROMETHEUS / "alerts.yml").read_text(encoding="utf-8")
    alerts = text.split("      - alert: ")[1:]
    assert len(alerts) > 15
    for alert in alerts:
        for part in ("        expr: ", "severity: ", "          summary: ", "          description: "):
            assert part in alert, (alert.splitlines()[0], part)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed here: apt-get install promtool")
def test_prometheus_takes_the_rules(tmp_path):
    for name in ("alerts.yml", "scrape.yml"):
        shutil.copy(PROMETHEUS / name, tmp_path)
    done = subprocess.run(
        ["promtool", "check", "config", "scrape.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
