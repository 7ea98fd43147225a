"""The page Numbers in a browser: charts and tables, both screens, narrow screens, three themes."""

from __future__ import annotations

import pytest

from agent.core.numbers import EventCounter
from agent.numbers import offset_at
from agent.store.numbers import NAME, NumbersFile
from tests.support.numbers.histories import by_officer, device, passes, refused
from tests.unit.agent.core.numbers.test_event_counter import as_read

SCREENS = ("/numbers", "/numbers/technical")


@pytest.fixture(scope="module", autouse=True)
def history(gate):
    """A day with vehicles of every kind, and a camera that was away, beside what the gate itself counts."""
    utc = gate.app.parts.utc()
    counter = EventCounter(offset_at)
    for hour in range(8):
        at = utc - 3600.0 * (hour + 1)
        story = [draft for minute in range(hour + 2) for draft in passes(at + 90 * minute, lane="exit-1")]
        story += refused(at + 900, lane="exit-1") + by_officer(at + 1000, lane="exit-1")
        story += device(at, "streaming", name="exit-1/front", lane="exit-1")
        story += device(at + 600, "lost", name="exit-1/front", lane="exit-1")
        for draft in sorted(story, key=lambda one: one.utc):
            counter.count(as_read(draft))
    with NumbersFile(gate.app.parts.settings.state.directory / NAME) as numbers:
        numbers.add(counter.take(), numbers.progress())


def test_a_card_shows_its_chart_or_its_table(page_of):
    page = page_of("viewer").go("/numbers?days=2")
    card = page.locator("#vehicles")
    assert card.locator("#vehicles-chart").is_visible()
    assert not card.locator("#vehicles-table").is_visible()
    card.locator("[data-show=vehicles-table]").click()
    assert card.locator("#vehicles-table").is_visible()
    assert not card.locator("#vehicles-chart").is_visible()
    assert card.locator("[data-show=vehicles-table]").get_attribute("aria-pressed") == "true"


def test_a_table_is_loaded_down_as_a_file(page_of):
    page = page_of("viewer").go("/numbers?days=2")
    page.locator("[data-show=vehicles-table]").click()
    with page.expect_download() as download:
        page.locator("#vehicles-table a[download]").click()
    assert download.value.suggested_filename.endswith(".csv")


@pytest.mark.parametrize("theme", ["light", "dark", "sun"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844), (320, 640)], ids=["desktop", "phone", "narrow"])
def test_no_screen_is_cut_or_moves_sideways(page_of, gate, theme, size):
    visitor = page_of("viewer", language="ru")
    visitor.page.context.add_cookies([{"name": "gate-theme", "value": theme, "url": gate.url}])
    for path in SCREENS:
        visitor.page.set_viewport_size({"width": size[0], "height": size[1]})
        visitor.go(f"{path}?days=2")
        assert visitor.sideways_px() == 0, path
        visitor.picture(f"numbers{path.removeprefix('/numbers').replace('/', '-')}-{theme}-{size[0]}")


def test_both_screens_are_of_use_to_people_who_see_or_hear_less(page_of):
    visitor = page_of("viewer")
    for path in SCREENS:
        visitor.go(f"{path}?days=2")
        assert visitor.barriers() == []


def test_on_paper_charts_and_tables_are_both_there(page_of):
    visitor = page_of("viewer")
    page = visitor.go("/numbers?days=2")
    page.emulate_media(media="print")
    for name in ("vehicles", "waiting"):
        assert page.locator(f"#{name}-chart").is_visible()
        assert page.locator(f"#{name}-table").is_visible()
    assert not page.locator(".filters").first.is_visible()
