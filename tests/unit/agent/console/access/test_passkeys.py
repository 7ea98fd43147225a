"""Passkeys: whose answer is taken, for which challenge, at which name; and challenges, each for one answer."""

from __future__ import annotations

import json
import random
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from agent.console.access import totp
from agent.console.access.access import Access
from agent.console.access.challenges import LIFE_S, Challenges
from agent.console.access.passkeys import MOST_OF_A_USER, PasskeyAnswer, challenge_of
from agent.console.access.relying_party import RelyingParty
from agent.console.access.roles import Role
from agent.console.access.session_clock import SessionClock
from agent.console.access.sessions import SessionRules
from agent.console.access.users import UserRefusedError
from tests.support.console.authenticator import PRESENT, Authenticator, bytes_of, text_of
from tests.support.console.consoles import hash_cheaply

GOOD = "blue otter 7 runs"
PARTY = RelyingParty("gate.example", "https://gate.example:8480")
ELSEWHERE = RelyingParty("evil.example", "https://evil.example:8480")
UTC = 1.8e9


@pytest.fixture
def access(tmp_path):
    access = Access.open(tmp_path, SessionRules(1800, 43_200), lambda: UTC, SessionClock(lambda: 1000.0, "this"))
    hash_cheaply(access)
    access.users.add("boss", Role.ADMIN, GOOD)
    access.users.add("aigul", Role.TECHNICIAN, GOOD)
    yield access
    access.close()


@pytest.fixture
def challenge(access):
    return access.challenges.make("browser")


@pytest.fixture
def phone(access, challenge):
    """A passkey of aigul."""
    phone = Authenticator(PARTY.id, PARTY.origin)
    assert access.passkeys.add("aigul", PasskeyAnswer(phone.make(challenge), challenge, PARTY), "phone", "")
    return phone


def given(answer, challenge, party=PARTY):
    return PasskeyAnswer(answer, challenge, party)


def test_a_passkey_of_the_user_for_this_challenge_is_right(access, phone, challenge):
    assert access.passkeys.spend("aigul", given(phone.use(challenge), challenge))
    (one,) = access.passkeys.of_user("aigul")
    assert (one.label, one.name, one.since_utc) == ("phone", "gate.example", UTC)
    assert access.factors.standing("aigul").passkeys == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": ELSEWHERE.origin},
        {"origin": "http://gate.example:8480"},
        {"origin": "https://gate.example"},
        {"name": ELSEWHERE.id},
        {"flags": 0},
        {"key": ec.generate_private_key(ec.SECP256R1())},
    ],
    ids=["another-site", "no-tls", "another-port", "another-name", "nobody-there", "another-key"],
)
def test_an_answer_from_elsewhere_is_none(access, phone, challenge, wrong):
    assert not access.passkeys.spend("aigul", given(phone.use(challenge, **wrong), challenge))
    assert access.passkeys.spend("aigul", given(phone.use(challenge, flags=PRESENT), challenge))


def test_an_answer_to_another_challenge_of_another_user_or_at_another_name_is_none(access, phone, challenge):
    other = access.challenges.make("browser")
    assert not access.passkeys.spend("aigul", given(phone.use(challenge), other))
    assert not access.passkeys.spend("boss", given(phone.use(challenge), challenge))
    assert not access.passkeys.spend("aigul", given(phone.use(challenge), challenge, ELSEWHERE))
    assert not access.passkeys.spend("aigul", given(Authenticator(PARTY.id, PARTY.origin).use(challenge), challenge))


def test_a_passkey_that_counts_back_has_been_copied(access, challenge):
    phone = Authenticator(PARTY.id, PARTY.origin, count=5)
    assert access.passkeys.add("aigul", given(phone.make(challenge), challenge), "", "")
    assert access.passkeys.spend("aigul", given(phone.use(challenge), challenge))
    phone.count = 5
    assert not access.passkeys.spend("aigul", given(phone.use(challenge), challenge))


@pytest.mark.parametrize(
    "wrong", [{"origin": ELSEWHERE.origin}, {"name": ELSEWHERE.id}, {"form": "packed"}, {"form": "fido-u2f"}]
)
def test_a_passkey_made_elsewhere_or_with_a_statement_about_its_maker_is_not_taken(access, challenge, wrong):
    phone = Authenticator(PARTY.id, PARTY.origin)
    assert not access.passkeys.add("aigul", given(phone.make(challenge, **wrong), challenge), "", "")
    assert not access.passkeys.add("aigul", given(phone.make(b"other"), challenge), "", "")
    assert access.passkeys.of_user("aigul") == []


