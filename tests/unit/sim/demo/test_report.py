"""The demo's report: every vehicle with its pictures, what came of it, what its driver was told; all of it escaped."""

from html.parser import HTMLParser

from agent.core.model.reasons import Reason, Verdict
from agent.i18n import Language
from agent.i18n.reasons import officer_text
from sim.demo.report import MOST_PICTURES, report_page
from sim.demo.result import DemoResult
from sim.demo.vehicles import ACTS, Act

BY_TITLE = {act.title: act for act in ACTS}


class Page(HTMLParser):
    """The text of a page, its pictures, and whether every element that was opened was closed."""

    def __init__(self, page):
        super().__init__()
        self.words, self.pictures, self.opened = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.pictures.append(dict(attrs)["src"])
        elif tag != "meta":
            self.opened.append(tag)

    def handle_endtag(self, tag):
        assert self.opened.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def finished(act, **changes):
    result = DemoResult(act, str(act.outcome), str(act.reason), str(act.verdict), transaction=act.title)
    result.form = act.form.value if act.verdict is Verdict.PASS else ""
    result.pulses = int(act.verdict is Verdict.PASS)
    for name, value in changes.items():
        setattr(result, name, value)
    return result


def test_every_vehicle_stands_on_the_page_with_what_came_of_it():
    page = Page(report_page([finished(act) for act in ACTS], {}))
    assert page.opened == []
    assert f"{len(ACTS)} vehicles, {len(ACTS)} as they must be." in page.text
    for act in ACTS:
        assert f"{act.title}: {act.bears}" in page.text
        assert str(act.outcome) in page.text
        if act.verdict is not Verdict.PASS:
            assert str(act.reason) in page.text
            assert officer_text(act.reason, Language.EN) in page.text
    assert page.text.count("\u2714") == len(ACTS)


def test_a_vehicle_that_was_not_treated_right_is_marked():
    page = Page(report_page([finished(ACTS[0], pulses=2)], {}))
    assert "1 vehicles, 0 as they must be." in page.text
    assert "\u2718" in page.text


def test_what_the_driver_was_told_stands_with_what_each_device_made_of_it():
    act = BY_TITLE["another car's VIN"]
    result = finished(act, told=["show_code", "checking", "wait_for_officer"], vin="LSGJA52U1RH123456 (code_128)")
    outputs = [
        {"device": "exit-1/post", "message": "show_code", "receipt": "confirmed"},
        {"device": "exit-1/voice", "message": "show_code", "receipt": "sent"},
        {"device": "exit-1/post", "message": "wait_for_officer", "receipt": "lost"},
    ]
    page = Page(report_page([result], {act.title: outputs, "another": []}))
    assert "Please show your QR code (post: confirmed, voice: sent)" in page.text
    assert "Checking, please wait Please wait for an officer (post: lost)" in page.text
    assert "LSGJA52U1RH123456 (code_128)" in page.text


def test_pictures_are_those_of_the_folder_beside_and_not_too_many():
    copies = [f"01-valid-permit-{number}.jpg" for number in range(1, MOST_PICTURES + 3)]
    page = Page(report_page([finished(ACTS[0], copies=copies)], {}))
    assert page.pictures == [f"pictures/{name}" for name in copies[:MOST_PICTURES]]


def test_nothing_that_is_told_becomes_part_of_the_page():
    act = Act("<b>bold</b>", "<i>", "新A12345", "valid", Verdict.DENY, Reason.EXPIRED, ACTS[0].outcome)
    page = report_page([finished(act, vin="<script>")], {})
    for raw in ("<b>", "<i>", "<script>"):
        assert raw not in page
    assert "<b>bold</b>: <i>" in Page(page).text
