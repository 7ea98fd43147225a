"""The technical events: search, stories, the proof of the chain and export, while the gate goes on writing."""

# ruff: noqa: RUF001 - these letters are meant

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from functools import cache
from itertools import count

import pytest
from markupsafe import escape

from agent.console.chain_check import ChainCheck
from agent.console.event_markup import known_types
from agent.core.decision.permit_choice import SET_ASIDE
from agent.core.events import digest_of_value
from agent.core.events.event_types import (
    AccessDecided,
    AccessGranted,
    Alarm,
    AlarmRaised,
    BarrierPulsed,
    CheckRecord,
    DeviceChanged,
    Draft,
    DriverMessageRecord,
    DriverText,
    DriverTold,
    PermitRecord,
    PlateRecord,
    TransactionClosed,
    VehiclePresent,
)
from agent.core.lane.event_drafts import transaction_id
from agent.core.model import DriverMessage, Outcome
from agent.core.model.reasons import Reason, Verdict
from agent.i18n import Language, translate
from agent.i18n.driver_texts import sentence
from agent.i18n.event_text import ERASED, TYPES
from agent.i18n.reasons import officer_text
from agent.i18n.verdicts import outcome_text
from agent.recording import ErasureRequest
from agent.store.gate_key import gate_key
from agent.store.journal import search
from agent.store.journal.reader import JournalReader
from drivers.text import Text
from tests.support.console.consoles import ConsoleGate
from tests.support.store.journals import open_journal
from tests.support.waiting import eventually

PERMIT = "00112233445566778899aabbccddeeff"
_serials = count(1)


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with ConsoleGate(tmp_path_factory.mktemp("journal")) as gate:
        gate.browser = cache(gate.browser)
        yield gate


def passage(utc, plate="京A12345", lane="out"):
    """What a vehicle leaves in the journal; returns its transaction and the drafts."""
    transaction = transaction_id(utc, 1, next(_serials))
    permit = PermitRecord(
        permit=PERMIT,
        issuer="customs",
        key="aa",
        declaration="7001",
        vin="V" * 17,
        plate=plate,
        expires_at=2_000_000_000,
    )
    match = PlateRecord(verdict="MATCH", declared=plate, read=plate, score=9.0, frames=3)
    checks = (
        CheckRecord(reason=Reason.SIGNATURE_INVALID, ok=True),
        CheckRecord(reason=Reason.WRONG_LANE, ok=False, detail="lane 2 <script>"),
    )
    grant = f"{transaction}-1"
    events = [
        VehiclePresent(seen_by="inputs"),
        AccessDecided(
            verdict=Verdict.PASS, reason=Reason.OK, checks=checks, permit=permit, plate=match, pictures=("ab" * 32,)
        ),
        AccessGranted(grant=grant, by="permit", permit=PERMIT),
        BarrierPulsed(grant=grant, action="open", delivery="delivered"),
        TransactionClosed(
            outcome=Outcome.PASSED, reason=Reason.OK, assumed=False, duration_s=9.0, permit=PERMIT, plate=plate
        ),
    ]
    return transaction, [Draft(event, lane, transaction, utc) for event in events]


def recorded(gate, **more):
    transaction, drafts = passage(gate.app.parts.utc(), **more)
    gate.app.parts.journal.record(drafts)
    return transaction


# ------------------------------------------------------------------------------------------------------------ searching


@pytest.mark.parametrize(
    ("ask", "there"),
    [
        ({"plate": "苏b77"}, True),
        ({"plate": "nobody"}, False),
        ({"permit": PERMIT.upper()[:12]}, True),
        ({"permit": "7001"}, True),
        ({"outcome": "passed"}, True),
        ({"outcome": "denied"}, False),
        ({"type": "barrier.pulsed"}, True),
        ({"lane": "out", "type": "access.decided"}, True),
        ({"lane": "in"}, False),
        ({"reason": "WRONG_LANE"}, False),
        ({"since": "2020-01-01T00:00"}, True),
        ({"until": "2020-01-01T00:00"}, False),
    ],
)
def test_events_are_found_by_what_is_known_of_them(gate, ask, there):
    transaction = recorded(gate, plate="苏B77777")
    page = gate.browser("viewer").get("/vehicles/events", params=ask)
    assert page.status_code == 200
    assert (f"/vehicles/{transaction}" in page.text) is there


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "9" * 64, "\x00"])
def test_a_time_that_is_none_is_told(gate, since):
    answer = gate.browser("viewer").get("/vehicles/events", params={"since": since})
    assert (answer.status_code, "is not a valid time" in answer.text) == (422, True)


