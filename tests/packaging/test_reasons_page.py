"""The page docs/reasons.md: it is what the code says, of verdicts and settings too."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel

from agent.core.decision.knowledge import PermitUses
from agent.core.events.event_types import Alarm
from agent.core.lane.state import LaneState
from agent.core.model import Outcome
from agent.core.model.reasons import Reason, Verdict
from agent.settings.model.agent import Settings
from agent.settings.model.lane import Lane
from tests.support.lane.judging import KNOWN, answer
from tests.unit.agent.core.decision.test_judgement_reasons import ROWS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tool():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "tools"))
        import reasons_page  # noqa: PLC0415 - the tools are on the path only here

        yield reasons_page
        del sys.modules["reasons_page"]


def test_the_page_is_what_the_code_says(tool):
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), "run: python tools/reasons_page.py"


def test_every_code_is_on_the_page(tool):
    text = tool.page()
    for code in (*Reason, *Verdict, *Outcome, *Alarm, *LaneState):
        assert f"\n| `{code}` |" in text or f" | `{code}` | " in text, code
    assert "undefined" not in text


@pytest.mark.parametrize(("reason", "early", "last"), [(row[0], row[2], row[3]) for row in ROWS.values()])
def test_a_reason_leads_to_what_the_page_says(tool, reason, early, last):
    assert (early, last) in tool.LEADS_TO[reason]


def test_a_verdict_that_the_page_names_is_one_that_a_judgement_gives(tool):
    interrupted = {"known": replace(KNOWN, use=PermitUses(open_reservation="t0", in_doubt=True))}
    judged = {(row[0], row[2], row[3]) for row in ROWS.values()}
    judged.add((Reason.ALREADY_USED, *(answer(final=final, **interrupted)[0] for final in (False, True))))
    reasons = {row[0] for row in ROWS.values()}
    named = {(reason, *pair) for reason, pairs in tool.LEADS_TO.items() if reason in reasons for pair in pairs}
    assert named - judged == set()


def test_every_reason_has_its_verdict(tool):
    assert list(tool.LEADS_TO) == list(Reason)


def test_every_setting_that_the_page_names_is_there(tool):
    named = {name for names in tool.SETTINGS.values() for name in names}
    assert named <= set(settings(Settings))


def settings(model, before=""):
    for name, field in model.model_fields.items():
        inner = field.annotation
        if name == "lanes":
            yield from settings(Lane, "lanes.*.")
        elif isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from settings(inner, f"{before}{name}.")
        else:
            yield f"{before}{name}"
