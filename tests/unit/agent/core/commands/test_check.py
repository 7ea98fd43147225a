"""Every check of a command, by its code; and that no bytes at all raise."""

import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.commands.check import BYTES_LIMIT, Proved, RefusedCommand, judge, prove
from agent.core.commands.command import Command, Refusal
from agent.core.model import CommandName
from tests.support.mqtt.commanding import (
    CHALLENGE,
    GATE,
    KEY,
    KEYS,
    KID,
    OTHER_KEY,
    READER,
    UTC,
    body,
    coded,
    forged,
    letter,
    signed,
    situation,
)


def proof(payload, name="open", **options):
    return prove(letter(payload, name, **options), GATE, KEYS)


def code_of(payload, name="open", **options):
    found = proof(payload, name, **options)
    assert isinstance(found, RefusedCommand), found
    return found.code


def judged(fields, name=None, **changes):
    proved = proof(signed(fields), name or fields["name"])
    assert isinstance(proved, Proved), proved
    return judge(proved, situation(**changes))


def test_a_right_command_is_taken_whole():
    fields = body("replay", arguments={"stream": "s", "first": 2, "last": 9})
    command = judged(fields)
    assert command == Command(
        id=fields["id"],
        key=KID,
        counter=1,
        name=CommandName.REPLAY,
        lane=None,
        operator="officer 7",
        cause="test",
        issued_at=UTC,
        expires_at=UTC + 20,
        arguments={"stream": "s", "first": 2, "last": 9},
    )


@pytest.mark.parametrize("name", list(CommandName))
def test_every_command_can_be_given(name):
    arguments = {
        "replay": {"stream": "s", "first": 1, "last": 1},
        "send_evidence": {"pictures": ["ab" * 32]},
        "display": {"texts": {"en": "Go to window 3"}, "seconds": 20},
        "snapshot": {"camera": "front"},
        "set_log_level": {"level": "debug", "for_s": 60},
        "upload_grant": {"uploads": [{"sha256": "ab" * 32, "url": "https://store.example/a?b=c"}], "for_s": 60},
        "erase": {"digest": "ab" * 32},
    }.get(name, {})
    assert judged(body(name.value, arguments=arguments)).name is name


LONGEST = "请" * 120


@pytest.mark.parametrize(
    "arguments",
    [
        {"texts": {"en": "Go", "zh": LONGEST, "ru": "Вам к окну 3", "kk": "Үшінші терезеге"}, "seconds": 600},
        {"texts": {"ru": "Вам к окну 3"}, "seconds": 1, "transaction": "20260301080000070001"},
        {"texts": {"ru": "Вам к окну 3"}, "seconds": 1, "transaction": None},
        {"seconds": 0},
        {"texts": {}, "seconds": 0},
    ],
)
def test_a_text_for_a_driver_may_be_in_each_language_and_is_taken_off_by_none(arguments):
    taken = judged(body("display", arguments=arguments)).arguments
    assert taken == {"texts": {}, "message": None, "transaction": None} | arguments


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "seconds"),
        ({"seconds": 20}, "texts need seconds"),
        ({"texts": {"en": "Go"}, "seconds": 0}, "texts need seconds"),
        ({"texts": {"en": "Go"}, "seconds": -1}, "seconds"),
        ({"texts": {"en": "Go"}, "seconds": 601}, "seconds"),
        ({"texts": {"en": "Go"}, "seconds": 20.5}, "seconds"),
        ({"texts": {"en": "Go"}, "seconds": "20"}, "seconds"),
        ({"texts": {"de": "Los"}, "seconds": 20}, "texts.de"),
        ({"texts": {"en": ""}, "seconds": 20}, "texts.en"),
        ({"texts": {"en": " "}, "seconds": 20}, "texts.en"),
        ({"texts": {"en": " Go"}, "seconds": 20}, "texts.en"),
        ({"texts": {"en": "Go\non"}, "seconds": 20}, "texts.en"),
        ({"texts": {"en": "\x1b[2J"}, "seconds": 20}, "texts.en"),
        ({"texts": {"en": "a\u202eb"}, "seconds": 20}, "texts.en"),
        ({"texts": {"zh": LONGEST + "请"}, "seconds": 20}, "texts.zh"),
        ({"texts": {"en": 3}, "seconds": 20}, "texts.en"),
        ({"texts": ["Go"], "seconds": 20}, "texts"),
        ({"texts": {"en": "Go"}, "seconds": 20, "transaction": "1"}, "transaction"),
        ({"texts": {"en": "Go"}, "seconds": 20, "transaction": "../20260301080000070"}, "transaction"),
        ({"texts": {"en": "Go"}, "seconds": 20, "colour": "red"}, "colour"),
    ],
)
def test_a_text_for_a_driver_that_no_sign_could_show_is_refused_by_its_field(arguments, said):
    found = proof(signed(body("display", arguments=arguments)), "display")
    assert isinstance(found, RefusedCommand)
    assert found.code is Refusal.BODY_INVALID
    assert said in found.detail
    assert "Go" not in found.detail