def test_older_pages_follow_until_the_journal_ends(gate):
    for _ in range(30):
        recorded(gate)
    browser, address, seen = gate.browser("viewer"), "/vehicles/events", set()
    for _ in range(100):
        page = browser.get(address).text
        found = {int(part.split("</span>")[0]) for part in page.split('<span class="seq">')[1:]}
        assert not found & seen
        seen |= found
        if 'href="/vehicles/events?' not in page:
            break
        address = re.search(r'href="(\S+)" rel="next"', page)[1].replace("&amp;", "&")
    assert seen >= set(range(1, gate.app.parts.journal.head - 20))


def test_a_search_looks_at_a_bounded_stretch_and_says_where_to_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(search, "STRETCH", 300)
    monkeypatch.setattr(search, "BATCH", 100)
    journal = open_journal(tmp_path / "journal.db")
    event = DeviceChanged(device="a", family="relay", state="up")
    journal.record([Draft(AlarmRaised(alarm=Alarm.BLOCKED), "out", None, 1.0)])
    for _ in range(10):
        journal.record([Draft(event, None, None, 1.0)] * 90)
    query = search.SearchQuery(type="alarm.raised")
    with JournalReader(tmp_path / "journal.db") as reader:
        found, steps = search.search(reader, query, None, 5), 1
        while found.before is not None:
            assert (found.events, found.looked_at) == ([], 300)
            found, steps = search.search(reader, query, found.before, 5), steps + 1
    assert (steps, [seq for seq, _ in found.events]) == (4, [1])
    journal.close()


# -------------------------------------------------------------------------------------------------------------- stories


def test_one_vehicles_story_is_whole_with_its_checks_and_says_what_pictures_are_gone(gate):
    transaction = recorded(gate)
    recorded(gate, plate="ZZ9999")
    page = gate.browser("viewer").get(f"/vehicles/{transaction}").text
    places = [page.index(TYPES[kind]) for kind in ("vehicle.present", "access.granted", "barrier.pulsed")]
    assert places == sorted(places)
    assert officer_text(Reason.WRONG_LANE, Language.EN) in page
    assert outcome_text(Outcome.PASSED, Language.EN) in page
    assert "1 picture is not kept" in page
    assert ("京A12345" in page, "ZZ9999" in page) == (True, False)
    assert "<script>" not in page.replace("<script src", "")


@pytest.mark.parametrize("language", [Language.RU])
def test_a_story_has_the_values_that_stand_beside_its_events_and_says_which_were_erased(tmp_path, language):
    with ConsoleGate(tmp_path, permits="\n[privacy]\nerasable = true\n", vision=False) as gate:
        kept, gone = recorded(gate, plate="京A11111"), recorded(gate, plate="京A22222")
        journal, browser = gate.app.parts.journal, gate.browser("viewer")
        said = {"accept-language": language}
        browser.get("/lanes/out/vehicles", headers=said)
        gate.app.parts.records.values.erase(
            ErasureRequest(id="0a", operator="aigul", cause="asked", digest=digest_of_value("京A22222"))
        )
        erased = translate(ERASED, language)
        page = browser.get(f"/vehicles/{gone}", headers=said).text
        assert ("京A22222" in page, "sd:" in page, f">{erased}<" in page) == (False, False, True)
        assert "京A11111" in browser.get(f"/vehicles/{kept}", headers=said).text
        found = browser.get("/vehicles/events", params={"plate": "京A11111"}, headers=said).text
        assert (kept in found, gone in found) == (True, False)
        # The last vehicles are looked at again a second later, and then from the journal alone.
        live = eventually(
            lambda: (text := browser.get("/lanes/out/vehicles", headers=said).text) and erased in text and text,
            what="the erased vehicle on the page of its lane",
        )
        assert ("京A22222" in live, "京A11111" in live, "sd:" in live) == (False, True, False)
        assert b"\xe4\xba\xacA11111" not in b"".join(one.payload for one in journal.range(1, journal.head))


