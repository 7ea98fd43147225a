"""The pages of vehicles: the list with its search, one vehicle's story, the comparison and the PDF."""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256
from io import BytesIO

import pytest
from PIL import Image

from agent.console.pages import vehicle as vehicle_page
from agent.console.vehicles.index_file import NAME, IndexState
from agent.console.vehicles.story_pdf import FONT_FILE
from agent.core.events import digest_of_value
from agent.core.model import Outcome, Reason, Verdict
from agent.i18n import Language, translate
from agent.i18n.event_text import ERASED
from agent.recording import ErasureRequest
from agent.store.journal import JournalReader
from tests.support.console.consoles import ConsoleGate
from tests.support.console.vehicles import EXPIRED, PERMIT, listed, recorded
from tests.support.waiting import eventually

needs_font = pytest.mark.skipif(not FONT_FILE.exists(), reason="the package fonts-wqy-microhei is not installed")


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with ConsoleGate(tmp_path_factory.mktemp("vehicles"), permits="\n[privacy]\nerasable = true\n") as gate:
        gate.browser = cache(gate.browser)
        yield gate


def add(gate, *args, **more):
    """A vehicle that is in the journal and in the index."""
    journal = gate.app.parts.journal
    transaction = recorded(journal, gate.app.parts.utc(), *args, **more)
    folder = gate.path.parent / "state"
    eventually(lambda: listed(folder, journal), what="the index of vehicles")
    return transaction


@pytest.fixture(scope="module")
def expired(gate):
    """A vehicle that was refused, since its permit was over."""
    return add(gate, "苏SB7777", verdict=Verdict.DENY, reason=Reason.EXPIRED, outcome=Outcome.DENIED, detail=EXPIRED)


def jpeg(size=(320, 180)):
    written = BytesIO()
    Image.new("RGB", size, (40, 90, 160)).save(written, "JPEG")
    return written.getvalue()


def looks(gate):
    """What was recorded of looks at vehicles."""
    with JournalReader(gate.path.parent / "state" / "journal.db") as journal:
        events = [json.loads(payload) for payload in journal.payloads()]
    return [event["data"] for event in events if event["type"] == "evidence.viewed"]


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ({}, True),
        ({"q": "sb7"}, True),
        ({"q": "苏sb77"}, True),
        ({"q": PERMIT[:8].upper()}, True),
        ({"q": "nobody"}, False),
        ({"lane": "out"}, True),
        ({"lane": "in"}, False),
        ({"reason": "EXPIRED"}, True),
        ({"reason": "WRONG_SITE"}, False),
        ({"result": "refused"}, True),
        ({"result": "passed", "q": "777"}, False),
        ({"result": "strange", "period": "strange"}, True),
        ({"period": "today"}, True),
        ({"period": "week"}, True),
        ({"period": "yesterday"}, False),
        ({"since": "2020-01-01T00:00"}, True),
        ({"period": "between", "until": "2020-01-01T00:00"}, False),
        ({"q": "<script>"}, False),
    ],
)
def test_vehicles_are_found_by_what_is_known_of_them(gate, expired, asked, there):
    page = gate.browser("viewer").get("/vehicles", params=asked)
    assert page.status_code == 200
    assert (f"/vehicles/{expired}" in page.text) is there
    assert "<script>" not in page.text


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "9" * 64, "\x00"])
def test_a_time_that_is_none_is_told(gate, since):
    answer = gate.browser("viewer").get("/vehicles", params={"since": since})
    assert (answer.status_code, "is not a valid time" in answer.text) == (422, True)


def test_a_row_says_plate_verdict_reason_seconds_and_time_and_utc_on_hover(gate):
    add(
        gate, "京N12345", verdict=Verdict.MANUAL, reason=Reason.PLATE_UNSURE, outcome=Outcome.OVERRIDDEN, officer="anna"
    )
    page = gate.browser("viewer").get("/vehicles", params={"q": "N12345"}).text
    for words in ('<span class="plate">京N12345</span>', "Passed by officer", "The plate was not read clearly.",
                  "anna let the vehicle pass.", "14.5 s", " UTC)"):  # fmt: skip
        assert words in page, words