def test_a_text_for_a_driver_names_its_lane():
    found = proof(signed(body("display", lane=None, arguments={"seconds": 0})), "display")
    assert (found.code, "lane" in found.detail) == (Refusal.BODY_INVALID, True)


def test_both_names_of_the_algorithm_are_taken():
    payload = json.dumps(body()).encode()
    for alg in ("EdDSA", "Ed25519"):
        assert isinstance(proof(forged({"alg": alg, "kid": KID}, payload)), Proved)


def test_a_retained_command_is_refused_before_its_bytes_are_looked_at():
    assert code_of(b"anything", retained=True) is Refusal.RETAINED
    assert code_of(signed(body()), retained=True) is Refusal.RETAINED


def test_the_size_has_a_limit():
    assert code_of(b"a" * (BYTES_LIMIT + 1)) is Refusal.OVERSIZE
    assert code_of(b"a" * BYTES_LIMIT) is Refusal.NOT_A_JWS


PAYLOAD = json.dumps(body()).encode()
GOOD = signed(body())
HEADER, BODY, SIGNATURE = GOOD.split(b".")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b".",
        b"..",
        b"...",
        b"\xff\xfe",
        b"\x00" * 100,
        GOOD + b".",
        GOOD + b"=",
        GOOD + b"\n",
        b" " + GOOD,
        HEADER + b"." + BODY,
        json.dumps({"payload": BODY.decode(), "protected": HEADER.decode(), "signature": SIGNATURE.decode()}).encode(),
        forged([1], PAYLOAD),
        forged(b"{", PAYLOAD),
        forged(b'"text"', PAYLOAD),
        forged(b"[" * 300, PAYLOAD),
        forged({"kid": KID}, PAYLOAD),
        forged({"alg": "EdDSA", "kid": 5}, PAYLOAD),
        forged({"alg": "EdDSA", "kid": KID, "crit": ["exp"], "exp": 1}, PAYLOAD),
        forged({"alg": "EdDSA", "kid": KID, "b64": False, "crit": ["b64"]}, PAYLOAD),
        forged({"alg": "EdDSA", "kid": KID, "jku": "https://evil.example/keys"}, PAYLOAD),
        forged({"alg": "EdDSA", "kid": KID, "jwk": {"kty": "OKP"}}, PAYLOAD),
        forged({"alg": "EdDSA", "kid": KID, "x5u": "https://evil.example/"}, PAYLOAD),
        forged({"alg": "EdDSA", "kid": KID, "more": 1}, PAYLOAD),
        forged({"alg": "EdDSA", "kid": KID, "typ": "x" * 600}, PAYLOAD),
    ],
)
def test_what_is_no_plain_compact_jws_is_refused(payload):
    assert code_of(payload) is Refusal.NOT_A_JWS


def public_key_as_secret():
    head = coded(json.dumps({"alg": "HS256", "kid": KID}).encode()) + b"." + coded(PAYLOAD)
    return head + b"." + coded(hmac.new(KEY.public.raw, head, hashlib.sha256).digest())


@pytest.mark.parametrize(
    "payload",
    [
        coded(b'{"alg":"none","kid":"duty"}') + b"." + coded(PAYLOAD) + b".",
        public_key_as_secret(),
        *(forged({"alg": alg, "kid": KID}, PAYLOAD) for alg in ("none", "eddsa", "Ed448", "ES256", "HS256", "")),
    ],
)
def test_no_other_algorithm_is_taken(payload):
    assert code_of(payload) is Refusal.ALG_NOT_ALLOWED