@pytest.mark.parametrize("language", Language)
def test_a_story_says_what_the_driver_was_told_by_the_lane_and_by_central(gate, language):
    utc = gate.app.parts.utc()
    transaction, (came, *_, closed) = passage(utc)
    text = DriverText(language="en", text="Go to <b>window</b> 3")
    told = DriverTold(texts=(text,), seconds=20, operator="anna", cause="a paper")
    messages = (DriverMessageRecord(message=DriverMessage.CODE_EXPIRED, after_s=3.2),)
    end = closed.event.model_copy(update={"driver_messages": messages})
    drafts = [came, Draft(told, "out", transaction, utc), Draft(end, "out", transaction, utc)]
    gate.app.parts.journal.record(drafts)
    page = gate.browser("viewer").get(f"/vehicles/{transaction}", headers={"accept-language": language}).text
    assert "Go to &lt;b&gt;window&lt;/b&gt; 3" in page
    assert sentence(DriverMessage.CODE_EXPIRED, language) in page
    assert "code_expired" not in page


def test_a_story_says_why_a_plate_that_is_in_the_picture_does_not_count(gate):
    utc = gate.app.parts.utc()
    transaction, (came, *_) = passage(utc)
    no_plate = CheckRecord(reason=Reason.PLATE_UNREADABLE, ok=False, detail=f"0 readings, {SET_ASIDE}: 1")
    decided = AccessDecided(verdict=Verdict.MANUAL, reason=Reason.PLATE_UNREADABLE, checks=(no_plate,))
    gate.app.parts.journal.record([came, Draft(decided, "out", transaction, utc)])
    page = gate.browser("viewer").get(f"/vehicles/{transaction}").text
    assert (
        "The camera also read a plate that was there before this vehicle came, or is behind it. It "
        "counts as the plate of another vehicle, such as a parked one."
    ) in page


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh", "得分 9.00，取自 3 帧"),
        ("ru", "оценка 9.00, кадров: 3"),
        ("kk", "бағасы 9.00, кадр саны: 3"),
        ("en", "score 9.00 from 3 frames"),
    ],
)
def test_a_story_is_told_in_the_language_down_to_its_details_and_strange_words_are_marked(gate, language, told):
    utc = gate.app.parts.utc()
    transaction, (came, *_) = passage(utc)
    score = Text("score {score} from {frames} frames", score="9.00", frames=3)
    checks = (
        CheckRecord(reason=Reason.PLATE_MISMATCH, ok=True, detail=score),
        CheckRecord(reason=Reason.WRONG_LANE, ok=False, detail="lane 2 <script>"),
    )
    decided = AccessDecided(verdict=Verdict.DENY, reason=Reason.WRONG_LANE, checks=checks)
    holds = Text("relay {channel} does not release", channel=2)
    lost = DeviceChanged(device="relay", family="relay", state="lost", detail=holds)
    gate.app.parts.journal.record([came, *(Draft(event, "out", transaction, utc) for event in (decided, lost))])
    page = gate.browser("viewer").get(f"/vehicles/{transaction}", headers={"accept-language": language}).text
    assert told in page
    assert ("relay 2 does not release" in page) is (language == "en")
    assert ('<span lang="en">lane 2 &lt;script&gt;</span>' in page) is (language != "en")
    assert page.count('<span lang="en">') == 3 * (
        language != "en"
    )  # as what is wrong, among the checks, and technically


