"""Attacks on the second factor of the console's people, over real HTTP: each would let in who has only a password."""

from __future__ import annotations

import base64
import html
import json
import re

import httpx
import pytest

from agent.console.access import totp
from agent.console.access.lockouts import FREE_FAILURES
from agent.console.access.second_factors import RECOVERY_CODES
from agent.console.access.sessions import csrf_token
from tests.support.console.authenticator import Authenticator, bytes_of
from tests.support.console.consoles import KNOWN_TO_ALL, ConsoleGate, acts
from tests.support.waiting import PATIENCE_S

SECRET = bytes(range(totp.SECRET_BYTES))
OTHER = "seven green kettles"
NEEDED_OF = ("admin",)
GIVEN = 'class="given"'
"""Where a page shows a secret."""


class Telephone:
    """Who makes codes by the gate's own clock, each later than the one before: the gate takes none twice."""

    def __init__(self, gate, secret=SECRET):
        self._factors = gate.app.console.access.factors
        self._secret = secret
        self._utc = 1.8e9
        self._factors._utc = lambda: self._utc

    def code(self, steps=0):
        return totp.code_at(self._secret, totp.step_of(self._utc) + steps)

    def later(self, steps=2):
        self._utc += steps * totp.STEP_S
        return self.code()


@pytest.fixture
def gate(tmp_path):
    """A gate whose administrators need a second factor: aigul has one, the technician marat has none."""
    with ConsoleGate(tmp_path, console=f"second_factor = {list(NEEDED_OF)}") as gate:
        access = gate.app.console.access
        access.users.add("aigul", "admin", KNOWN_TO_ALL)
        access.users.add("marat", "technician", KNOWN_TO_ALL)
        gate.telephone = Telephone(gate)
        gate.codes = access.factors.enrol("aigul", SECRET, gate.telephone.code(), "")
        gate.telephone.later()
        access.logins._burst = 1000.0  # the limit of an address is a test of its own
        yield gate


def csrf(page):
    return re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)[1]


def visitor(gate, address="127.0.0.1"):
    transport = httpx.HTTPTransport(local_address=address)
    return httpx.Client(base_url=gate.url, timeout=PATIENCE_S, trust_env=False, transport=transport)


def log_in(browser, name, password, code=""):
    form = browser.get("/login")
    return browser.post("/login", data={"csrf": csrf(form), "name": name, "password": password, "code": code})


def told(gate, act):
    return [one for one in acts(gate) if one["act"] == act]


def session(gate, name):
    """A browser with a session of somebody that exists, as if he had logged in by his password alone before."""
    client, token = visitor(gate), gate.app.console.access.sessions.open(name)
    client.cookies.set("gate-session", token)
    client.headers["x-csrf-token"] = csrf_token(token)
    return client


def test_a_password_alone_lets_nobody_in_who_has_a_second_factor(gate):
    """MFA: who saw the password typed."""
    with visitor(gate) as thief:
        for code in ("", "12345", gate.telephone.code(-3), gate.telephone.code(3)):
            answer = log_in(thief, "aigul", KNOWN_TO_ALL, code)
            assert answer.status_code == 403
            assert "gate-session" not in answer.headers.get("set-cookie", "")
    with visitor(gate, "127.0.0.2") as owner:
        assert log_in(owner, "aigul", KNOWN_TO_ALL, gate.telephone.later()).status_code == 303
        assert owner.get("/settings/users").status_code == 200
    (refused,) = told(gate, "second_factor.refused")
    assert (refused["address"], refused["done"]) == ("127.0.0.1", False)
    assert "aigul" in refused["detail"]


def test_a_code_alone_lets_nobody_in(gate):
    """MFA: who stole the telephone."""
    with visitor(gate) as thief:
        assert log_in(thief, "aigul", "wrong", gate.telephone.code()).status_code == 403
        assert log_in(thief, "marat", "wrong", gate.telephone.code()).status_code == 403
    with visitor(gate) as owner:
        assert log_in(owner, "aigul", KNOWN_TO_ALL, gate.telephone.code()).status_code == 303, "it was not used up"


