"""The page docs/driver.md: it is what the code says, and everything that a driver may be told is on it."""

import re
import sys
from pathlib import Path

import pytest

from agent.core.lane.state import LaneState
from agent.core.model import DriverMessage
from agent.core.model.reasons import Reason
from agent.i18n import Language
from agent.i18n.driver_texts import sentence, sign_lines, spoken

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tool():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "tools"))
        import driver_page  # noqa: PLC0415 - the tools are on the path only here

        yield driver_page
        del sys.modules["driver_page"]


def test_the_page_is_what_the_code_says(tool):
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), "run: python tools/driver_page.py"


@pytest.mark.parametrize("language", Language)
def test_every_message_is_on_the_page_in_all_its_words(tool, language):
    table = tool.page().partition(f"## {language.own_name}\n")[2].partition("\n## ")[0]
    for message in DriverMessage:
        (row,) = [line for line in table.splitlines() if line.startswith(f"| `{message}` |")]
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert (cells[1], cells[5]) == (sentence(message, language), spoken(message, language))
        assert cells[2].startswith(tool.MOVES) is (sign_lines(message, language, 8, 1) is None)
        assert all(cells)


def test_every_state_and_every_reason_that_is_told_has_its_message_once(tool):
    told = tool.page().partition("## When\n")[2].partition("\n## ")[0]
    codes = re.findall(r"`(\w+)`", "".join(line.split("|", 3)[3] for line in told.splitlines() if "<img" in line))
    assert sorted(codes) == sorted({*LaneState, *(reason for reason in Reason if f"`{reason}`" in told)})


def test_every_pictogram_that_the_page_shows_is_there(tool):
    shown = re.findall(r'<img src="([^"]+)"', tool.page())
    assert len(shown) == len(DriverMessage)
    assert [path for path in shown if not (ROOT / "docs" / path).is_file()] == []