@pytest.mark.parametrize("typ", ["JWT", "JOSE", "gate-checkpoint+jwt", "application/gate-command+jwt", "", None, 7])
def test_what_does_not_say_that_it_is_a_command_is_none(typ):
    assert code_of(forged({"alg": "EdDSA", "kid": KID, "typ": typ}, PAYLOAD)) is Refusal.WRONG_TYPE


def test_what_names_no_type_is_never_obeyed_and_only_the_repeat_of_one_that_was_may_be_answered():
    untyped = proof(forged(json.dumps({"alg": "EdDSA", "kid": KID}).encode(), PAYLOAD))
    assert (untyped.typed, proof(GOOD).typed) == (False, True)
    refused = judge(untyped, situation())
    assert (refused.code, refused.command) == (Refusal.WRONG_TYPE, untyped.body.id)


def test_a_key_that_is_not_in_the_settings_is_unknown():
    assert code_of(signed(body(), kid="nobody")) is Refusal.KEY_UNKNOWN
    assert code_of(forged({"alg": "EdDSA"}, PAYLOAD)) is Refusal.KEY_UNKNOWN
    assert prove(letter(GOOD), GATE, {}).code is Refusal.KEY_UNKNOWN


def test_a_signature_must_be_of_the_named_key_over_these_bytes():
    other = signed(body()).split(b".")
    for payload in (
        signed(body(), key=OTHER_KEY),
        signed(body(), kid=READER),
        HEADER + b"." + other[1] + b"." + SIGNATURE,
        HEADER + b"." + BODY + b".",
        HEADER + b"." + BODY + b"." + coded(bytes(64)),
        HEADER + b"." + BODY + b"." + coded(bytes(63)),
    ):
        assert code_of(payload) is Refusal.SIGNATURE_INVALID


def test_nothing_is_said_of_a_command_that_is_not_proved():
    found = proof(signed(body(), key=OTHER_KEY))
    assert (found.command, found.key) == (None, None)


@given(st.binary(max_size=60), st.binary(max_size=60), st.sampled_from(["EdDSA", "none", "<script>", "x" * 40]))
def test_a_refusal_repeats_nothing_of_who_is_not_proved(header, payload, alg):
    fixed = {
        "not a compact JWS",
        "its header holds more than alg, kid, typ",
        "its header does not say that it is a gate-command+jwt",
        "it is not spelt as base64url without padding",
        "its algorithm is neither Ed25519 nor EdDSA",
        "no key of this id is in the gate's settings",
        "its signature is not of this key",
    }
    for made in (
        header + b"." + payload,
        forged(header, payload),
        forged({"alg": alg, "kid": "k\nx"}, payload),
        forged({"alg": alg, "kid": KID, alg: 1}, payload),
        forged({"alg": alg, "kid": KID}, payload, key=OTHER_KEY),
    ):
        found = proof(made)
        assert found.detail in fixed or found.detail.endswith("beyond ASCII")


def test_too_many_signatures_are_not_checked():
    found = prove(letter(GOOD), GATE, KEYS, lambda: False)
    assert found.code is Refusal.RATE_LIMITED
    assert prove(letter(signed(body(), kid="nobody")), GATE, KEYS, lambda: False).code is Refusal.KEY_UNKNOWN


@pytest.mark.parametrize(
    "changes",
    [
        {"more": 1},
        {"id": "5"},
        {"id": "C0FFEE00-0000-4000-8000-000000000000"},
        {"id": f"{body()['id']}\n"},
        {"name": "self_destruct"},
        {"name": 5},
        {"lane": None},
        {"lane": ""},
        {"operator": ""},
        {"operator": "x" * 65},
        {"operator": "two\nlines"},
        {"cause": ""},
        {"cause": "x" * 201},
        {"cause": "\x1b[2J"},
        {"cause": "turned \u202e round"},
        {"counter": 0},
        {"counter": -1},
        {"counter": 1.0},
        {"counter": "1"},
        {"counter": True},
        {"counter": 2**63},
        {"counter": 10**300},
        {"iat": -1},
        {"iat": UTC + 0.5},
        {"exp": UTC},
        {"exp": 10**15},
        {"challenge": ""},
        {"challenge": "x" * 65},
        {"gate": 7},
        {"arguments": {"force": True}},
        {"arguments": []},
        {"arguments": None},
    ],
)
def test_a_body_that_is_not_exactly_right_is_refused_but_its_key_is_known(changes):
    found = proof(signed(body() | changes))
    assert (found.code, found.key) == (Refusal.BODY_INVALID, KID)
    assert len(found.detail) <= 200


