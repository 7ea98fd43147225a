"""Coming in: first start, log-in, lock-out, forged cookies and forms, one's own password, and users, over real HTTP."""

from __future__ import annotations

import logging
import re

import httpx
import pytest

from agent.console.access.admin_actions import AdminAction
from agent.console.access.lockouts import FREE_FAILURES
from agent.console.access.roles import Role
from tests.support.console.consoles import KNOWN_TO_ALL, ConsoleGate, acts, stop_time
from tests.support.waiting import PATIENCE_S, eventually

OTHER = "seven green kettles"
GUESSES_OF_A_NAME = 20
"""From all addresses, before each has to wait for its turn (docs/console.md)."""


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with ConsoleGate(tmp_path_factory.mktemp("login")) as gate:
        gate.token("admin")
        gate.app.console.access.logins._burst = 1000.0  # the limit of an address is a test of its own
        yield gate


def csrf(response):
    return re.search(r'name="csrf" value="([0-9a-f]{64})"', response.text)[1]


def visitor(gate, address="127.0.0.1"):
    """A browser without any help, at a loopback address: it takes the forms' tokens from the pages."""
    transport = httpx.HTTPTransport(local_address=address)
    return httpx.Client(base_url=gate.url, timeout=PATIENCE_S, trust_env=False, transport=transport)


def log_in(browser, name, password, **more):
    form = browser.get("/login")
    return browser.post("/login", data={"csrf": csrf(form), "name": name, "password": password, **more})


def test_the_first_admin_is_made_with_the_code_of_the_log_and_only_then(tmp_path, caplog):
    with ConsoleGate(tmp_path) as gate, visitor(gate) as browser:
        code = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}", caplog.text)[0]
        assert browser.get("/settings/account").headers["location"].startswith("/login")
        assert browser.get("/login").headers["location"] == "/first"
        form = {"csrf": csrf(browser.get("/first")), "name": "Boss", "password": OTHER, "again": OTHER}
        assert browser.post("/first", data=form | {"code": "AAAA-AAAA-AAAA"}).status_code == 403
        assert browser.post("/first", data=form | {"code": code, "again": "another one"}).status_code == 422
        assert (
            browser.post("/first", data=form | {"code": code, "password": "short", "again": "short"}).status_code == 422
        )
        assert browser.post("/first", data=form | {"code": code}).headers["location"] == "/"
        assert "boss" in browser.get("/settings/account").text
        assert browser.get("/first").headers["location"] == "/login"
        assert (
            browser.post(
                "/first", data=form | {"code": code, "csrf": csrf(browser.get("/settings/account"))}
            ).status_code
            == 409
        )
        assert [(act["act"], act["person"], act["done"]) for act in acts(gate)] == [
            ("session.refused", "", False),
            ("user.added", "boss", True),
        ]


def test_a_technician_logs_in_where_there_is_no_admin_yet(tmp_path):
    with ConsoleGate(tmp_path) as gate, visitor(gate) as browser:
        gate.token("technician")
        assert 'href="/first"' in browser.get("/login").text
        assert log_in(browser, "some-technician", KNOWN_TO_ALL).status_code == 303


def test_somebody_logs_in_looks_and_logs_out(gate):
    gate.token("viewer")
    with visitor(gate) as browser:
        assert browser.get("/settings/account").headers["location"] == "/login?onward=%2Fsettings%2Faccount"
        entered = log_in(browser, "some-viewer", KNOWN_TO_ALL, onward="/settings/account")
        assert (entered.status_code, entered.headers["location"]) == (303, "/settings/account")
        page = browser.get("/settings/account")
        assert "some-viewer" in page.text
        assert browser.post("/logout", data={"csrf": csrf(page)}).headers["location"] == "/login"
        assert browser.get("/settings/account").status_code == 303
    told = [act["act"] for act in acts(gate) if act["person"] == "some-viewer"]
    assert told[-2:] == ["session.opened", "session.closed"]