def test_an_open_page_hears_of_new_vehicles_that_fit_and_of_no_others(gate):
    add(gate, "京A00001")
    browser, head = gate.browser("viewer"), gate.app.parts.journal.head
    assert "btn-primary" not in browser.get("/live/vehicles", params={"after": head}).text
    add(gate, "京A00002")
    add(gate, "京A00003")
    assert "Show 2 new vehicles" in browser.get("/live/vehicles", params={"after": head}).text
    assert "Show 1 new vehicle" in browser.get("/live/vehicles", params={"after": head, "q": "A00003"}).text
    assert "btn-primary" not in browser.get("/live/vehicles", params={"after": head, "lane": "in"}).text


def test_a_page_says_how_far_the_journal_is_read_while_the_index_is_made(gate, monkeypatch):
    from agent.console.pages import vehicles as page  # noqa: PLC0415 - its reading is replaced

    monkeypatch.setattr(page, "read_state", lambda _index: IndexState("s", 0, 10_000_000))
    monkeypatch.setattr(page, "BEHIND", -1)
    browser = gate.browser("viewer")
    for address in ("/vehicles", "/live/vehicles"):
        assert "Reading the journal: 0 %" in browser.get(address).text


def test_older_pages_are_reached_by_their_links(gate):
    for number in range(60):
        recorded(gate.app.parts.journal, gate.app.parts.utc(), f"津Q{number:05}")
    add(gate, "津Q99999")
    browser = gate.browser("viewer")
    page = browser.get("/vehicles", params={"q": "津Q"}).text
    assert page.count('class="item-veh veh"') == 50
    older = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    page = browser.get(older).text
    assert page.count('class="item-veh veh"') == 11
    assert "61 vehicles" in page


@pytest.mark.parametrize("old", ["/journal", "/journal?plate=x"])
def test_addresses_of_the_journal_lead_to_the_technical_events(gate, old):
    answer = gate.browser("viewer").get(old)
    assert (answer.status_code, answer.headers["location"]) == (303, old.replace("/journal", "/vehicles/events"))
    answer = gate.browser("viewer").get("/journal/vehicle/20261124080000010001")
    assert answer.headers["location"] == "/vehicles/20261124080000010001"


# -------------------------------------------------------------------------------------------------------------- stories


def test_a_story_puts_the_failed_check_first_and_says_dates_as_dates(gate, expired):
    page = gate.browser("viewer").get(f"/vehicles/{expired}").text
    plain, technical = page.split('<details class="card fold technical">')
    plain += technical.rsplit("</details>")[-1]
    assert plain.index("The permit has expired.") < plain.index("Vehicle arrived")
    assert plain.index("Vehicle arrived") < plain.index("Permit read") < plain.index("The gate refused the vehicle")
    assert plain.count("QR code seen") == 1
    for raw in ("1795000000", "1800000000", "0x0", "8.1074", "EXPIRED"):
        assert raw not in plain, raw
    assert "until 2026-11-18" in plain
    assert "for all lanes" in plain
    assert "Please show your QR code" in plain


@pytest.mark.parametrize("language", Language)
def test_a_story_and_its_comparison_are_told_in_every_language(gate, language):
    add(gate, "京E11111", vin="LSGJA52U1AH000001")
    transaction = add(gate, "京E11111", vin="LSGJA52U1AH000002")
    said = {"accept-language": language}
    browser = gate.browser("viewer")
    page = browser.get(f"/vehicles/{transaction}", headers=said)
    assert (page.status_code, "京E11111" in page.text) == (200, True)
    compared = browser.get(f"/vehicles/{transaction}/compare", headers=said).text
    assert 'class="differs"' in compared
    assert compared.index("LSGJA52U1AH000002") < compared.index("LSGJA52U1AH000001")


def test_a_vehicle_without_one_before_is_compared_with_nothing(gate):
    transaction = add(gate, "京F00001")
    assert gate.browser("viewer").get(f"/vehicles/{transaction}/compare").status_code == 404


@pytest.mark.parametrize("part", ["", "/compare", "/story.pdf"])
@pytest.mark.parametrize("transaction", ["0", "x" * 200, "99999999999999999999", "..%2F..", "20261301080000070001"])
def test_a_vehicle_that_is_not_there_is_not_found(gate, transaction, part):
    assert gate.browser("viewer").get(f"/vehicles/{transaction}{part}").status_code == 404


def test_a_story_is_told_from_the_journal_alone_where_there_is_no_index(tmp_path):
    with ConsoleGate(tmp_path, vision=False) as gate:
        transaction = add(gate, "京G00001")
        (tmp_path / "state" / NAME).unlink()
        browser = gate.browser("viewer")
        assert "京G00001" in browser.get(f"/vehicles/{transaction}").text
        assert browser.get("/vehicles").status_code == 200


