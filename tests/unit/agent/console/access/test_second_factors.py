"""Second factors: codes by the clock, that are right once, recovery codes, and what the disk has of them."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing

import pytest

from agent.console.access import totp
from agent.console.access.access import Access
from agent.console.access.database import AccessStoreError
from agent.console.access.pending_second_factors import LIFE_S, MOST, Enrolments
from agent.console.access.roles import Role
from agent.console.access.second_factor_key import NAME
from agent.console.access.second_factors import MOST_DRIFT_STEPS, RECOVERY_CODES
from agent.console.access.session_clock import SessionClock
from agent.console.access.sessions import SessionRules
from agent.console.access.users import UserRefusedError
from tests.support.console.consoles import hash_cheaply

GOOD = "blue otter 7 runs"
BEGUN_UTC = 1.8e9
RFC_SECRET = b"12345678901234567890"
RFC_CODES = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"}
"""RFC 6238, appendix B, SHA-1, the last six of the eight digits."""


class Turned:
    """The time of the gate in Unix seconds; `access.factors` sees it."""

    def __init__(self):
        self.utc = BEGUN_UTC

    def __call__(self):
        return self.utc


@pytest.fixture
def clock():
    return Turned()


@pytest.fixture
def reopen(tmp_path, clock):
    opened = []

    def again():
        access = Access.open(tmp_path, SessionRules(1800, 43_200), clock, SessionClock(lambda: 1000.0, "this"))
        hash_cheaply(access)
        opened.append(access)
        return access

    yield again
    for each in opened:
        each.close()


@pytest.fixture
def access(reopen):
    access = reopen()
    access.users.add("boss", Role.ADMIN, GOOD)
    access.users.add("aigul", Role.TECHNICIAN, GOOD)
    return access


@pytest.fixture
def secret():
    return bytes(range(totp.SECRET_BYTES))


@pytest.fixture
def enrolled(access, secret, clock):
    """The recovery codes of aigul, whose second factor was set up five minutes ago."""
    codes = access.factors.enrol("aigul", secret, totp.code_at(secret, totp.step_of(clock.utc)), "")
    clock.utc += 300
    return codes


def now(secret, clock, steps=0):
    return totp.code_at(secret, totp.step_of(clock.utc) + steps)


@pytest.mark.parametrize(("utc", "code"), RFC_CODES.items())
def test_codes_are_those_of_the_standard(utc, code):
    assert totp.code_at(RFC_SECRET, totp.step_of(utc)) == code


def test_what_the_picture_says_is_what_apps_read(secret):
    assert totp.enrolment_uri(secret, "aigul", "gate-7") == (
        "otpauth://totp/gate-7:aigul?digits=6&secret=AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT&algorithm=SHA1"
        "&issuer=gate-7&period=30"
    )


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_right_one_step_early_or_late_and_no_more(access, enrolled, secret, clock, steps, right):
    used = access.factors.spend("aigul", now(secret, clock, steps))
    assert (used is not None) is right


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "{1} {2}"])
def test_a_code_may_be_typed_as_apps_show_it(access, enrolled, secret, clock, typed):
    code = now(secret, clock)
    assert access.factors.spend("aigul", typed.format(code, code[:3], code[3:]))


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "1234567",
        "abcdef",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "\u0660\u0661\u0662\u0663\u0664\u0665",
        "\0",
        "-12345",
        "A" * 100,
    ],
)
def test_what_is_no_code_is_wrong(access, enrolled, typed):
    assert access.factors.spend("aigul", typed) is None


def test_a_code_and_all_before_it_are_used_up_by_one_log_in(access, enrolled, secret, clock):
    before, code = now(secret, clock, -1), now(secret, clock)
    assert access.factors.spend("aigul", code)
    assert access.factors.spend("aigul", code) is None
    assert access.factors.spend("aigul", before) is None
    clock.utc += totp.STEP_S
    assert access.factors.spend("aigul", code) is None
    assert access.factors.spend("aigul", now(secret, clock))


def test_the_code_that_set_it_up_is_used_up(access, secret, clock):
    code = now(secret, clock)
    assert access.factors.enrol("aigul", secret, code, "")
    assert access.factors.spend("aigul", code) is None


def test_nothing_is_set_up_without_a_code_of_the_secret(access, secret, clock):
    assert access.factors.enrol("aigul", secret, now(bytes(20), clock), "") is None
    assert access.factors.standing("aigul") is None
    with pytest.raises(UserRefusedError):
        access.factors.enrol("nobody", secret, now(secret, clock), "")


def test_a_code_is_of_its_user_only(access, enrolled, secret, clock):
    assert access.factors.spend("boss", now(secret, clock)) is None
    assert access.factors.spend("boss", enrolled[0]) is None
    assert access.factors.spend("aigul", enrolled[0])


def test_clocks_that_part_slowly_are_followed_and_not_further_than_said(access, enrolled, secret, clock):
    for steps in range(1, MOST_DRIFT_STEPS + 2):
        clock.utc += 10 * totp.STEP_S
        assert access.factors.spend("aigul", now(secret, clock, steps)), steps
    clock.utc += 10 * totp.STEP_S
    assert access.factors.spend("aigul", now(secret, clock, MOST_DRIFT_STEPS + 2)) is None


def test_a_recovery_code_is_right_once_however_it_is_typed(access, enrolled):
    assert len(set(enrolled)) == RECOVERY_CODES
    used = access.factors.spend("aigul", enrolled[0].lower().replace("-", " "))
    assert (used.codes_left, used.recovered) == (RECOVERY_CODES - 1, True)
    assert access.factors.spend("aigul", enrolled[0]) is None


def test_new_recovery_codes_void_those_of_before(access, enrolled):
    fresh = access.factors.renew_codes("aigul")
    assert access.factors.spend("aigul", enrolled[1]) is None
    assert access.factors.spend("aigul", fresh[1])
    with pytest.raises(UserRefusedError):
        access.factors.renew_codes("boss")


def test_another_secret_takes_the_place_of_the_one_before_with_all_its_codes(access, enrolled, secret, clock):
    other = bytes(reversed(secret))
    assert access.factors.enrol("aigul", other, now(other, clock), "")
    assert access.factors.spend("aigul", now(secret, clock)) is None
    assert access.factors.spend("aigul", enrolled[0]) is None
    clock.utc += totp.STEP_S
    assert access.factors.spend("aigul", now(other, clock))


def test_setting_it_up_ends_the_sessions_that_the_password_alone_opened_and_removing_it_does(access, secret, clock):
    tokens = [access.sessions.open("aigul") for _ in range(2)]
    own = access.sessions.find(tokens[0])
    assert not own.has_factor
    access.factors.enrol("aigul", secret, now(secret, clock), own.key)
    assert access.sessions.find(tokens[0]).has_factor
    assert access.sessions.find(tokens[1]) is None
    access.factors.remove("aigul")
    assert access.sessions.find(tokens[0]) is None
    with pytest.raises(UserRefusedError):
        access.factors.remove("aigul")


def test_it_goes_with_its_user(access, enrolled):
    access.users.remove("aigul")
    access.users.add("aigul", Role.TECHNICIAN, GOOD)
    assert access.factors.standings() == {}
    assert access.factors.spend("aigul", enrolled[0]) is None


def test_it_outlives_a_restart_and_a_new_password(reopen, access, enrolled, secret, clock):
    access.users.set_password("aigul", "seven green kettles")
    assert reopen().factors.spend("aigul", now(secret, clock))


def test_the_file_of_users_alone_holds_nothing_to_make_codes_of(tmp_path, access, enrolled, secret):
    held = b"".join(path.read_bytes() for path in tmp_path.glob("console.db*"))
    assert secret not in held
    assert not any(code.replace("-", "").encode() in held or code.encode() in held for code in enrolled)
    key = tmp_path / NAME
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "console.db").stat().st_mode) == 0o600
    with closing(sqlite3.connect(tmp_path / "console.db")) as database:
        (sealed,) = database.execute("SELECT sealed FROM second_factors").fetchone()
    assert key.read_bytes() not in held
    assert len(sealed) > len(secret)


@pytest.mark.parametrize("damage", ["gone", "another"])
def test_without_its_key_no_code_is_right_and_recovery_codes_are(access, enrolled, secret, clock, damage, caplog):
    key = access.database._path.with_name(NAME)
    key.unlink() if damage == "gone" else key.write_bytes(bytes(32))
    assert access.factors.spend("aigul", now(secret, clock)) is None
    assert "reset-second-factor aigul" in caplog.text
    assert access.factors.spend("aigul", enrolled[0])


@pytest.mark.parametrize("damage", ["open", "link", "short", "folder"])
def test_a_key_that_is_not_the_agents_own_is_refused_in_words(tmp_path, access, enrolled, secret, clock, damage):
    key = tmp_path / NAME
    match damage:
        case "open":
            key.chmod(0o640)
        case "link":
            key.rename(tmp_path / "elsewhere")
            key.symlink_to(tmp_path / "elsewhere")
        case "short":
            key.write_bytes(b"short")
        case "folder":
            key.unlink()
            key.mkdir()
    with pytest.raises(AccessStoreError, match="second factors"):
        access.factors.spend("aigul", now(secret, clock))


def test_a_secret_cannot_be_moved_to_another_user(tmp_path, access, enrolled, secret, clock):
    with closing(sqlite3.connect(tmp_path / "console.db")) as database:
        database.execute("INSERT INTO second_factors SELECT 'boss', sealed, 0, 0, 0 FROM second_factors")
        database.commit()
    assert access.factors.spend("boss", now(secret, clock)) is None


def test_a_secret_that_was_shown_waits_for_its_session_and_not_for_long():
    at = [100.0]
    waiting = Enrolments(lambda: at[0])
    waiting.begin("one", b"first")
    waiting.begin("one", b"second")
    waiting.begin("two", b"third")
    assert (waiting.find("one"), waiting.find("two"), waiting.find("three")) == (b"second", b"third", None)
    waiting.end("two")
    assert waiting.find("two") is None
    at[0] += LIFE_S + 1
    assert waiting.find("one") is None
    for number in range(MOST + 1):
        waiting.begin(f"session {number}", b"x")
    assert waiting.find("session 0") is None
    assert waiting.find(f"session {MOST}") == b"x"
