"""Commands to a group of gates: bound to the group and the command, proved fresh by time and counter alone."""

import json

import pytest

from agent.core.commands.body import SAYABLE_MESSAGES
from agent.core.commands.check import Proved, ReceivedCommand, RefusedCommand, judge, prove
from agent.core.commands.command import GROUP_COMMANDS, LANE_COMMANDS, Refusal
from agent.core.commands.group_body import GROUP_BODIES
from agent.core.commands.issue import CommandInvalidError, make, make_for_group, sign
from agent.core.crypto import JwsType
from agent.core.model import CommandName, DriverMessage
from agent.i18n.drive_on_words import GO
from tests.support.mqtt.commanding import (
    GATE,
    KEY,
    KEYS,
    KID,
    OTHER_KEY,
    READER,
    UTC,
    body,
    coded,
    group_signed,
    signed,
    situation,
)

GROUP = "north"


def group_body(name="rebirth", **changes):
    fields = body(name, **changes)
    del fields["gate"], fields["challenge"]
    fields.pop("lane", None)
    return {"group": GROUP} | fields | changes


def proof(payload, name="rebirth", group=GROUP, *, gate=GATE, retained=False):
    return prove(ReceivedCommand(name, payload, retained, group), gate, KEYS)


def code_of(found):
    assert isinstance(found, RefusedCommand), found
    return found.code


def judged(fields, name="rebirth", **changes):
    found = proof(group_signed(fields), name)
    assert isinstance(found, Proved), found
    return judge(found, situation(**changes))


@pytest.mark.parametrize("name", sorted(GROUP_COMMANDS))
def test_what_moves_nothing_can_be_ordered_of_a_group(name):
    arguments = {
        "display": {"message": "wait", "seconds": 60},
        "set_log_level": {"level": "debug", "for_s": 60},
    }.get(name.value, {})
    command = judged(group_body(name.value, arguments=arguments), name.value)
    assert (command.name, command.group, command.lane) == (name, GROUP, None)


def test_no_barrier_and_no_lane_is_ordered_of_a_group():
    assert {CommandName.DISPLAY} == GROUP_COMMANDS & LANE_COMMANDS
    assert GROUP_BODIES.keys() == GROUP_COMMANDS
    assert not GROUP_COMMANDS & {CommandName.UPLOAD_GRANT, CommandName.SEND_EVIDENCE, CommandName.REPLAY}


@pytest.mark.parametrize("name", sorted(set(CommandName) - GROUP_COMMANDS))
def test_what_is_for_one_gate_is_refused_by_every_gate_of_a_group(name):
    fields = group_body(name.value, arguments={})
    assert code_of(proof(group_signed(fields), name.value)) is Refusal.BODY_INVALID
    assert code_of(proof(group_signed({**fields, "lane": "in-1"}), name.value)) is Refusal.BODY_INVALID
    with pytest.raises(CommandInvalidError, match="is only for a single gate"):
        make_for_group(name, {}, utc=UTC, life_s=20)


def test_the_signature_binds_the_group():
    payload = group_signed(group_body())
    assert isinstance(proof(payload), Proved)
    assert code_of(proof(payload, group="south")) is Refusal.WRONG_GROUP


def test_the_signature_binds_the_command():
    assert code_of(proof(group_signed(group_body()), "send_bundle")) is Refusal.WRONG_TOPIC


def test_a_command_to_a_group_is_none_to_a_gate_and_the_other_way_round():
    payload = group_signed(group_body())
    assert code_of(proof(payload, group="")) is Refusal.WRONG_TYPE
    to_gate = signed(body("rebirth"))
    assert code_of(proof(to_gate)) is Refusal.WRONG_TYPE


def test_the_header_alone_does_not_make_a_command_to_a_gate_one_to_a_group():
    fields = body("rebirth")
    assert code_of(proof(group_signed(fields))) is Refusal.BODY_INVALID
    assert code_of(proof(group_signed({**fields, "group": GROUP}))) is Refusal.BODY_INVALID
    assert code_of(proof(group_signed({**group_body(), "gate": GATE}))) is Refusal.BODY_INVALID
    assert code_of(proof(group_signed(group_body(), kind=JwsType.COMMAND), group="")) is Refusal.BODY_INVALID


def test_one_without_a_type_was_never_obeyed():
    head = {"alg": "Ed25519", "kid": KID}
    raw = b".".join(coded(json.dumps(part).encode()) for part in (head, group_body()))
    assert code_of(proof(raw + b"." + coded(KEY.sign(raw)))) is Refusal.WRONG_TYPE


def test_while_the_clock_is_not_synchronised_none_is_obeyed():
    found = judged(group_body(), utc=None)
    assert code_of(found) is Refusal.CLOCK_UNSURE


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"utc": UTC + 20.0}, Refusal.EXPIRED),
        ({"utc": UTC + 86_400.0}, Refusal.EXPIRED),
        ({"utc": UTC - 31.0}, Refusal.NOT_YET_VALID),
        ({"waited_s": 20.0}, Refusal.EXPIRED),
        ({"max_life_s": 19}, Refusal.LIFE_TOO_LONG),
        ({"counter": 1}, Refusal.COUNTER_USED),
    ],
)
def test_time_and_counter_prove_that_it_is_fresh(changes, code):
    assert code_of(judged(group_body(), **changes)) is code