@pytest.mark.parametrize("field", [field for field in body() if field != "lane"])
def test_no_field_may_be_left_out(field):
    fields = body()
    del fields[field]
    assert code_of(signed(fields)) is Refusal.BODY_INVALID


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("replay", {}),
        ("replay", {"stream": "s", "first": 0, "last": 1}),
        ("replay", {"stream": "s", "first": 2, "last": 1}),
        ("replay", {"stream": "s", "first": 1, "last": 2**31}),
        ("send_evidence", {"pictures": []}),
        ("send_evidence", {"pictures": ["ab" * 32] * 65}),
        ("send_evidence", {"pictures": ["../../etc/passwd"]}),
        ("send_evidence", {"pictures": ["AB" * 32]}),
        ("send_evidence", {"pictures": "ab" * 32}),
        ("snapshot", {}),
        ("set_log_level", {"level": "trace", "for_s": 1}),
        ("set_log_level", {"level": "debug", "for_s": 86_401}),
        ("set_log_level", {"level": "debug"}),
        ("reload_lists", {"url": "x"}),
        ("erase", {}),
        ("erase", {"digest": "新B7C386"}),
        ("erase", {"stream": "s", "first": 1}),
        ("erase", {"first": 1, "last": 2}),
        ("erase", {"stream": "s", "first": 2, "last": 1}),
        ("erase", {"digest": "ab" * 32, "last": 2}),
    ],
)
def test_arguments_must_be_those_of_the_command(name, arguments):
    assert code_of(signed(body(name, arguments=arguments)), name) is Refusal.BODY_INVALID


@pytest.mark.parametrize("name", ["replay", "send_evidence", "reload_lists", "set_log_level", "erase"])
def test_a_command_of_the_whole_gate_names_no_lane(name):
    assert code_of(signed(body(name, lane="in-1")), name) is Refusal.BODY_INVALID


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"[" * 5000,
        b'{"a":' * 900,
        b"\xff",
        PAYLOAD[:-1],
        PAYLOAD + b"x",
        PAYLOAD[:-1] + b',"counter":9}',
        PAYLOAD.replace(b'"counter": 1', b'"counter": NaN'),
        PAYLOAD.replace(b'"counter": 1', b'"counter": Infinity'),
        PAYLOAD.replace(b'"counter": 1', b'"counter": ' + b"9" * 5000),
        PAYLOAD.replace(b"test", rb"\ud800"),
        PAYLOAD.replace(b"test", b"\xed\xa0\x80"),
        PAYLOAD.replace(b"test", rb"\u0000"),
        b"\xef\xbb\xbf" + PAYLOAD,
    ],
)
def test_signed_bytes_that_are_no_json_object_are_refused(payload):
    assert code_of(signed(payload)) is Refusal.BODY_INVALID


def test_a_command_for_another_gate_or_by_another_topic_is_refused_by_name():
    fields = body(gate="khorgos-04")
    found = proof(signed(fields))
    assert (found.code, found.command, found.key) == (Refusal.WRONG_GATE, fields["id"], KID)
    assert code_of(signed(body("open")), "hold") is Refusal.WRONG_TOPIC
    assert code_of(signed(body("open")), "") is Refusal.WRONG_TOPIC


def test_a_key_signs_only_what_it_may():
    proved = proof(signed(body(), key=OTHER_KEY, kid=READER))
    assert judge(proved, situation()).code is Refusal.NOT_PERMITTED