@pytest.mark.parametrize(
    "onward",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nSet-Cookie: x=y"],
)
def test_a_log_in_leads_to_no_other_place(gate, onward):
    gate.token("viewer")
    with visitor(gate) as browser:
        assert log_in(browser, "some-viewer", KNOWN_TO_ALL, onward=onward).headers["location"] == "/"


def test_the_answer_does_not_tell_whether_a_name_exists(gate):
    gate.token("viewer")
    with visitor(gate) as browser:
        answers = [log_in(browser, name, "wrong") for name in ("some-viewer", "nobody-at-all")]
    varying = r"<time\b.*?</time>|[0-9a-f]{64}|\b\d{13}\b|some-viewer|nobody-at-all"  # times, tokens, the names
    plain = [re.sub(varying, "", answer.text) for answer in answers]
    assert plain[0] == plain[1]
    assert [answer.status_code for answer in answers] == [403, 403]


def test_a_client_that_guesses_is_locked_out_and_reported_in_few_events(tmp_path):
    with ConsoleGate(tmp_path) as gate, visitor(gate) as browser:
        gate.token("admin")
        access = gate.app.console.access
        access.users.add("aigul", "technician", KNOWN_TO_ALL)
        access.logins._burst = 1000.0  # the limit of an address is a test of its own
        stop_time(access)
        form = csrf(browser.get("/login"))
        answers = [
            browser.post("/login", data={"csrf": form, "name": "aigul", "password": f"guess {number}"}).status_code
            for number in range(30)
        ]
        assert answers == [403] * (FREE_FAILURES + 1) + [429] * (29 - FREE_FAILURES)
        right = browser.post("/login", data={"csrf": form, "name": "aigul", "password": KNOWN_TO_ALL})
        assert right.status_code == 429
        assert "set-cookie" not in right.headers
        assert [(act["act"], act["done"]) for act in acts(gate)] == [("session.refused", False), ("user.locked", False)]
        assert gate.app.console.refusals == {"login": FREE_FAILURES + 1, "locked": 30 - FREE_FAILURES}
        access.lockouts.forget("aigul")
        assert log_in(browser, "aigul", KNOWN_TO_ALL).status_code == 303
    assert [act["act"] for act in acts(gate)] == ["session.refused", "user.locked", "session.opened", "session.refused"]
    assert "4 failed" in acts(gate)[-1]["detail"]


@pytest.fixture
def guessed_at(tmp_path):
    """A gate at which somebody guesses aigul's password: `guess(times, address)` returns the last answer's status."""
    with ConsoleGate(tmp_path) as gate:
        gate.token("admin")
        access = gate.app.console.access
        access.users.add("aigul", "technician", KNOWN_TO_ALL)
        access.logins._burst = 1000.0  # the limit of an address is a test of its own
        stop_time(access)

        def guess(times, address):
            with visitor(gate, address) as stranger:
                form = csrf(stranger.get("/login"))
                for number in range(times):
                    data = {"csrf": form, "name": "aigul", "password": f"guess {number}"}
                    answer = stranger.post("/login", data=data)
            return answer.status_code

        gate.guess = guess
        yield gate


def test_who_guesses_at_a_name_locks_himself_out_and_nobody_elsewhere(guessed_at):
    assert guessed_at.guess(FREE_FAILURES + 2, "127.0.0.2") == 429
    with visitor(guessed_at) as owner:
        assert log_in(owner, "aigul", KNOWN_TO_ALL).status_code == 303
    assert guessed_at.guess(1, "127.0.0.2") == 429
    (locked,) = [act for act in acts(guessed_at) if act["act"] == "user.locked"]
    assert locked["address"] == "127.0.0.2"


def test_a_browser_that_somebody_has_logged_in_by_is_not_locked_by_others_at_its_address(guessed_at):
    with visitor(guessed_at) as owner, visitor(guessed_at) as stranger:
        assert log_in(owner, "aigul", KNOWN_TO_ALL).status_code == 303
        owner.cookies.delete("gate-session")
        assert guessed_at.guess(FREE_FAILURES + 2, "127.0.0.1") == 429
        assert log_in(stranger, "aigul", KNOWN_TO_ALL).status_code == 429
        assert log_in(owner, "aigul", KNOWN_TO_ALL).status_code == 303


