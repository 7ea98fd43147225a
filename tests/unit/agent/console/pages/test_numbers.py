"""The page Numbers: what a shift leader and a technician see, its files, and what is asked of it wrongly."""

from __future__ import annotations

import csv
import re
from functools import cache
from io import StringIO

import pytest

from agent.console.numbers.csv_export import FILES
from agent.core.events import Alarm, AlarmRaised, Draft
from agent.core.model import Reason
from agent.core.numbers import EventCounter
from agent.i18n import Language
from agent.i18n.alarms import ALARMS
from agent.i18n.reasons import REASONS
from agent.numbers import local_day, offset_at
from agent.store.numbers import NAME, NumbersFile, Progress
from tests.support.console.consoles import ConsoleGate
from tests.support.numbers.histories import by_officer, device, passes, refused
from tests.unit.agent.core.numbers.test_event_counter import as_read

DAY = 86_400.0


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with ConsoleGate(tmp_path_factory.mktemp("numbers"), vision=False) as gate:
        gate.browser = cache(gate.browser)
        gate.app.parts.numbers.stop()
        yield gate


@pytest.fixture(scope="module")
def noon(gate):
    """Yesterday at about noon, by the clock of the gate."""
    utc = gate.app.parts.utc()
    return utc - DAY + (43_200 - (utc + offset_at(utc)) % DAY)


@pytest.fixture(scope="module")
def yesterday(gate, noon):
    """A day with vehicles, an alarm, and a camera that was away; the address of its numbers."""
    history = [draft for minute in range(8) for draft in passes(noon + 60 * minute, wait_s=6.0)]
    history += refused(noon + 600) + refused(noon + 660, Reason.WRONG_LANE) + by_officer(noon + 720, officer_s=30.0)
    history += passes(noon + 3600, lane='=1+"<b>')
    history += device(noon, "streaming") + device(noon + 600, "lost") + device(noon + 1200, "streaming")
    history += [Draft(AlarmRaised(alarm=Alarm.TAILGATING), "out", None, noon + 30)]
    counter = EventCounter(offset_at)
    for draft in sorted(history, key=lambda one: one.utc):
        counter.count(as_read(draft))
    with NumbersFile(gate.path.parent / "state" / NAME) as numbers:
        numbers.add(counter.take(), Progress("s", 1, "aa", "", 4))
    return address(local_day(noon))


def address(day, path="/numbers"):
    from datetime import date  # noqa: PLC0415

    return f"{path}?from={date.fromordinal(day)}&to={date.fromordinal(day)}"


def rows(answer):
    assert answer.status_code == 200, answer.text
    return list(csv.reader(StringIO(answer.text)))


def test_before_anything_was_counted_the_page_says_so(gate):
    path = gate.path.parent / "state" / NAME
    kept = path.read_bytes() if path.exists() else None
    path.unlink(missing_ok=True)
    browser = gate.browser("viewer")
    assert "Nothing was counted yet" in browser.get("/numbers").text
    assert browser.get("/numbers/vehicles.csv").status_code == 404
    if kept is not None:
        path.write_bytes(kept)


def test_a_shift_leader_sees_vehicles_waiting_refusals_and_what_needs_attention(gate, yesterday):
    page = gate.browser("viewer").get(yesterday).text
    values = re.findall(r'tile-value">([^<]*?)\s*<', page)
    assert values == ["12", "6.1", "0.5", "8.3", "2"]
    for text in (REASONS[Reason.EXPIRED].what, REASONS[Reason.WRONG_LANE].what, ALARMS[Alarm.TAILGATING]):
        assert text in page
    assert "Camera out/front" in page
    assert "Events: 4. They left the journal before they were counted." in page
    assert page.count('class="chart only-wide"') == page.count('class="chart only-phone"') == 2


def test_a_technician_sees_reading_retries_and_uptime(gate, yesterday):
    page = gate.browser("viewer").get(yesterday.replace("/numbers", "/numbers/technical")).text
    for text in ("Read on the first try", "out, front: codes", REASONS[Reason.PLATE_UNSURE].what, "Camera out/front"):
        assert text in page
    assert 'class="uptime"' in page


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("path", ["/numbers", "/numbers/technical"])
def test_both_screens_are_there_in_every_language_for_periods_of_every_length(gate, yesterday, language, path):
    browser = gate.browser("viewer")
    for query in ("", "?days=365", "?lane=nowhere"):
        answer = browser.get(f"{path}{query}", headers={"accept-language": language.value})
        assert answer.status_code == 200, answer.text
        assert f'lang="{language}"' in answer.text
        assert not re.search(r"\{[a-z_]+\}", answer.text)
    assert yesterday


def test_each_chart_has_a_table_with_the_same_numbers(gate, yesterday):
    page = gate.browser("viewer").get(yesterday).text
    cards = re.findall(r'<section class="card numbers-card" id="(\w+)"', page)
    assert cards == ["vehicles", "waiting", "refusals", "officers", "lanes"]
    for name in cards:
        assert f'id="{name}-chart"' in page
        assert f'id="{name}-table"' in page
        assert f"/numbers/{name}.csv?" in page


def test_a_lane_alone_is_shown_by_itself(gate, yesterday):
    page = gate.browser("viewer").get(yesterday + "&lane=out").text
    assert 'tile-value">11<' in page
    assert 'id="lanes"' not in page


@pytest.mark.parametrize("name", FILES)
def test_every_file_has_its_columns_and_rows(gate, yesterday, name):
    answer = gate.browser("viewer").get(yesterday.replace("/numbers", f"/numbers/{name}.csv"))
    found = rows(answer)
    assert found[0] == list(FILES[name][0])
    assert len(found) > 1
    assert {len(row) for row in found} == {len(found[0])}
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f"-{name}-" in answer.headers["content-disposition"]


