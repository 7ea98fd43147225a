"""A moment as every page shows it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.console.times import time_tag
from tests.support.zones import local_zone

NOON = datetime(2026, 11, 28, 7, 0, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Asia/Kolkata", "2026-11-28 12:30:00 UTC+5:30"),
        ("America/St_Johns", "2026-11-28 03:30:00 UTC-3:30"),
        ("UTC", "2026-11-28 07:00:00 UTC"),
        ("Asia/Shanghai", "2026-11-28 15:00:00 UTC+8"),
    ],
)
@pytest.mark.parametrize("given", [NOON, int(NOON), "2026-11-28T07:00:00.000Z", datetime.fromtimestamp(NOON, UTC)])
def test_a_moment_is_shown_alike_however_it_is_given(name, shown, given):
    with local_zone(name):
        assert str(time_tag(given, "?")) == (
            f'<time datetime="2026-11-28T07:00:00Z" title="2026-11-28 07:00:00 UTC">{shown}</time>'
        )


@pytest.mark.parametrize(
    "given", [None, 0, 0.0, 59.9, -1.0, 1e20, float("nan"), "", "soon", "1970-01-01T00:00:00Z", "<b>"]
)
def test_what_is_not_a_time_is_unknown(given):
    assert str(time_tag(given, "<unknown>")) == '<span class="unknown-time">&lt;unknown&gt;</span>'