def test_a_known_browser_is_locked_out_by_its_own_wrong_passwords_and_known_for_its_user_only(guessed_at):
    with visitor(guessed_at, "127.0.0.3") as owner:
        assert log_in(owner, "aigul", KNOWN_TO_ALL).status_code == 303
        known = owner.cookies["gate-browser"]
        owner.cookies.delete("gate-session")
        answers = [log_in(owner, "aigul", f"wrong {number}").status_code for number in range(FREE_FAILURES + 2)]
        assert answers == [403] * (FREE_FAILURES + 1) + [429]
        owner.cookies.delete("gate-browser")
        assert log_in(owner, "aigul", KNOWN_TO_ALL).status_code == 303, "others at the address are not locked by it"
    browsers = guessed_at.app.console.access.known_browsers
    assert browsers.find(known, "aigul")
    assert browsers.find(known, "some-admin") is None


def test_guesses_from_many_addresses_slow_a_name_down_and_not_its_owners_browser(guessed_at):
    with visitor(guessed_at) as owner:
        assert log_in(owner, "aigul", KNOWN_TO_ALL).status_code == 303
        owner.cookies.delete("gate-session")
        for number in range(GUESSES_OF_A_NAME // 2):
            assert guessed_at.guess(2, f"127.0.3.{number + 1}") == 403
        assert guessed_at.guess(1, "127.0.3.200") == 429
        assert guessed_at.app.console.refusals["slowed"] == 1
        assert log_in(owner, "aigul", KNOWN_TO_ALL).status_code == 303


def test_an_address_may_try_so_many_names(tmp_path):
    with ConsoleGate(tmp_path) as gate, visitor(gate) as browser:
        gate.token("admin")
        gate.app.console.access.logins._per_s = 1e-6  # however slow this machine is
        form = csrf(browser.get("/login"))
        answers = [
            browser.post("/login", data={"csrf": form, "name": f"name-{number}", "password": "x"})
            for number in range(12)
        ]
        assert [answer.status_code for answer in answers[:10]] == [403] * 10
        assert [answer.status_code for answer in answers[10:]] == [429] * 2


def test_a_session_that_was_fixed_before_is_not_the_one_after(gate):
    gate.token("viewer")
    with visitor(gate) as browser:
        fixed = "A" * 43
        browser.cookies.set("gate-session", fixed)
        form = browser.get("/login")
        entered = browser.post("/login", data={"csrf": csrf(form), "name": "some-viewer", "password": KNOWN_TO_ALL})
        new = entered.cookies["gate-session"]
        assert new != fixed
        assert gate.app.console.access.sessions.find(fixed) is None
        again = browser.get("/login")
        assert again.status_code == 303


def test_a_new_log_in_ends_the_session_that_the_browser_had(gate):
    gate.token("viewer")
    with visitor(gate) as browser:
        first = log_in(browser, "some-viewer", KNOWN_TO_ALL).cookies["gate-session"]
        token = csrf(browser.get("/settings/account"))
        second = browser.post("/login", data={"csrf": token, "name": "some-viewer", "password": KNOWN_TO_ALL}).cookies[
            "gate-session"
        ]
        assert second != first
        assert gate.app.console.access.sessions.find(first) is None


def test_the_cookies_are_for_the_browser_alone(gate):
    gate.token("viewer")
    with visitor(gate) as browser:
        cookies = log_in(browser, "some-viewer", KNOWN_TO_ALL).headers.get_list("set-cookie")
    told = {cookie.partition("=")[0]: {part.strip().lower() for part in cookie.split(";")[1:]} for cookie in cookies}
    for_it_alone = {"httponly", "path=/", "samesite=strict"}
    assert told == {"gate-session": for_it_alone, "gate-browser": for_it_alone | {"max-age=7776000"}}


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "é" * 20, "0" * 10_000])
def test_a_made_up_cookie_is_nobody(gate, token):
    with visitor(gate) as browser:
        response = browser.get("/settings/account", headers={"cookie": f"gate-session={token}".encode()})
        assert response.status_code in {303, 400, 431}