def test_a_passkey_belongs_to_one_user(access, phone, challenge):
    assert not access.passkeys.add("boss", given(phone.make(challenge), challenge), "", "")
    assert access.passkeys.of_user("boss") == []


def test_a_user_has_so_many_passkeys_and_nobody_has_any(access, challenge):
    for _ in range(MOST_OF_A_USER):
        phone = Authenticator(PARTY.id, PARTY.origin)
        assert access.passkeys.add("aigul", given(phone.make(challenge), challenge), "", "")
    for user in ("aigul", "nobody"):
        with pytest.raises(UserRefusedError):
            access.passkeys.add(user, given(Authenticator(PARTY.id, PARTY.origin).make(challenge), challenge), "", "")


def test_adding_and_removing_end_the_other_sessions_and_the_last_takes_the_recovery_codes_along(access, challenge):
    tokens = [access.sessions.open("aigul") for _ in range(2)]
    own = access.sessions.find(tokens[0]).key
    phone = Authenticator(PARTY.id, PARTY.origin)
    assert access.passkeys.add("aigul", given(phone.make(challenge), challenge), "", own)
    assert access.sessions.find(tokens[0]).has_factor
    assert access.sessions.find(tokens[1]) is None
    codes = access.factors.renew_codes("aigul")
    with pytest.raises(UserRefusedError):
        access.passkeys.remove("boss", text_of(phone.id), "")
    access.passkeys.remove("aigul", text_of(phone.id), own)
    assert not access.sessions.find(tokens[0]).has_factor
    assert access.factors.standing("aigul") is None
    assert access.factors.spend("aigul", codes[0]) is None


def test_a_reset_takes_passkeys_too(access, phone, challenge):
    access.factors.remove("aigul")
    assert not access.passkeys.spend("aigul", given(phone.use(challenge), challenge))


def test_an_app_and_passkeys_stand_beside_one_another(access, phone, challenge):
    secret = bytes(20)
    assert access.factors.enrol("aigul", secret, totp.code_at(secret, totp.step_of(UTC)), "")
    standing = access.factors.standing("aigul")
    assert (standing.app_since_utc, standing.passkeys, standing.codes_left) == (UTC, 1, 10)
    assert access.passkeys.spend("aigul", given(phone.use(challenge), challenge))


JUNK = ["", "{}", "[]", "null", "1", '"x"', "{", "[" * 9_000, '{"id": 1}', '{"id": "a", "response": 1}', "\ud800"]


@pytest.mark.parametrize("junk", JUNK)
def test_what_is_no_answer_is_none(access, phone, challenge, junk):
    assert not access.passkeys.spend("aigul", given(junk, challenge))
    assert not access.passkeys.add("aigul", given(junk, challenge), "", "")
    assert challenge_of(junk) == b""


def test_no_change_of_any_byte_of_an_answer_is_taken_and_none_escapes(access, phone, challenge):
    chance = random.Random(18)  # noqa: S311 - it only chooses what is damaged
    for sound in (phone.use(challenge), Authenticator(PARTY.id, PARTY.origin).make(challenge)):
        for field in json.loads(sound)["response"]:
            for _ in range(60):
                answer = json.loads(sound)
                data = bytearray(bytes_of(answer["response"][field]))
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
                cut = bytes(data) if chance.random() < 0.7 else bytes(data[: chance.randrange(len(data))])
                answer["response"][field] = text_of(cut)
                assert not access.passkeys.spend("aigul", given(json.dumps(answer), challenge))
                challenge_of(json.dumps(answer))
                with suppress(UserRefusedError):  # what nobody signed may be taken: it is another passkey then
                    access.passkeys.add("boss", given(json.dumps(answer), challenge), "", "")


def test_a_challenge_is_for_one_browser_one_answer_and_a_while():
    at = [100.0]
    challenges = Challenges(lambda: at[0])
    one, two = challenges.make("a"), challenges.make("a")
    assert one != two
    assert not challenges.spend(one, "b")
    assert challenges.spend(one, "a")
    assert not challenges.spend(one, "a")
    at[0] += LIFE_S + 1
    assert not challenges.spend(two, "a")
    for other in (b"", bytes(len(one)), one[:-1], one + b"x"):
        assert not challenges.spend(other, "a")
    assert not Challenges(lambda: at[0]).spend(challenges.make("a"), "a"), "of before a restart"
