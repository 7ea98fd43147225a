"""The central dashboards' questions, as Grafana asks them: macros and variables filled in."""

import json
import re
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "config" / "grafana" / "central"
FILES = sorted(FOLDER.glob("*.json"))
MACRO = re.compile(r"\$__timeFilter\(([^)]+)\)")
LEFT = re.compile(r"\$\{?\w")


def dashboard(path):
    """A dashboard, read."""
    return json.loads(path.read_text("utf-8"))


def variables(path):
    """The questions of its variables: (name, SQL)."""
    listed = dashboard(path)["templating"]["list"]
    return [(one["name"], one["query"]) for one in listed if one["type"] == "query"]


def targets(path):
    """(title of the panel, its target) for each question of a dashboard."""
    return [(panel["title"], target) for panel in dashboard(path)["panels"] for target in panel["targets"]]


def filled(question, first, last, **chosen):
    """A question with its range and with what a person has chosen."""
    for macro, moment in (("$__timeFrom()", first), ("$__timeTo()", last)):
        question = question.replace(macro, f"'{moment.isoformat()}'")
    question = MACRO.sub(rf"\1 BETWEEN '{first.isoformat()}' AND '{last.isoformat()}'", question)
    for name, value in chosen.items():
        quoted = "'" + value.replace("'", "''") + "'"
        question = question.replace(f"${{{name}:sqlstring}}", quoted).replace(f"${name}", value)
    assert not LEFT.search(question), question
    return question