@pytest.mark.parametrize("given", [None, "", "0" * 64, "é"])
def test_a_form_from_elsewhere_does_nothing(gate, given):
    token = gate.token("admin")
    other = csrf(gate.browser("admin").get("/settings/account"))
    with visitor(gate) as browser:
        browser.cookies.set("gate-session", token)
        for forged in (given, other):
            data = {"name": "mallory", "role": "admin"} | ({} if forged is None else {"csrf": forged})
            assert browser.post("/settings/users", data=data).status_code == 403
    assert gate.app.console.access.users.find("mallory") is None


def test_a_form_that_another_site_sends_does_nothing_though_it_knows_the_token(gate):
    answer = gate.browser("admin").post(
        "/settings/users", data={"name": "mallory", "role": "admin"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 403
    assert gate.app.console.access.users.find("mallory") is None


def test_the_log_in_of_another_cannot_be_forced_on_a_browser(gate):
    gate.token("viewer")
    with visitor(gate) as attacker, visitor(gate) as victim:
        form = csrf(attacker.get("/login"))
        victim.get("/login")
        data = {"csrf": form, "name": "some-viewer", "password": KNOWN_TO_ALL}
        assert victim.post("/login", data=data).status_code == 403
        assert attacker.post("/login", data=data).status_code == 303


def test_who_changes_his_password_stays_here_and_is_logged_out_elsewhere(gate):
    access = gate.app.console.access
    access.users.add("daniyar", "viewer", KNOWN_TO_ALL)
    elsewhere = access.sessions.open("daniyar")
    with visitor(gate) as browser:
        log_in(browser, "daniyar", KNOWN_TO_ALL)
        form = {"csrf": csrf(browser.get("/settings/account")), "password": KNOWN_TO_ALL, "new": OTHER, "again": OTHER}
        for wrong, status in (
            ({"password": "not it"}, 403),
            ({"again": "a different one"}, 422),
            ({"new": "password1234", "again": "password1234"}, 422),
            ({"new": KNOWN_TO_ALL, "again": KNOWN_TO_ALL}, 422),
        ):
            assert browser.post("/settings/account/password", data=form | wrong).status_code == status
        assert access.sessions.find(elsewhere) is not None
        assert browser.post("/settings/account/password", data=form).status_code == 303
        assert browser.get("/settings/account?done=password").status_code == 200
    assert access.sessions.find(elsewhere) is None
    assert access.users.verified("daniyar", OTHER) is not None


def test_who_is_given_a_password_chooses_his_own_before_all_else(gate):
    admin = gate.browser("admin")
    added = admin.post("/settings/users", data={"name": "Ruslan", "role": "technician"})
    given = re.search(r'class="given">([A-Z2-9-]{19})<', added.text)[1]
    with visitor(gate) as browser:
        log_in(browser, "ruslan", given)
        assert browser.get("/").headers["location"] == "/settings/account"
        form = {"csrf": csrf(browser.get("/settings/account")), "password": given, "new": OTHER, "again": OTHER}
        assert browser.post("/settings/account/password", data=form).status_code == 303
        assert browser.get("/").headers["location"] != "/settings/account"
    reset = admin.post("/settings/users/ruslan/password")
    again = re.search(r'class="given">([A-Z2-9-]{19})<', reset.text)[1]
    with visitor(gate) as browser:
        assert log_in(browser, "ruslan", OTHER).status_code == 403
        assert log_in(browser, "ruslan", again).status_code == 303


def test_an_admin_changes_others_and_not_himself(gate):
    admin, access = gate.browser("admin"), gate.app.console.access
    access.users.add("saule", "viewer", KNOWN_TO_ALL)
    assert admin.post("/settings/users/saule/role", data={"role": "technician"}).status_code == 303
    assert access.users.find("saule").role == "technician"
    assert admin.post("/settings/users/saule/disabled", data={"disabled": "true"}).status_code == 303
    assert access.users.find("saule").disabled
    assert admin.post("/settings/users/saule/removed").status_code == 303
    assert access.users.find("saule") is None
    assert admin.post("/settings/users/saule/removed").status_code == 422
    assert admin.post("/settings/users/some-admin/removed").status_code == 409
    assert admin.post("/settings/users/some-admin/role", data={"role": "viewer"}).status_code == 409
    assert admin.post("/settings/users", data={"name": "x", "role": "king"}).status_code == 422
    told = [(act["act"], act["detail"]) for act in acts(gate) if "saule" in act["detail"]]
    assert told == [
        ("user.changed", "saule: role technician"),
        ("user.changed", "saule: disabled"),
        ("user.removed", "saule"),
    ]


def test_what_a_user_typed_is_shown_as_text_and_not_as_a_page(gate):
    with visitor(gate) as browser:
        answer = log_in(browser, '"><script>alert(1)</script>', "x")
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_the_log_holds_neither_passwords_nor_tokens_even_at_its_finest(gate, caplog):
    caplog.set_level(logging.DEBUG)
    gate.token("viewer")
    with visitor(gate) as browser:
        token = log_in(browser, "some-viewer", KNOWN_TO_ALL, onward="/settings/account?secret=of-the-path").cookies[
            "gate-session"
        ]
        browser.get("/settings/account?secret=of-the-path")
        form = csrf(browser.get("/settings/account"))
        log_in(gate.browser(), "some-viewer", "a wrong pass phrase")
        given = re.search(
            r'class="given">([A-Z2-9-]{19})<', gate.browser("admin").post("/settings/users/some-viewer/password").text
        )[1]
    lines = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    text = "\n".join(record.getMessage() for record in lines)
    assert "GET '/settings/account': 200" in text
    for secret in (KNOWN_TO_ALL, token, form, "a wrong pass phrase", given, "of-the-path"):
        assert secret not in text
    gate.app.console.access.users.remove("some-viewer")


def test_an_open_browser_goes_on_after_the_agent_has_started_anew(tmp_path):
    with ConsoleGate(tmp_path) as gate:
        token = gate.token("viewer")
    with ConsoleGate(tmp_path) as gate, visitor(gate) as browser:
        browser.cookies.set("gate-session", token)
        assert "some-viewer" in browser.get("/settings/account").text


def test_what_is_done_at_the_command_line_becomes_an_event_of_the_running_agent(gate):
    gate.app.console.access.acts.add(AdminAction("root", "user.removed", "gone", 1.8e9))
    told = eventually(lambda: [act for act in acts(gate) if act["detail"] == "gone"], within_s=60)
    (act,) = told
    assert (
        act.items()
        >= {
            "person": "root",
            "role": "",
            "address": "local",
            "act": "user.removed",
            "detail": "gone",
            "done": True,
        }.items()
    )


def test_the_browser_of_a_removed_user_comes_to_the_log_in_page_and_others_log_in_by_it(gate):
    gate.token("viewer")
    gate.app.console.access.users.add("gulnar", Role.VIEWER, OTHER)
    with visitor(gate) as browser:
        assert log_in(browser, "gulnar", OTHER).status_code == 303
        gate.app.console.access.users.remove("gulnar")
        assert browser.get("/settings/account").headers["location"].startswith("/login")
        assert log_in(browser, "gulnar", OTHER).status_code == 403
        assert log_in(browser, "some-viewer", KNOWN_TO_ALL).status_code == 303
        assert "some-viewer" in browser.get("/settings/account").text


def test_who_is_removed_while_his_password_is_checked_comes_to_the_log_in_page(gate, mocker, caplog):
    access = gate.app.console.access
    access.users.add("dana", Role.VIEWER, OTHER)
    verified = access.users.verified

    def removed_meanwhile(name, password, **more):
        found = verified(name, password, **more)
        access.users.remove(name)
        return found

    with visitor(gate) as browser:
        mocker.patch.object(access.users, "verified", removed_meanwhile)
        assert log_in(browser, "dana", OTHER).status_code == 303
        assert browser.get("/settings/account").headers["location"].startswith("/login")
    assert "file of users" not in caplog.text