def test_the_answer_tells_neither_whether_the_password_was_right_nor_who_has_a_second_factor(gate):
    """MFA: guessing the password first, and then only the code."""
    with visitor(gate) as thief:
        tried = {"aigul": KNOWN_TO_ALL, "marat": "wrong", "nobody-at-all": "wrong"}
        answers = [log_in(thief, name, password, "000000") for name, password in tried.items()]
        answers.append(log_in(thief, "aigul", "wrong", "000000"))
    varying = r'[0-9a-f]{64}|<time class="clock".*?</time>|aigul|marat|nobody-at-all'  # tokens, the clock, the names
    plain = {re.sub(varying, "", answer.text) for answer in answers}
    assert (len(plain), {answer.status_code for answer in answers}) == (1, {403})


def test_a_code_that_was_seen_is_worth_nothing_again(gate):
    """MFA: replay of a code that somebody watched being typed (RFC 6238, section 5.2)."""
    code = gate.telephone.later()
    with visitor(gate) as owner, visitor(gate, "127.0.0.2") as thief:
        assert log_in(owner, "aigul", KNOWN_TO_ALL, code).status_code == 303
        assert log_in(thief, "aigul", KNOWN_TO_ALL, code).status_code == 403
        assert log_in(thief, "aigul", KNOWN_TO_ALL, gate.telephone.code(-1)).status_code == 403


def test_a_recovery_code_is_worth_one_log_in_and_its_use_is_told(gate):
    """MFA: a list of recovery codes that was copied."""
    with visitor(gate) as owner, visitor(gate, "127.0.0.2") as thief:
        assert log_in(owner, "aigul", KNOWN_TO_ALL, gate.codes[3].lower()).status_code == 303
        assert log_in(thief, "aigul", KNOWN_TO_ALL, gate.codes[3]).status_code == 403
    (used,) = told(gate, "second_factor.recovered")
    assert (used["person"], str(RECOVERY_CODES - 1) in used["detail"]) == ("aigul", True)


def test_who_knows_the_password_and_guesses_codes_is_limited_from_all_addresses_together(gate):
    """MFA: a million codes, tried from many addresses; and the owner's own browser is not kept out by it (M3)."""
    with visitor(gate) as owner:
        assert log_in(owner, "aigul", KNOWN_TO_ALL, gate.telephone.later()).status_code == 303
        owner.cookies.delete("gate-session")
        for number in range(FREE_FAILURES + 1):
            with visitor(gate, f"127.0.4.{number + 1}") as thief:
                assert log_in(thief, "aigul", KNOWN_TO_ALL, "000000").status_code == 403
        right = gate.telephone.later()
        with visitor(gate, "127.0.4.200") as thief:
            assert log_in(thief, "aigul", KNOWN_TO_ALL, right).status_code == 403, "no code is looked at meanwhile"
        assert log_in(owner, "aigul", KNOWN_TO_ALL, right).status_code == 303


def test_who_does_not_know_the_password_locks_nobody_out_by_codes(gate):
    """M3: wrong passwords with codes from elsewhere leave the owner his log-in at a new browser."""
    for number in range(FREE_FAILURES + 2):
        with visitor(gate, f"127.0.5.{number + 1}") as stranger:
            assert log_in(stranger, "aigul", "wrong", "000000").status_code == 403
    with visitor(gate, "127.0.5.200") as owner:
        assert log_in(owner, "aigul", KNOWN_TO_ALL, gate.telephone.later()).status_code == 303


@pytest.mark.parametrize(
    "path", ["/", "/settings/users", "/settings/configuration", "/journal", "/api/health", "/barrier"]
)
def test_an_administrator_without_the_second_factor_that_the_role_needs_reaches_his_account_and_nothing_else(
    gate, path
):
    """MFA: an account from before the rule, or one whose second factor was reset."""
    gate.app.console.access.users.add("boss", "admin", KNOWN_TO_ALL)
    with visitor(gate) as browser:
        assert log_in(browser, "boss", KNOWN_TO_ALL).status_code == 303
        answer = browser.get(path)
        if path.startswith("/api/"):
            assert answer.status_code == 403
        else:
            assert (answer.status_code, answer.headers["location"]) == (303, "/settings/account/second-factor")
        assert browser.post("/settings/users", data={"csrf": csrf(browser.get("/settings/account"))}).status_code == 403
        assert browser.get("/settings/account/second-factor").status_code == 200