def test_who_looks_for_a_vehicle_or_at_its_story_is_recorded(gate):
    transaction = add(gate, "京H00001")
    browser = gate.browser("technician")
    browser.get("/vehicles", params={"q": "H0000"})
    browser.get(f"/vehicles/{transaction}")
    gate.browser("admin").get(f"/vehicles/{transaction}/story.pdf")

    def told():
        gate.browser("viewer").get("/vehicles", params={"q": "x"})
        found = looks(gate)
        searches = [one for each in found if each["role"] == "technician" for one in each["searches"]]
        return searches and any(transaction in each["vehicles"] for each in found if each["role"] == "admin")

    eventually(told, what="the recorded looks")


@pytest.mark.parametrize("language", [Language.EN, Language.ZH])
def test_an_erased_vehicle_is_in_the_list_without_its_plate_and_is_found_by_it_no_more(gate, language):
    kept, gone = add(gate, "京J11111"), add(gate, "京J22222")
    said = {"accept-language": language}
    browser, folder = gate.browser("viewer"), gate.path.parent / "state"
    assert gone in browser.get("/vehicles", params={"q": "J22222"}, headers=said).text
    gate.app.parts.records.values.erase(
        ErasureRequest(
            id=f"0{len(language.name)}{ord(language[0]):x}",
            operator="aigul",
            cause="asked",
            digest=digest_of_value("京J22222"),
        )
    )
    eventually(lambda: listed(folder, gate.app.parts.journal))
    found = browser.get("/vehicles", params={"q": "J22222"}, headers=said).text
    assert f"/vehicles/{gone}" not in found
    rows = browser.get("/vehicles", headers=said).text
    assert (f"/vehicles/{gone}" in rows, "京J22222" in rows, f"/vehicles/{kept}" in rows) == (True, False, True)
    story = browser.get(f"/vehicles/{gone}", headers=said).text
    assert ("京J22222" in story, "sd:" in story, translate(ERASED, language) in story) == (False, False, True)
    pdf = browser.get(f"/vehicles/{gone}/story.pdf", headers=said)
    assert (pdf.status_code, b"J22222" in pdf.content) == (200, False)


# ------------------------------------------------------------------------------------------------------------------ PDF


@needs_font
@pytest.mark.parametrize("language", Language)
def test_a_story_is_saved_as_a_pdf_with_its_pictures_in_every_language(gate, language):
    picture = jpeg()
    name = sha256(picture).hexdigest()
    gate.app.parts.evidence.keep(name, picture)
    transaction = add(
        gate, "京K11111", verdict=Verdict.DENY, reason=Reason.EXPIRED, outcome=Outcome.DENIED, pictures=(name, name)
    )
    answer = gate.browser("viewer").get(f"/vehicles/{transaction}/story.pdf", headers={"accept-language": language})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert f"vehicle-{transaction}.pdf" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"%PDF-")
    assert b"/DCTDecode" in answer.content
    assert b"/FontFile2" in answer.content


def test_a_gate_without_the_font_says_which_package_to_install(gate, monkeypatch, tmp_path):
    transaction = add(gate, "京L11111")
    browser = gate.browser("viewer")
    monkeypatch.setattr(vehicle_page, "has_font", lambda: False)
    assert "Install the package fonts-wqy-microhei" in browser.get(f"/vehicles/{transaction}").text
    made = vehicle_page.story_pdf
    monkeypatch.setattr(vehicle_page, "story_pdf", lambda *args: made(*args, tmp_path / "no-font.ttf"))
    answer = browser.get(f"/vehicles/{transaction}/story.pdf")
    assert (answer.status_code, "fonts-wqy-microhei" in answer.text) == (503, True)


@needs_font
def test_a_picture_that_is_no_jpeg_costs_itself_and_not_the_pdf(gate):
    name = sha256(b"no picture at all").hexdigest()
    gate.app.parts.evidence.keep(name, b"no picture at all")
    transaction = add(gate, "京M11111", pictures=(name, name))
    assert gate.browser("viewer").get(f"/vehicles/{transaction}/story.pdf").status_code == 200


def test_what_an_earlier_agent_recorded_is_shown_as_it_is(gate):
    transaction = add(gate, "京P11111", outcome=None, detail="the code is dirty", reason=Reason.QR_UNSTABLE)
    page = gate.browser("viewer").get(f"/vehicles/{transaction}", headers={"accept-language": "ru"}).text
    assert '<span lang="en">the code is dirty</span>' in page
