"""Users, passwords, sessions, lock-outs and the first code, with a clock that the test turns."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from agent.console.access import known_browsers, name_limit
from agent.console.access.access import Access
from agent.console.access.address_limits import AddressLimits
from agent.console.access.admin_actions import AdminAction
from agent.console.access.bootstrap_code import LIFE_S, MOST_FAILURES
from agent.console.access.database import NAME
from agent.console.access.failure_log import FailureLog
from agent.console.access.lockouts import FIRST_DELAY_S, FREE_FAILURES, LONGEST_DELAY_S, MOST_PAIRS
from agent.console.access.name_limit import NameLimit
from agent.console.access.passwords import (
    WAITING_LIMIT,
    BusyError,
    Hasher,
    PasswordRefusedError,
    check_strength,
    made_up_password,
)
from agent.console.access.roles import Role
from agent.console.access.session_clock import SessionClock
from agent.console.access.sessions import SESSIONS_OF_A_USER, SessionRules, csrf_token
from agent.console.access.users import UserRefusedError
from tests.support.console.consoles import hash_cheaply
from tests.support.waiting import PATIENCE_S, eventually

GOOD = "blue otter 7 runs"
OTHER = "seven green kettles"


class Turned:
    """A clock."""

    def __init__(self):
        self.at = 1000.0

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Turned()


@pytest.fixture
def reopen(tmp_path, clock):
    opened = []

    def again(boot="this"):
        opened.append(Access.open(tmp_path, SessionRules(1800, 43_200), lambda: 1.8e9, SessionClock(clock, boot)))
        hash_cheaply(opened[-1])
        return opened[-1]

    yield again
    for each in opened:
        each.close()


@pytest.fixture
def access(reopen):
    return reopen()


@pytest.fixture
def people(access):
    access.users.add("boss", Role.ADMIN, GOOD)
    access.users.add("aigul", Role.TECHNICIAN, GOOD)
    return access


def test_only_the_owner_may_read_the_file_and_it_holds_neither_password_nor_token(people, tmp_path):
    token = people.sessions.open("aigul")
    people.close()
    held = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
    assert b"$argon2id$" in held
    assert GOOD.encode() not in held
    assert token.encode() not in held


def test_a_user_is_known_by_his_password_alone_however_his_name_is_typed(people):
    assert people.users.verified(" Aigul ", GOOD).role is Role.TECHNICIAN
    assert people.users.verified("aigul", OTHER) is None
    assert people.users.verified("nobody", GOOD) is None


@pytest.mark.parametrize("name", ["aigul", "nobody", "shut-out"])
def test_a_wrong_password_costs_one_hash_for_whatever_name(people, mocker, name):
    people.users.add("shut-out", Role.VIEWER, GOOD)
    people.users.change("shut-out", disabled=True)
    people.users._hasher.verify(None, "the hash of nobody is made once")
    hashed = mocker.spy(PasswordHasher, "verify")
    assert people.users.verified(name, OTHER) is None
    assert hashed.call_count == 1
    assert hashed.call_args.args[-1] == OTHER


def test_a_disabled_user_is_not_let_in_and_his_sessions_end(people):
    token = people.sessions.open("aigul")
    people.users.change("aigul", disabled=True)
    assert people.users.verified("aigul", GOOD) is None
    assert people.sessions.find(token) is None
    people.users.change("aigul", disabled=False)
    assert people.users.verified("aigul", GOOD) is not None
    assert people.sessions.find(token) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda users: users.set_password("aigul", OTHER),
        lambda users: users.change("aigul", role=Role.ADMIN),
        lambda users: users.remove("aigul"),
    ],
    ids=["password", "role", "removal"],
)
def test_whatever_changes_a_user_ends_his_sessions_and_nobody_elses(people, change):
    ended, kept = people.sessions.open("aigul"), people.sessions.open("boss")
    change(people.users)
    assert people.sessions.find(ended) is None
    assert people.sessions.find(kept).user == "boss"


@pytest.mark.parametrize(
    "change",
    [
        lambda users: users.remove("boss"),
        lambda users: users.change("boss", role=Role.VIEWER),
        lambda users: users.change("boss", disabled=True),
    ],
    ids=["removal", "role", "disabled"],
)
def test_the_last_admin_stays(people, change):
    token = people.sessions.open("boss")
    with pytest.raises(UserRefusedError, match="There is no other administrator"):
        change(people.users)
    assert people.users.find("boss").role is Role.ADMIN
    assert people.sessions.find(token) is not None


@pytest.mark.parametrize("name", ["", "a b", "ä", "local", "-a", "a" * 33, "a/b", "<b>", "ПЁТР"])
def test_a_name_that_could_be_mistaken_is_refused(access, name):
    with pytest.raises(UserRefusedError, match="The name can have up to 32 small Latin letters"):
        access.users.add(name, Role.VIEWER, GOOD)
    assert access.users.all() == []


def test_a_name_is_given_once(people):
    with pytest.raises(UserRefusedError, match=r"There is a user .* already"):
        people.users.add("AIGUL", Role.ADMIN, OTHER)
    assert people.users.find("aigul").role is Role.TECHNICIAN


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "must have 12 characters or more"),
        ("x" * 129, "must have no more than 128 characters"),
        ("password1234", "too easy to guess"),
        ("qwertyuiop12", "too easy to guess"),
        ("йцукенгшщзхъ", "too easy to guess"),
        ("123456789012", "too easy to guess"),
        ("aaaaaaaaaaaaaaaa", "too easy to guess"),
        ("Administrator1", "too easy to guess"),
        ("aigulaigulaigul", "too easy to guess"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused(password, why):
    with pytest.raises(PasswordRefusedError, match=why):
        check_strength(password, ["aigul"])


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "синий чайник летит",
        "三只蓝色的茶壶在天上飞过桥",
        "көк шайнек ұшады 7",
        pytest.param(made_up_password(), id="made up"),
    ],
)
def test_words_of_any_language_make_a_password(access, password):
    check_strength(password, ["aigul"])
    access.users.add("aigul", Role.VIEWER, password)
    assert access.users.verified("aigul", password) is not None


def test_a_password_that_only_looks_the_same_is_the_same(access):
    composed, decomposed = "schöne blaue Kessel", "scho\u0308ne blaue Kessel"
    access.users.add("aigul", Role.VIEWER, composed)
    assert access.users.verified("aigul", decomposed) is not None


def test_a_flood_of_passwords_to_check_is_turned_away_and_not_queued(mocker):
    hasher, go_on = Hasher(), threading.Event()
    mocker.patch("argon2.PasswordHasher.hash", side_effect=lambda *_: go_on.wait(PATIENCE_S))
    waiting = [threading.Thread(target=hasher.hash, args=("x",)) for _ in range(WAITING_LIMIT)]
    for thread in waiting:
        thread.start()
    eventually(lambda: hasher._waiting._value == 0)
    with pytest.raises(BusyError):
        hasher.hash("x")
    go_on.set()
    for thread in waiting:
        thread.join(PATIENCE_S)
    assert hasher.hash("x")


def test_a_flood_of_passwords_from_strangers_turns_nobody_away_who_comes_by_a_browser_of_his(mocker):
    hasher, go_on = Hasher(), threading.Event()
    kept = hasher.hash(GOOD)
    mocker.patch("argon2.PasswordHasher.hash", side_effect=lambda *_: go_on.wait(PATIENCE_S))
    waiting = [threading.Thread(target=hasher.hash, args=("x",)) for _ in range(WAITING_LIMIT)]
    found = []
    known = threading.Thread(target=lambda: found.append(hasher.verify(kept, GOOD, known=True)))
    for thread in waiting:
        thread.start()
    eventually(lambda: hasher._waiting._value == 0)
    with pytest.raises(BusyError):
        hasher.verify(kept, GOOD)
    known.start()
    go_on.set()
    for thread in (*waiting, known):
        thread.join(PATIENCE_S)
    assert found == [True]


def test_passwords_are_hashed_as_owasp_asks_and_older_hashes_are_made_anew(access):
    real, cheap = Hasher(), access.users._hasher
    assert "$argon2id$v=19$m=19456,t=3,p=1$" in real.hash(GOOD)
    old = cheap.hash(GOOD)
    assert real.verify(old, GOOD)
    assert real.is_old(old)
    access.users.add("aigul", Role.VIEWER, GOOD)
    access.users._hasher = real
    assert access.users.verified("aigul", GOOD) is not None
    kept = access.database.read(lambda db: db.execute("SELECT hash FROM users").fetchone()[0])
    assert not real.is_old(kept)
    assert access.users.verified("aigul", GOOD) is not None


def test_a_session_ends_when_nobody_asks_for_half_an_hour(people, clock):
    token = people.sessions.open("aigul")
    for _ in range(5):
        clock.at += 1000
        session = people.sessions.find(token)
        assert people.sessions.is_to_be_seen(session)
        people.sessions.saw(session)
    clock.at += 1801
    assert people.sessions.find(token) is None


def test_a_session_ends_after_twelve_hours_however_busy(people, clock):
    token = people.sessions.open("aigul")
    for _ in range(43):
        clock.at += 1000
        people.sessions.saw(people.sessions.find(token))
    clock.at += 201
    assert people.sessions.find(token) is None


def test_sessions_outlive_the_agent_and_not_a_restart_of_the_computer(people, reopen):
    token = people.sessions.open("aigul")
    people.close()
    assert reopen().sessions.find(token).user == "aigul"
    assert reopen(boot="next").sessions.find(token) is None


@pytest.mark.parametrize(
    "forge", [lambda key: key, lambda _: "", lambda _: "A" * 43, lambda _: "' OR 1=1 --", lambda _: "x" * 9999]
)
def test_what_the_disk_holds_is_no_token_nor_is_anything_made_up(people, forge, tmp_path):
    people.sessions.open("aigul")
    with closing(sqlite3.connect(tmp_path / NAME)) as db:
        (key,) = db.execute("SELECT key FROM sessions").fetchone()
    assert people.sessions.find(forge(key)) is None


def test_a_user_has_so_many_sessions_and_no_more(people, clock):
    tokens = []
    for _ in range(SESSIONS_OF_A_USER + 3):
        clock.at += 1
        tokens.append(people.sessions.open("aigul"))
    assert [people.sessions.find(token) is None for token in tokens] == [True] * 3 + [False] * SESSIONS_OF_A_USER


def test_the_others_of_a_user_are_ended_and_this_one_stays(people):
    one, other, bosss = (people.sessions.open(name) for name in ("aigul", "aigul", "boss"))
    people.sessions.close_others("aigul", people.sessions.find(one).key)
    assert [people.sessions.find(token) is None for token in (one, other, bosss)] == [False, True, False]


def test_the_token_of_forms_is_another_for_every_session(people):
    one, other = people.sessions.open("aigul"), people.sessions.open("aigul")
    assert csrf_token(one) != csrf_token(other)
    assert one not in csrf_token(one)


HERE, ELSEWHERE = "10.0.0.1", "10.0.0.2"


@pytest.mark.parametrize("name", ["aigul", "nobody"])
def test_a_name_is_locked_for_longer_each_time_whether_it_exists_or_not(people, clock, name):
    delays = []
    for _ in range(FREE_FAILURES + 8):
        delays.append(people.lockouts.failed(name, HERE))
        clock.at += delays[-1]
        assert people.lockouts.wait_s(name, HERE) == 0
    expected = [min(LONGEST_DELAY_S, FIRST_DELAY_S * 2**step) for step in range(8)]
    assert delays == [0.0] * FREE_FAILURES + expected


def test_a_lock_outlives_the_agent_and_ends_with_the_right_password(people, reopen, clock):
    for _ in range(FREE_FAILURES + 1):
        people.lockouts.failed("aigul", HERE)
    clock.at += 10
    people.close()
    again = reopen()
    assert again.lockouts.wait_s("aigul", HERE) == FIRST_DELAY_S - 10
    again.lockouts.forget("aigul")
    assert again.lockouts.wait_s("aigul", HERE) == 0
    assert again.lockouts.failed("aigul", HERE) == 0


def test_a_lock_is_for_one_source_and_another_password_ends_all_of_a_name(people):
    for source in (HERE, ELSEWHERE):
        assert people.lockouts.wait_s("aigul", source) == 0
        for _ in range(FREE_FAILURES + 1):
            people.lockouts.failed("aigul", source)
            people.lockouts.failed("boss", source)
    people.lockouts.entered("aigul", HERE)
    assert people.lockouts.wait_s("aigul", HERE) == 0
    assert people.lockouts.wait_s("aigul", ELSEWHERE) == FIRST_DELAY_S
    people.forget_failures("aigul")
    assert people.lockouts.wait_s("aigul", ELSEWHERE) == 0
    assert people.lockouts.wait_s("boss", ELSEWHERE) == FIRST_DELAY_S


def test_a_flood_of_made_up_names_frees_nobody_who_is_locked(people, clock):
    for _ in range(FREE_FAILURES + 3):
        people.lockouts.failed("aigul", HERE)
    with people.database._writer:
        people.database._writer.executemany(
            "INSERT INTO failures VALUES (?, 'this', 1, ?, 0)",
            [(f"n{number}", clock.at) for number in range(MOST_PAIRS)],
        )
    people.lockouts.failed("one more", HERE)
    assert people.database.read(lambda db: db.execute("SELECT count(*) FROM failures").fetchone()) == (MOST_PAIRS,)
    assert people.lockouts.wait_s("aigul", HERE) > 0


def tries(limit, name, source):
    """Whether a source may try a name now; the password is wrong."""
    if limit.wait_s(name, source):
        return False
    limit.failed(name, source)
    return True


def test_guesses_at_a_name_from_any_number_of_addresses_are_bounded(clock):
    limit, hour_s, addresses = NameLimit(clock), 3600, 300
    let = 0
    for _ in range(hour_s):
        clock.at += 1.0
        let += sum(tries(limit, "aigul", f"10.0.{number}.1") for number in range(addresses))
    assert let <= name_limit.FREE_FAILURES + hour_s / name_limit.EVERY_S
    assert not limit.wait_s("boss", HERE), "another name is not slowed down"


def test_who_is_slowed_down_gets_his_turn_however_often_others_try(clock):
    limit, others = NameLimit(clock), 30
    while tries(limit, "aigul", "10.0.1.1"):
        pass
    for number in range(others):
        assert not tries(limit, "aigul", f"10.0.1.{number}")
    waits = limit.wait_s("aigul", HERE)
    assert waits <= (others + 1) * name_limit.EVERY_S
    until_at = clock.at + waits
    while clock.at < until_at:
        for number in range(others):
            tries(limit, "aigul", f"10.0.1.{number}")
        clock.at = min(until_at, clock.at + 1.0)
    assert limit.wait_s("aigul", HERE) == 0


def test_a_turn_that_nobody_takes_is_over_after_a_while(clock):
    limit = NameLimit(clock)
    for _ in range(name_limit.FREE_FAILURES + 100):
        limit.failed("aigul", ELSEWHERE)
    waits = limit.wait_s("aigul", HERE)
    clock.at += waits + name_limit.TURN_KEPT_S + 1
    limit.failed("aigul", ELSEWHERE)
    for _ in range(name_limit.FREE_FAILURES):
        limit.failed("aigul", ELSEWHERE)
    assert limit.wait_s("aigul", HERE) > 0


def test_made_up_names_do_not_free_one_that_is_guessed_at(clock, mocker):
    mocker.patch.object(name_limit, "MOST_NAMES", 50)
    limit = NameLimit(clock)
    while tries(limit, "aigul", HERE):
        pass
    for number in range(200):
        limit.failed(f"name {number}", ELSEWHERE)
    assert limit.wait_s("aigul", ELSEWHERE) > 0
    assert len(limit._next_at) == 50


def test_a_known_browser_is_kept_as_a_hash_for_a_while_and_for_one_user(people, tmp_path, clock):
    token = people.known_browsers.remember("aigul", "")
    assert people.known_browsers.find(token, "aigul")
    for made_up_token in ("", "A" * 43, people.known_browsers.find(token, "aigul"), "x" * 9999):
        assert people.known_browsers.find(made_up_token, "aigul") is None
        assert not people.known_browsers.has(made_up_token)
    assert people.known_browsers.find(token, "boss") is None
    assert people.known_browsers.has(token)
    assert people.sessions.find(token) is None
    newer = people.known_browsers.remember("aigul", token)
    people.known_browsers._utc = lambda: 1.8e9 + known_browsers.LIFE_S
    assert people.known_browsers.find(newer, "aigul") is None
    assert not people.known_browsers.has(newer)
    people.close()
    assert not any(newer.encode() in file.read_bytes() for file in tmp_path.iterdir())


def test_a_browser_stays_known_where_the_answer_to_its_log_in_is_lost(people):
    token = people.known_browsers.remember("aigul", "")
    newer = people.known_browsers.remember("aigul", token)
    assert people.known_browsers.find(token, "aigul")
    people.known_browsers._utc = lambda: 1.8e9 + known_browsers.ANSWER_LOST_S / 2
    newest = people.known_browsers.remember("aigul", token)
    people.known_browsers._utc = lambda: 1.8e9 + known_browsers.ANSWER_LOST_S  # of the first follower, not of the last
    assert people.known_browsers.find(token, "aigul") is None
    assert people.known_browsers.find(newer, "aigul")
    assert people.known_browsers.find(newest, "aigul")


def test_a_user_has_so_many_known_browsers_and_none_once_he_is_removed(people):
    tokens = []
    for number in range(known_browsers.BROWSERS_OF_A_USER + 2):
        people.known_browsers._utc = lambda at=number: 1.8e9 + at
        tokens.append(people.known_browsers.remember("aigul", ""))
    found = [people.known_browsers.find(token, "aigul") is not None for token in tokens]
    assert found == [False] * 2 + [True] * known_browsers.BROWSERS_OF_A_USER
    people.users.remove("aigul")
    people.users.add("aigul", Role.VIEWER, GOOD)
    assert people.known_browsers.find(tokens[-1], "aigul") is None


def test_a_file_of_an_agent_that_knew_no_browsers_is_taken_over(people, tmp_path, reopen):
    people.close()
    with closing(sqlite3.connect(tmp_path / NAME)) as db:
        db.execute("DROP TABLE known_browsers")
    again = reopen()
    assert again.known_browsers.find(again.known_browsers.remember("aigul", ""), "aigul")


def test_the_first_code_is_good_once_for_half_an_hour_and_typed_in_any_way(access, clock):
    code = access.code.renew()
    assert access.code.is_right(code.lower().replace("-", " "))
    clock.at += LIFE_S + 1
    assert not access.code.is_right(code)
    newer = access.code.renew()
    assert not access.code.is_right(code)
    access.code.end()
    assert not access.code.is_right(newer)


def test_the_first_code_is_void_after_ten_wrong_ones(access):
    code = access.code.renew()
    assert not any(access.code.is_right(f"WRONG-{number}") for number in range(MOST_FAILURES))
    assert not access.code.is_right(code)


def test_two_who_have_the_code_make_one_admin(access):
    access.users.add("one", Role.ADMIN, GOOD, first=True)
    with pytest.raises(UserRefusedError, match="There is already an administrator"):
        access.users.add("two", Role.ADMIN, GOOD, first=True)
    assert [user.name for user in access.users.all()] == ["one"]


def test_a_damaged_file_is_put_aside_and_nobody_is_let_in_by_it(people, tmp_path, reopen):
    people.close()
    (tmp_path / NAME).write_bytes(b"SQLite format 3\0" + b"\xff" * 4096)
    again = reopen()
    assert again.users.lack_admin()
    assert (tmp_path / f"{NAME}.damaged").stat().st_size == 4112


def test_a_file_of_a_newer_agent_is_put_aside_as_it_is_and_so_is_the_next_one(people, tmp_path, reopen):
    for name in (f"{NAME}.damaged", f"{NAME}.damaged-2"):
        people.close()
        with closing(sqlite3.connect(tmp_path / NAME)) as db:
            db.execute("PRAGMA user_version = 99")
        kept = (tmp_path / NAME).read_bytes()
        people = reopen()
        assert people.users.lack_admin()
        assert "newer agent" in people.database.replaced
        assert (tmp_path / name).read_bytes() == kept
    people.close()
    assert not reopen().database.replaced


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
@pytest.mark.parametrize("put", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/nonexistent/file")])
def test_what_is_no_file_is_put_aside_and_nobody_waits_for_it(people, tmp_path, reopen, ending, put):
    people.close()
    place = tmp_path / f"{NAME}{ending}"
    place.unlink(missing_ok=True)
    put(place)
    again = reopen()
    assert again.users.lack_admin()
    assert again.database.replaced
    assert os.path.lexists(tmp_path / f"{NAME}.damaged{ending}")


def test_an_address_may_ask_so_often_and_then_at_a_steady_rate(clock):
    limits = AddressLimits(3, 0.5, clock)
    assert [limits.wait_s("10.0.0.1") for _ in range(4)] == [0, 0, 0, 2]
    assert limits.wait_s("10.0.0.2") == 0
    clock.at += 2
    assert [limits.wait_s("10.0.0.1") for _ in range(2)] == [0, 2]


def test_a_household_of_ipv6_counts_as_one_and_ipv4_in_its_clothes_as_itself(clock):
    limits = AddressLimits(1, 0.1, clock)
    assert limits.wait_s("2001:db8::1") == 0
    assert limits.wait_s("2001:db8::ffff:2") == 10
    assert limits.wait_s("2001:db8:0:1::1") == 0
    assert limits.wait_s("10.0.0.1") == 0
    assert limits.wait_s("::ffff:10.0.0.1") == 10


def test_failed_log_ins_are_told_at_once_and_then_together_without_unknown_names(clock):
    told = []
    failures = FailureLog(lambda *what: told.append(what), clock)
    failures.failed("aigul", "10.0.0.1")
    for number in range(5000):
        failures.failed(None if number % 2 else "boss", f"10.0.{number % 7}.1")
    assert told == [("10.0.0.1", "1 failed log-ins from 1 addresses: aigul (1)")]
    clock.at += 300
    failures.tell_due()
    failures.tell_due()
    assert told[1:] == [("", "5000 failed log-ins from 7 addresses: boss (2500), unknown names (2500)")]


def test_what_was_done_at_the_command_line_is_handed_over_once_and_in_order(access):
    acts = [AdminAction("root", "user.added", f"u{number}", 1.0 * number) for number in range(3)]
    for act in acts:
        access.acts.add(act)
    recorded = []
    access.acts.hand_over(recorded.append)
    access.acts.hand_over(recorded.append)
    assert recorded == acts