@pytest.mark.parametrize("language", Language)
def test_what_was_recorded_without_its_message_is_shown_as_it_is(gate, language):
    utc = gate.app.parts.utc()
    transaction, (came, *_) = passage(utc)
    lost = DeviceChanged(device="relay", family="relay", state="lost", detail="relay 2 does not let go")
    gate.app.parts.journal.record([came, Draft(lost, "out", transaction, utc)])
    page = gate.browser("viewer").get(f"/vehicles/{transaction}", headers={"accept-language": language}).text
    marked = '<span lang="en">relay 2 does not let go</span>'
    assert ("relay 2 does not let go" if language is Language.EN else marked) in page


def test_a_story_is_found_though_the_clock_was_set_back_meanwhile(tmp_path):
    journal = open_journal(tmp_path / "journal.db")
    transaction, drafts = passage(1_772_352_000.0)
    journal.record([Draft(DeviceChanged(device="a", family="relay", state="up"), None, None, 1_900_000_000.0)] * 200)
    journal.record(drafts)
    journal.record([Draft(DeviceChanged(device="a", family="relay", state="up"), None, None, 1_000_000_000.0)] * 200)
    with JournalReader(tmp_path / "journal.db") as reader:
        assert len(search.story(reader, transaction)) == len(drafts)
        assert search.story(reader, "20260301080000070099") == []
    journal.close()


@pytest.mark.parametrize("transaction", ["0", "x" * 200, "99999999999999999999", "..%2F..", "20261301080000070001"])
def test_a_vehicle_that_is_not_there_is_not_found(gate, transaction):
    assert gate.browser("viewer").get(f"/vehicles/{transaction}").status_code == 404


# ----------------------------------------------------------------------------------------------------- proof and export


def test_the_chain_is_proved_when_asked_and_told(gate):
    browser = gate.browser("technician")
    assert "Not verified" in browser.get("/live/vehicles/events/verify").text
    browser.post("/vehicles/events/verify")
    eventually(lambda: "Complete: " in browser.get("/live/vehicles/events/verify").text)
    assert gate.browser("viewer").post("/vehicles/events/verify").status_code == 403


def test_a_chain_that_somebody_altered_is_told_with_the_place(tmp_path):
    journal = open_journal(tmp_path / "journal.db")
    gate_key(tmp_path)
    for _ in range(5):
        journal.record(passage(1_772_352_000.0)[1])
    journal.close()
    with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as connection:
        connection.execute(
            "UPDATE events SET payload = CAST(replace(payload, 'delivered', 'refused') AS BLOB) WHERE seq = 9"
        )
    check = ChainCheck(tmp_path / "journal.db")
    check.start()
    eventually(lambda: check.progress.state == "broken")
    assert "event 9" in check.progress.trouble
    assert check.progress.percent == 100


def test_a_proof_without_a_journal_or_key_fails_in_words(tmp_path):
    check = ChainCheck(tmp_path / "journal.db")
    check.start()
    eventually(lambda: check.progress.state == "failed")
    assert check.progress.trouble


def test_an_export_is_byte_for_byte_what_is_stored(gate):
    recorded(gate)
    browser, journal = gate.browser("technician"), gate.app.parts.journal
    last = journal.head
    answer = browser.get("/vehicles/events/export", params={"first": 2, "last": last})
    assert answer.content == b"".join(one.payload + b"\n" for one in journal.range(2, last))
    assert f'filename="gate-7-2-{last}.jsonl"' in answer.headers["content-disposition"]
    assert browser.get("/vehicles/events/export", params={"first": last + 1000}).content == b""
    assert browser.get("/vehicles/events/export", params={"since": "2100-01-01T00:00"}).content == b""
    assert browser.get("/vehicles/events/export", params={"first": 0}).status_code == 422
    assert gate.browser("viewer").get("/vehicles/events/export").status_code == 403


# -------------------------------------------------------------------------------------------------------------- showing


@pytest.mark.parametrize("language", Language)
def test_every_type_of_event_has_its_words_in_every_language(gate, language):
    page = gate.browser("viewer").get("/vehicles/events", headers={"accept-language": language}).text
    for kind in known_types():
        words = translate(TYPES[kind], language)
        assert words != kind
        assert str(escape(words)) in page, kind
