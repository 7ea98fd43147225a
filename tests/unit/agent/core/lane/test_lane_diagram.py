"""The page docs/lane.md is what the lane does."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.lane.monitor import BLIND, SIGHTED

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOL = Path(__file__).parents[5] / "tools" / "lane_diagram.py"


@pytest.fixture(scope="module")
def tool() -> Iterator[Any]:
    spec = importlib.util.spec_from_file_location("lane_diagram", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_the_page_is_not_stale(tool: Any) -> None:
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), "run: python tools/lane_diagram.py"


def test_the_page_shows_every_transition(tool: Any) -> None:
    def pairs(rules: Any) -> set[tuple[str, str]]:
        return {(move.state, move.to) for move in tool.explore(rules) if move.state is not move.to}

    assert pairs(tool.SIGHTED) | pairs(tool.PLAIN) | pairs(tool.SHARED) == SIGHTED
    assert pairs(tool.BLIND) | pairs(tool.BLIND_SHARED) == BLIND