@pytest.mark.parametrize(
    ("fields", "changes", "code"),
    [
        ({"iat": UTC + 32, "exp": UTC + 50}, {}, Refusal.NOT_YET_VALID),
        ({"iat": UTC + 31, "exp": UTC + 50}, {}, None),
        ({}, {"utc": UTC + 20.0}, Refusal.EXPIRED),
        ({}, {"utc": UTC + 19.9}, None),
        ({}, {"waited_s": 20.0}, Refusal.EXPIRED),
        ({}, {"utc": None, "waited_s": 20.0}, Refusal.EXPIRED),
        ({"exp": UTC + 121}, {}, Refusal.LIFE_TOO_LONG),
        ({"exp": UTC + 120}, {}, None),
        ({"exp": UTC + 121}, {"utc": None}, Refusal.LIFE_TOO_LONG),
        ({"iat": 1, "exp": 2}, {"utc": None}, None),
        ({"iat": 1, "exp": 2}, {}, Refusal.EXPIRED),
        ({"challenge": "c0ffee0"}, {}, Refusal.CHALLENGE_WRONG),
        ({}, {"challenges": ()}, Refusal.CHALLENGE_WRONG),
        ({}, {"challenges": ("before", CHALLENGE)}, None),
        ({"counter": 5}, {"counter": 5}, Refusal.COUNTER_USED),
        ({"counter": 6}, {"counter": 5}, None),
        ({"lane": "out-9"}, {}, Refusal.LANE_UNKNOWN),
    ],
)
def test_the_moment_must_be_right(fields, changes, code):
    found = judged(body(**fields), **changes)
    assert (found.code if isinstance(found, RefusedCommand) else None) is code


def test_the_first_check_that_fails_decides():
    """A command that is wrong in every way, corrected step by step, meets the codes in the order of Refusal."""
    wrong = body(
        gate="other", name="open", lane="none", challenge="old", iat=UTC + 500, exp=UTC + 900, counter=1, cause="\n"
    )
    now = {"counter": 1}
    steps = [
        lambda: code_of(signed(wrong, key=OTHER_KEY), "hold", retained=True),
        lambda: code_of(signed(wrong, key=OTHER_KEY) + b"x" * 9000, "hold"),
        lambda: code_of(signed(wrong, key=OTHER_KEY) + b".", "hold"),
        lambda: code_of(forged({"alg": "none", "kid": "nobody"}, json.dumps(wrong).encode()), "hold"),
        lambda: code_of(forged({"alg": "EdDSA", "kid": "nobody", "typ": "JOSE"}, json.dumps(wrong).encode()), "hold"),
        lambda: code_of(signed(wrong, key=OTHER_KEY, kid="nobody"), "hold"),
        lambda: code_of(signed(wrong, key=OTHER_KEY), "hold"),
        lambda: code_of(signed(wrong), "hold"),
        lambda: code_of(signed(wrong | {"cause": "c"}), "hold"),
        lambda: code_of(signed(wrong | {"cause": "c", "gate": GATE}), "hold"),
    ]
    corrected = wrong | {"cause": "c", "gate": GATE}
    barred = proof(signed(corrected, key=OTHER_KEY, kid=READER))
    steps += [
        lambda: judge(barred, situation(**now)).code,
        lambda: judged(corrected, **now).code,
        lambda: judged(corrected | {"iat": 1, "exp": 900}, **now).code,
        lambda: judged(corrected | {"iat": UTC}, **now).code,
        lambda: judged(corrected | {"iat": UTC, "exp": UTC + 9}, **now).code,
        lambda: judged(corrected | {"iat": UTC, "exp": UTC + 9, "challenge": CHALLENGE}, **now).code,
        lambda: judged(corrected | {"iat": UTC, "exp": UTC + 9, "challenge": CHALLENGE, "counter": 2}, **now).code,
    ]
    of_gates = [code for code in Refusal if code not in {Refusal.WRONG_GROUP, Refusal.CLOCK_UNSURE}]
    assert [step() for step in steps] == of_gates[: len(steps)]


@given(st.binary(max_size=400), st.text(max_size=20), st.booleans())
def test_no_bytes_raise(payload, name, retained):
    assert isinstance(prove(letter(payload, name, retained=retained), GATE, KEYS), RefusedCommand)


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5),
    st.sampled_from([*body(), "arguments", "x"]),
)
def test_no_signed_value_in_any_field_raises(value, field):
    found = proof(signed(json.dumps(body() | {field: value}).encode("utf-8", "surrogatepass")))
    if isinstance(found, Proved):
        assert isinstance(judge(found, situation()), Command | RefusedCommand)


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_no_flipped_bit_is_taken(place, flip):
    spoilt = bytearray(GOOD)
    spoilt[place] ^= flip
    assert isinstance(proof(bytes(spoilt)), RefusedCommand)