def test_it_needs_no_challenge_and_has_none():
    assert judged(group_body(), challenges=()).group == GROUP
    assert code_of(proof(group_signed({**group_body(), "challenge": "c0ffee"}))) is Refusal.BODY_INVALID


def test_another_key_a_retained_one_and_one_without_the_right_are_refused():
    assert code_of(proof(group_signed(group_body(), key=OTHER_KEY))) is Refusal.SIGNATURE_INVALID
    assert code_of(proof(group_signed(group_body()), retained=True)) is Refusal.RETAINED
    found = judge(proof(group_signed(group_body(), key=OTHER_KEY, kid=READER)), situation())
    assert code_of(found) is Refusal.NOT_PERMITTED


@pytest.mark.parametrize("group", ["", "North", "a.b", "a/b", "+", "#", "a" * 33, "a--b"])
def test_what_is_no_group_is_refused(group):
    assert code_of(proof(group_signed(group_body(group=group)))) is Refusal.BODY_INVALID


def test_arguments_that_are_of_one_gate_are_refused():
    told = {"texts": {"en": "Please wait"}, "seconds": 9, "transaction": "20260301080000070001"}
    assert code_of(proof(group_signed(group_body("display", arguments=told)), "display")) is Refusal.BODY_INVALID
    bundle = group_body("send_bundle", arguments={"url": "https://store.example/a"})
    assert code_of(proof(group_signed(bundle), "send_bundle")) is Refusal.BODY_INVALID


def test_what_central_makes_is_what_a_gate_takes():
    made = make_for_group(
        CommandName.DISPLAY,
        {
            "group": GROUP,
            "operator": "A. Serik",
            "cause": "the customs system is down",
            "counter": 7,
            "arguments": {"message": "wait", "seconds": "60"},
        },
        utc=UTC,
        life_s=60,
    )
    found = proof(sign(made, KEY, KID).encode(), "display")
    assert judge(found, situation()).arguments["message"] is DriverMessage.WAIT


def test_an_upload_grant_is_written_as_name_and_url():
    fields = {
        "gate": GATE,
        "operator": "o",
        "cause": "c",
        "challenge": "x",
        "counter": 1,
        "arguments": {f"uploads.{'ab' * 32}": "https://store.example/a?b=c", "for_s": "60"},
    }
    made = make(CommandName.UPLOAD_GRANT, fields, utc=UTC, life_s=20)
    assert [(one.sha256, one.url) for one in made.arguments.uploads] == [("ab" * 32, "https://store.example/a?b=c")]
    with pytest.raises(CommandInvalidError, match="uploads"):
        make(CommandName.UPLOAD_GRANT, {**fields, "arguments": {"uploads.x": "y", "for_s": "60"}}, utc=UTC, life_s=20)


@pytest.mark.parametrize(
    "arguments",
    [
        {"uploads": [], "for_s": 60},
        {"uploads": [{"sha256": "ab" * 32, "url": "https://s/a"}] * 2, "for_s": 60},
        {"uploads": [{"sha256": f"{n:064x}", "url": "https://s/a"} for n in range(17)], "for_s": 60},
        {"uploads": [{"sha256": "ab" * 32, "url": "ftp://s/a"}], "for_s": 60},
        {"uploads": [{"sha256": "ab" * 32, "url": "https://s/ a"}], "for_s": 60},
        {"uploads": [{"sha256": "ab" * 32, "url": "https://s/" + "a" * 2048}], "for_s": 60},
        {"uploads": [{"sha256": "AB" * 32, "url": "https://s/a"}], "for_s": 60},
        {"uploads": [{"sha256": "ab" * 32, "url": "https://s/a"}], "for_s": 0},
        {"uploads": [{"sha256": "ab" * 32, "url": "https://s/a", "method": "GET"}], "for_s": 60},
    ],
)
def test_a_grant_that_is_not_as_it_should_be_is_refused_and_names_no_url(arguments):
    found = prove(
        ReceivedCommand("upload_grant", signed(body("upload_grant", arguments=arguments)), retained=False), GATE, KEYS
    )
    assert code_of(found) is Refusal.BODY_INVALID
    assert "//s/" not in found.detail


def test_no_message_that_lets_a_driver_drive_may_be_ordered():
    assert not set(SAYABLE_MESSAGES) & {*GO, DriverMessage.WELCOME, DriverMessage.FROM_CENTRAL}
    for message in GO:
        fields = body("display", arguments={"message": message.value, "seconds": 9})
        found = prove(ReceivedCommand("display", signed(fields), retained=False), GATE, KEYS)
        assert code_of(found) is Refusal.BODY_INVALID
