"""The page Notifications: what it shows, its test button, and the news for open pages."""

from __future__ import annotations

import json

import pytest

from agent.core.events import Alarm, AlarmRaised
from tests.support.console.consoles import ConsoleGate, acts
from tests.support.notifications.receivers import PASSWORD, SECRET, USER, WebhookServer
from tests.support.pki.certificates import Authority
from tests.support.waiting import eventually


@pytest.fixture
def receiver(tmp_path):
    authority = Authority(tmp_path)
    with WebhookServer(authority).running() as running:
        running.ca = authority.ca
        yield running


@pytest.fixture
def gate(tmp_path, monkeypatch, receiver):
    for name, value in {
        "WEBHOOK__URL": receiver.url("/T0/s3cret-path"),
        "WEBHOOK__SECRET": SECRET,
        "WEBHOOK__CA_FILE": str(receiver.ca),
        "WEBHOOK__QUIET_HOURS": '["22:00-06:00"]',
        "MAIL__USERNAME": USER,
        "MAIL__PASSWORD": PASSWORD,
    }.items():
        monkeypatch.setenv(f"GATE_{name}", value)
    with ConsoleGate(tmp_path) as gate:
        yield gate


def test_the_page_shows_what_is_set_up_and_no_secret(gate):
    page = gate.browser("technician").get("/settings/notifications").text
    assert "localhost" in page
    assert "22:00-06:00; sent anyway: Missing data" in page
    assert "fill in the section [mail]" in page
    for secret in (SECRET, "s3cret-path", PASSWORD):
        assert secret not in page


def test_a_test_message_is_delivered_told_and_recorded(gate, receiver):
    browser = gate.browser("technician")
    answer = browser.post("/settings/notifications/test", data={"channel": "webhook"})
    assert "Test message delivered" in answer.text
    tests = [body for _path, _headers, body in receiver.requests if json.loads(body)["type"] == "gate.test"]
    assert len(tests) == 1
    assert "Works" in browser.get("/settings/notifications").text
    receiver.answers.append((500, {}))
    answer = browser.post(
        "/settings/notifications/test", data={"channel": "webhook"}, headers={"accept-language": "ru"}
    )
    assert "получатель ответил 500" in answer.text
    page = browser.get("/settings/notifications").text
    assert "Not delivered since" in page
    told = [(act["act"], act["detail"], act["done"]) for act in acts(gate)]
    assert told[-2:] == [("notifications.tested", "webhook", True), ("notifications.tested", "webhook", False)]


def test_a_channel_that_is_not_set_up_cannot_be_tried(gate):
    answer = gate.browser("technician").post("/settings/notifications/test", data={"channel": "mail"})
    assert "mail is not set up" in answer.text


def test_an_alarm_reaches_the_receiver_the_page_and_whoever_has_a_page_open(gate, receiver):
    browser = gate.browser("viewer")
    first = browser.get("/live/notices").json()
    assert first["notices"] == []  # A page that opens is not told of what was before.
    gate.app.parts.note(AlarmRaised(alarm=Alarm.DELIVERY_STALLED, detail="nothing for 60 s"))
    eventually(lambda: any(b"Events do not reach central." in body for _path, _headers, body in receiver.requests))

    def news():
        return browser.get("/live/notices", params={"run": first["run"], "after": first["number"]}).json()

    told = [(one["title"], one["tone"]) for one in news()["notices"]]
    assert ("Events do not reach central.", "refused") in told
    beyond = {"run": first["run"], "after": news()["number"] + 1000}
    assert browser.get("/live/notices", params=beyond).json()["notices"] == []
    assert browser.get("/live/notices", params={"run": "another", "after": 0}).json()["notices"] == []
    assert "Events do not reach central." in gate.browser("technician").get("/settings/notifications").text
