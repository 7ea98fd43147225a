"""Charts as SVG: two sizes of each, values where they belong, nothing outside the drawing, and every text escaped."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from agent.console.charts.columns import HATCH, columns
from agent.console.charts.frame import PHONE, WIDE, figure, scale_of_shares, scale_to
from agent.console.charts.lines import Line, lines
from agent.console.charts.strips import WIDTH, bar, uptime

HOURS = [f"{hour:02}" for hour in range(24)]
DAYS = [f"11-{day:02}" for day in range(1, 31)]
EVIL = '<script>alert("1")</script>'


def drawings(chart):
    """Both drawings, parsed: what is no XML fails here."""
    return list(ET.fromstring(f"<div>{chart}</div>"))  # noqa: S314 - our own


def parts(drawing, tag, css=""):
    return [one for one in drawing.iter(tag) if not css or css in one.get("class", "").split()]


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (59, [0, 20, 40, 60]),
        (60, [0, 20, 40, 60]),
        (61, [0, 20, 40, 60, 80]),
        (1_234_567, [0, 500_000, 1_000_000, 1_500_000]),
    ],
)
def test_a_scale_of_counts_has_round_whole_numbers(most, ticks):
    assert list(scale_to(most, whole=True).ticks) == ticks


@pytest.mark.parametrize("most", [0.01, 0.3, 0.95, 7.0, 33.3, 120.0])
def test_a_scale_reaches_what_it_shows_with_few_ticks(most):
    scale = scale_to(most)
    assert scale.ticks[-1] >= most > scale.ticks[-2]
    assert len(scale.ticks) <= 5


@pytest.mark.parametrize(("least", "low"), [(100.0, 90), (93.0, 90), (89.0, 80), (71.0, 70), (42.0, 40), (0.0, 0)])
def test_a_scale_of_shares_ends_at_100_and_begins_below_the_least(least, low):
    scale = scale_of_shares(least)
    assert (scale.ticks[0], scale.ticks[-1]) == (low, 100)
    assert len(scale.ticks) <= 5


def test_columns_stand_on_the_axis_and_add_up():
    chart = columns("Vehicles", HOURS, [("f1", [4] * 24), (HATCH, [1] * 24), ("f2", [0] * 24)])
    for drawing, size in zip(drawings(chart), (WIDE, PHONE), strict=True):
        assert drawing.get("viewBox") == f"0 0 {size.width} {size.height}"
        assert drawing.get("class") == f"chart {size.css}"
        bars = parts(drawing, "rect")
        assert len(bars) == 48
        assert len([one for one in bars if one.get("fill") == HATCH]) == 24
        for one in bars:
            assert 0 <= float(one.get("x")) <= size.width - float(one.get("width"))
            assert 0 <= float(one.get("y")) <= size.height - float(one.get("height"))


def test_one_vehicle_among_thousands_is_seen():
    chart = columns("Vehicles", ["00"], [("f1", [5000]), ("f3", [1])])
    refused = parts(drawings(chart)[0], "rect", "f3")
    assert float(refused[0].get("height")) >= 1.0


@pytest.mark.parametrize("names", [HOURS, DAYS, DAYS * 2, ["2026-11-01"]])
def test_the_words_under_a_chart_do_not_run_together(names):
    for drawing in drawings(columns("Vehicles", names, [("f1", [1] * len(names))])):
        below = [one for one in parts(drawing, "text") if one.get("text-anchor") == "middle"]
        places = [float(one.get("x")) for one in below]
        widest = max(len(one.text) for one in below) * 7
        assert all(right - left >= widest for left, right in pairwise(places))
        assert below


def test_a_line_is_interrupted_where_a_value_is_missing():
    chart = lines("Waiting", HOURS[:6], [Line("median", 4, [1.0, 2.0, None, 3.0, None, 4.0])], scale_to(4.0))
    drawing = drawings(chart)[0]
    assert len(parts(drawing, "path", "l4")) == 1
    assert len(parts(drawing, "circle")) == 2


def test_lines_stay_inside_their_drawing_and_higher_values_are_higher():
    chart = lines("Waiting", HOURS, [Line("95 %", 2, list(map(float, range(24))), dashed=True)], scale_to(23.0))
    for drawing, size in zip(drawings(chart), (WIDE, PHONE), strict=True):
        (path,) = parts(drawing, "path", "dash")
        found = [float(one) for one in re.findall(r"[\d.]+", path.get("d"))]
        xs, ys = found[::2], found[1::2]
        assert xs == sorted(xs)
        assert ys == sorted(ys, reverse=True)
        assert all(0 <= x <= size.width for x in xs)
        assert all(0 <= y <= size.height for y in ys)


def test_the_names_of_lines_that_end_side_by_side_are_apart():
    rows = [Line("median", 4, [1.0, 5.0]), Line("95 %", 2, [1.0, 5.01])]
    for drawing in drawings(lines("Waiting", ["00", "01"], rows, scale_to(10.0))):
        ups = sorted(float(one.get("y")) for one in parts(drawing, "text", "lbl"))
        assert ups[1] - ups[0] >= 15


@pytest.mark.parametrize("values", [[], [None], [None, None], [3.0]])
def test_lines_of_nothing_and_of_one_value_are_drawn(values):
    chart = lines("Waiting", HOURS[: len(values)], [Line("median", 4, values)], scale_to(5.0))
    assert len(drawings(chart)) == 2


def test_columns_of_nothing_are_drawn():
    assert len(drawings(columns("Vehicles", [], [("f1", [])]))) == 2


def test_a_bar_is_as_long_as_its_share():
    bars = [ET.fromstring(bar("f3", share)) for share in (0, 0.5, 1)]  # noqa: S314
    widths = [float(parts(one, "rect", "f3")[0].get("width")) for one in bars]
    assert widths == [0, WIDTH / 2, WIDTH]


def test_uptime_shows_a_gap_where_it_was_and_nothing_where_nothing_is_known():
    strip = ET.fromstring(uptime("Camera", [1.0, 0.5, None, 0.0]))  # noqa: S314
    gaps = [one for one in strip.iter("rect") if one.get("fill") == HATCH]
    assert [round(float(one.get("width"))) for one in gaps] == [60, 120]
    assert [float(one.get("x")) for one in gaps] == [180, 360]
    assert strip.get("aria-label") == "Camera"


def test_every_text_is_escaped():
    charts = [
        columns(EVIL, [EVIL], [("f1", [1])]),
        lines(EVIL, [EVIL], [Line(EVIL, 4, [1.0])], scale_to(1.0)),
        uptime(EVIL, [1.0]),
    ]
    assert not any("<script" in chart for chart in charts)
    assert all(drawings(chart) for chart in charts)


def test_no_chart_has_a_style_of_its_own():
    charts = columns("a", HOURS, [("f1", [1] * 24)]) + lines("b", ["00"], [Line("c", 4, [1.0])], scale_to(1.0))
    assert "style" not in charts + uptime("d", [0.5]) + bar("f1", 0.5)


@pytest.mark.parametrize(("value", "said"), [(0.0, "0"), (0.5, "0.5"), (20.0, "20"), (0.30000000000000004, "0.3")])
def test_a_figure_has_no_needless_zeros(value, said):
    assert figure(value) == said