@pytest.mark.parametrize("host", ["{host}/account?", "{host}/account#", "{host}\\account", "localhost:/account"])
def test_a_host_that_looks_like_a_path_of_the_account_lets_nobody_past_it(gate, host):
    """MFA: pages that are told apart by the address as a browser would spell it, made of the Host header too."""
    gate.app.console.access.users.add("boss", "admin", KNOWN_TO_ALL)
    with visitor(gate) as browser:
        assert log_in(browser, "boss", KNOWN_TO_ALL).status_code == 303
        named = host.format(host=gate.url.removeprefix("http://"))
        answer = browser.get("/settings/users", headers={"host": named})
        assert answer.status_code in {303, 400, 403, 421}
        assert answer.headers.get("location", "/settings/account/second-factor") == "/settings/account/second-factor"


def test_a_role_that_needs_none_works_by_the_password_alone(gate):
    """MFA: the rule is that of a role."""
    with visitor(gate) as browser:
        assert log_in(browser, "marat", KNOWN_TO_ALL).status_code == 303
        assert browser.get("/settings/configuration").status_code == 200
        assert browser.get("/settings/users").status_code == 403


def secret_shown(page):
    letters = re.search(r'class="given">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")
    return base64.b32decode(letters)


def test_somebody_sets_it_up_by_the_page_and_his_other_sessions_end(gate):
    """MFA: a session that was stolen before ends when the second factor comes."""
    with session(gate, "marat") as stolen, visitor(gate) as owner:
        assert log_in(owner, "marat", KNOWN_TO_ALL).status_code == 303
        token = {"csrf": csrf(owner.get("/settings/account/second-factor"))}
        wrong = owner.post("/settings/account/second-factor/begin", data=token | {"password": "wrong"})
        assert (wrong.status_code, GIVEN in wrong.text) == (403, False)
        shown = owner.post("/settings/account/second-factor/begin", data=token | {"password": KNOWN_TO_ALL})
        assert GIVEN in shown.text
        secret = secret_shown(shown)
        assert owner.post("/settings/account/second-factor/confirm", data=token | {"code": "000000"}).status_code == 422
        done = owner.post(
            "/settings/account/second-factor/confirm", data=token | {"code": Telephone(gate, secret).code()}
        )
        assert done.status_code == 200
        codes = re.findall(r"[A-Z2-9]{4}(?:-[A-Z2-9]{4}){3}", done.text)
        assert len(codes) == RECOVERY_CODES
        assert "marat" in owner.get("/settings/account").text
        assert stolen.get("/settings/account").status_code == 303
        assert not any(
            code in owner.get(path).text
            for code in codes
            for path in ("/settings/account", "/settings/account/second-factor")
        )
    with visitor(gate) as again:
        assert log_in(again, "marat", KNOWN_TO_ALL).status_code == 403
        assert log_in(again, "marat", KNOWN_TO_ALL, codes[0]).status_code == 303
    assert [one["person"] for one in told(gate, "second_factor.set")] == ["marat"]


def test_a_session_alone_changes_nothing_of_a_second_factor(gate):
    """MFA: a stolen session, or an unlocked screen, must not put another telephone in its place."""
    with session(gate, "aigul") as thief:
        for act, fields in {
            "begin": {"password": KNOWN_TO_ALL},
            "codes": {"password": KNOWN_TO_ALL, "code": "000000"},
            "removed": {"password": KNOWN_TO_ALL, "code": ""},
            "confirm": {"code": gate.telephone.code()},
        }.items():
            answer = thief.post(f"/settings/account/second-factor/{act}", data=fields)
            assert answer.status_code in {403, 409, 422}, act
            assert GIVEN not in answer.text
    with visitor(gate, "127.0.0.2") as owner:
        assert log_in(owner, "aigul", KNOWN_TO_ALL, gate.telephone.later()).status_code == 303


def test_a_role_that_needs_it_cannot_do_without_it(gate):
    """MFA: an administrator who would rather have none."""
    with session(gate, "aigul") as browser:
        fields = {"password": KNOWN_TO_ALL, "code": gate.telephone.later()}
        assert browser.post("/settings/account/second-factor/removed", data=fields).status_code == 409
        replaced = browser.post("/settings/account/second-factor/begin", data=fields)
        assert "<svg" in replaced.text


def test_an_administrator_resets_that_of_another_and_not_his_own(gate):
    """MFA: the telephone is lost. Who resets it, and whose, is recorded; the sessions end."""
    with session(gate, "aigul") as admin, session(gate, "marat") as technician:
        factors = gate.app.console.access.factors
        factors.enrol(
            "marat",
            SECRET,
            gate.telephone.later(),
            gate.app.console.access.sessions.find(technician.cookies["gate-session"]).key,
        )
        assert technician.post("/settings/users/aigul/second-factor").status_code == 403
        assert admin.post("/settings/users/aigul/second-factor").status_code == 409
        assert admin.post("/settings/users/marat/second-factor").status_code == 303
        assert admin.post("/settings/users/marat/second-factor").status_code == 422
        assert technician.get("/settings/account").status_code == 303
        assert factors.standing("marat") is None
        assert factors.standing("aigul") is not None
    (reset,) = told(gate, "second_factor.reset")
    assert (reset["person"], reset["detail"]) == ("aigul", "marat")


def test_a_new_password_does_not_take_the_second_factor_away(gate):
    """MFA: an administrator, or somebody in his name, gives a new password."""
    with session(gate, "aigul") as admin:
        gate.app.console.access.users.add("boss", "admin", OTHER)
        assert admin.post("/settings/users/boss/password").status_code == 200
    gate.app.console.access.users.set_password("aigul", OTHER)
    with visitor(gate) as thief:
        assert log_in(thief, "aigul", OTHER).status_code == 403


def test_neither_secret_nor_codes_are_in_any_event_or_in_the_log(gate, caplog):
    """MFA: what is recorded goes to central."""
    with visitor(gate) as owner:
        log_in(owner, "aigul", KNOWN_TO_ALL, "123456")
        log_in(owner, "aigul", KNOWN_TO_ALL, gate.codes[0])
    said = str(acts(gate)) + caplog.text
    assert not any(word in said for word in (*gate.codes, "123456", KNOWN_TO_ALL, "AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT"))


# ------------------------------------------------------------------------------------------------------------ passkeys


def by_name(gate, address="127.0.0.1"):
    """A browser that reaches the gate by a name: by an address no browser makes a passkey."""
    browser = visitor(gate, address)
    browser.base_url = gate.url.replace("127.0.0.1", "localhost")
    return browser


def challenge_on(page):
    return bytes_of(re.search(r'data-challenge="([^"]+)"', page.text)[1])


def log_in_by_passkey(browser, user, password, passkey, **instead):
    """What passkeys.js does on the page of log-in; `instead`: what an attacker puts in the place of something."""
    form = browser.get("/login")
    challenge = instead.pop("challenge", None) or challenge_on(form)
    answer = instead.pop("answer", None) or passkey.use(challenge, **instead)
    return browser.post("/login", data={"csrf": csrf(form), "name": user, "password": password, "passkey": answer})


@pytest.fixture
def passkey(gate):
    """A passkey of marat, made on the page; `gate.codes` are then his recovery codes."""
    with by_name(gate) as owner:
        assert log_in(owner, "marat", KNOWN_TO_ALL).status_code == 303
        token = {"csrf": csrf(owner.get("/settings/account/second-factor"))}
        assert (
            owner.post("/settings/account/second-factor/passkey/begin", data=token | {"password": "wrong"}).status_code
            == 403
        )
        shown = owner.post("/settings/account/second-factor/passkey/begin", data=token | {"password": KNOWN_TO_ALL})
        options = json.loads(html.unescape(re.search(r'data-options="([^"]+)"', shown.text)[1]))
        assert (options["rp"]["id"], options["user"]["name"]) == ("localhost", "marat")
        assert (options["attestation"], options["authenticatorSelection"]["residentKey"]) == ("none", "required")
        passkey = Authenticator("localhost", str(owner.base_url).rstrip("/"))
        made = passkey.make(bytes_of(options["challenge"]))
        done = owner.post(
            "/settings/account/second-factor/passkey/confirm", data=token | {"passkey": made, "label": "phone"}
        )
        gate.codes = re.findall(r"[A-Z2-9]{4}(?:-[A-Z2-9]{4}){3}", done.text)
        assert len(gate.codes) == RECOVERY_CODES
        again = owner.post(
            "/settings/account/second-factor/passkey/confirm", data=token | {"passkey": made, "label": "phone"}
        )
        assert again.status_code == 409
        assert "phone" in owner.get("/settings/account/second-factor").text
    return passkey


def test_who_has_a_passkey_logs_in_by_it_or_by_a_recovery_code_and_not_by_the_password_alone(gate, passkey):
    """MFA: the passkey is asked for as a code is."""
    with by_name(gate, "127.0.0.2") as thief:
        assert log_in(thief, "marat", KNOWN_TO_ALL).status_code == 403
    with by_name(gate) as owner:
        assert log_in_by_passkey(owner, "marat", "wrong", passkey).status_code == 403
        assert log_in_by_passkey(owner, "marat", KNOWN_TO_ALL, passkey).status_code == 303
        assert owner.get("/settings/configuration").status_code == 200
    with visitor(gate, "127.0.0.3") as owner:
        assert log_in(owner, "marat", KNOWN_TO_ALL, gate.codes[0]).status_code == 303, "at an address too"


@pytest.mark.parametrize(
    "wrong", [{"origin": "https://evil.example"}, {"name": "evil.example"}, {"challenge": bytes(40)}, {"flags": 0}]
)
def test_an_answer_that_was_fished_elsewhere_lets_nobody_in(gate, passkey, wrong):
    """MFA: a page that looks like the gate's and passes on what the browser answers there."""
    with by_name(gate) as thief:
        assert log_in_by_passkey(thief, "marat", KNOWN_TO_ALL, passkey, **wrong).status_code == 403


def test_an_answer_lets_in_once_and_only_the_browser_that_was_asked(gate, passkey):
    """MFA: replay."""
    with by_name(gate) as owner, by_name(gate, "127.0.0.2") as thief:
        page = owner.get("/login")
        answer = passkey.use(challenge_on(page))
        assert log_in_by_passkey(thief, "marat", KNOWN_TO_ALL, passkey, answer=answer).status_code == 403
        data = {"csrf": csrf(page), "name": "marat", "password": KNOWN_TO_ALL, "passkey": answer}
        assert owner.post("/login", data=data).status_code == 303
        owner.cookies.delete("gate-session")
        assert owner.post("/login", data=data).status_code == 403


def test_a_passkey_of_one_user_lets_no_other_in(gate, passkey):
    """MFA: a technician who knows the administrator's password."""
    with by_name(gate) as thief:
        assert log_in_by_passkey(thief, "aigul", KNOWN_TO_ALL, passkey).status_code == 403


@pytest.mark.parametrize("junk", ["{}", "[[[[", "null", "x" * 8_000])
def test_junk_in_the_place_of_an_answer_is_refused_as_a_wrong_code_is(gate, passkey, junk):
    """MFA: hostile bytes before anybody is known."""
    with by_name(gate) as thief:
        assert log_in_by_passkey(thief, "marat", KNOWN_TO_ALL, passkey, answer=junk).status_code == 403


def test_a_passkey_is_removed_only_with_the_password_and_itself_or_a_code(gate, passkey):
    """MFA: a stolen session."""
    (key,) = [one.id for one in gate.app.console.access.passkeys.of_user("marat")]
    with session(gate, "marat") as thief:
        thief.base_url = gate.url.replace("127.0.0.1", "localhost")
        sent = {"key": key, "password": KNOWN_TO_ALL, "code": ""}
        assert thief.post("/settings/account/second-factor/passkey/removed", data=sent).status_code == 403
        sent["passkey"] = passkey.use(challenge_on(thief.get("/settings/account/second-factor")))
        assert thief.post("/settings/account/second-factor/passkey/removed", data=sent).status_code == 303
    assert gate.app.console.access.factors.standing("marat") is None


def test_by_an_address_no_passkey_is_offered_and_none_is_begun(gate):
    """MFA: browsers would refuse it there, and nobody shall be led to believe that he has one."""
    with visitor(gate) as owner:
        assert "data-passkey-use" not in owner.get("/login").text
        assert log_in(owner, "marat", KNOWN_TO_ALL).status_code == 303
        page = owner.get("/settings/account/second-factor")
        assert "passkey/begin" not in page.text
        sent = {"csrf": csrf(page), "password": KNOWN_TO_ALL}
        assert owner.post("/settings/account/second-factor/passkey/begin", data=sent).status_code == 409