def test_the_columns_of_the_files_are_those_that_spreadsheets_rely_on():
    when = ("from_day", "to_day", "hour", "start_utc")
    assert FILES["vehicles"][0] == (*when, "passed", "by_officer", "refused", "other", "all")
    assert FILES["waiting"][0] == (*when, "count", "median_s", "p95_s")
    assert FILES["uptime"][0] == (*when, "family", "device", "up_s", "down_s")
    assert FILES["refusals"][0] == ("reason", "vehicles")
    assert FILES["cameras"][0] == ("lane", "camera", "codes", "codes_asked", "plates", "plates_asked")


def test_a_file_says_what_the_page_says(gate, yesterday, noon):
    browser = gate.browser("viewer")
    vehicles = rows(browser.get(yesterday.replace("/numbers", "/numbers/vehicles.csv")))
    assert sum(int(row[-1]) for row in vehicles[1:]) == 12
    hour = next(row for row in vehicles[1:] if row[-1] == "11")
    assert hour[2] == "12"
    assert hour[3].endswith("Z")
    uptime = rows(browser.get(yesterday.replace("/numbers", "/numbers/uptime.csv")))
    assert ["camera", "out/front", "600.0", "600.0"] in [row[4:] for row in uptime]
    assert noon


def test_no_name_becomes_a_formula_or_markup(gate, yesterday):
    browser = gate.browser("viewer")
    lanes = rows(browser.get(yesterday.replace("/numbers", "/numbers/lanes.csv")))
    assert [row[0] for row in lanes[1:]] == ["'=1+\"<b>", "out"]
    page = browser.get(yesterday).text
    assert "=1+&#34;&lt;b&gt;" in page
    assert '=1+"<b>' not in page


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("?from=yesterday", 422, "“yesterday” is not a date. Write it as 2026-11-24."),
        ("?to=2026-02-30", 422, "“2026-02-30” is not a date."),
        ("?from=%3Cb%3E", 422, "“&lt;b&gt;” is not a date."),
        ("?days=0", 422, "days"),
        ("?days=1097", 422, "days"),
        ("?days=many", 422, "days"),
        ("?lane=" + "x" * 65, 422, "lane"),
        ("?from=" + "2" * 65, 422, "from"),
    ],
)
def test_what_is_no_period_is_refused_in_words(gate, query, status, said):
    answer = gate.browser("viewer").get(f"/numbers{query}")
    assert answer.status_code == status
    assert said in answer.text


@pytest.mark.parametrize(
    "query", ["?from=0001-01-01&to=0001-01-02", "?from=9999-12-31", "?to=2099-01-01", "?from=2027-01-02&to=2020-01-01"]
)
def test_periods_far_away_and_the_wrong_way_round_have_a_page(gate, yesterday, query):
    assert gate.browser("viewer").get(f"/numbers{query}").status_code == 200
    assert yesterday


@pytest.mark.parametrize("name", ["nothing", "Vehicles", "..%2Fgate"])
def test_a_file_that_is_none_is_not_found(gate, name):
    assert gate.browser("viewer").get(f"/numbers/{name}.csv").status_code in {404, 422}


def test_a_file_of_numbers_that_is_damaged_is_told_and_the_page_stays(gate, yesterday):
    path = gate.path.parent / "state" / NAME
    kept = path.read_bytes()
    path.write_bytes(b"rubbish" * 1000)
    answer = gate.browser("viewer").get(yesterday)
    path.write_bytes(kept)
    assert answer.status_code == 503
    assert "The numbers cannot be read" in answer.text


def test_the_figures_of_today_lead_to_what_they_count(gate, noon):
    browser, now = gate.browser("viewer"), noon + DAY
    path = gate.path.parent / "state" / NAME
    kept = path.read_bytes()
    path.unlink()
    assert "tile" not in browser.get("/live/numbers/today").text
    counter = EventCounter(offset_at)
    for draft in (*passes(now, wait_s=6.0), *passes(now, wait_s=6.0), *refused(now), *by_officer(now, officer_s=3.0)):
        counter.count(as_read(draft))
    with NumbersFile(path) as numbers:
        numbers.add(counter.take(), Progress("s", 1, "aa", "", 0))
    fragment = browser.get("/live/numbers/today").text
    path.write_bytes(kept)
    found = re.findall(r'href="(\S+)"><span\s+class="tile-label">(.*?)</span><span class="tile-value">(\d+)', fragment)
    assert found == [
        ("/vehicles?period=today", "Vehicles", "4"),
        ("/vehicles?period=today&amp;result=passed", "Passed", "2"),
        ("/vehicles?period=today&amp;result=officer", "Officer", "1"),
        ("/vehicles?period=today&amp;result=refused", "Refused", "1"),
        ("/numbers#waiting", "Waiting, median", "6"),
    ]
    for href, _, _ in found:
        assert browser.get(href.replace("&amp;", "&")).status_code == 200
    assert 'id="waiting"' in browser.get("/numbers").text


def test_earlier_and_later_lead_to_the_periods_beside(gate, yesterday, noon):
    page = gate.browser("viewer").get(yesterday).text
    day = local_day(noon)
    assert address(day - 1, "").replace("&", "&amp;") in page
    assert address(day + 1, "").replace("&", "&amp;") in page
    today = gate.browser("viewer").get("/numbers").text
    assert 'rel="next"' not in today
