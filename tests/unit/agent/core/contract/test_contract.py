"""The contract: its schemas hold what the gate writes and nothing less, and its AsyncAPI document is one."""

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from agent.broker import GroupTopics, Topics
from agent.core.commands.body import BODIES
from agent.core.commands.command import Refusal, Result
from agent.core.commands.group_body import GROUP_BODIES
from agent.core.contract import examples
from agent.core.contract.asyncapi import asyncapi
from agent.core.contract.channels import CHANNELS
from agent.core.contract.schemas import EVENTS, MESSAGES, closed, known_values, schemas, written
from agent.core.crypto import JwsType, jws
from agent.core.crypto.keys import Algorithm, PublicKey
from agent.core.events.chain import Point
from agent.core.events.chain_verification import verify
from agent.core.events.checkpoint import Checkpoint, opened
from agent.core.events.event_types import Alarm
from agent.core.model import CommandName, Outcome
from agent.core.model.reasons import Reason, Verdict
from tests.support.mqtt.contract_check import formats
from tests.support.waiting import PATIENCE_S

OFFICIAL = Path(__file__).parents[4] / "data" / "asyncapi"
EXAMPLES = {
    **{f"event/{kind}": examples.event_example(kind) for kind in EVENTS},
    **{f"command/{name}": json.dumps(examples.command_claims(name)) for name in CommandName},
    **{f"command/group/{name}": json.dumps(examples.group_command_claims(name)) for name in GROUP_BODIES},
    "status": examples.status_example(),
    "birth": examples.birth_example(),
    "health": examples.health_example(),
    "ack": examples.ack_example(),
    "result": examples.result_example(CommandName.OPEN),
}
SCHEMAS = schemas()
NAMES = sorted(SCHEMAS)
OPEN_NAMES = [name for name in NAMES if not name.startswith("command/")]


def dialect(draft):
    """The validator of a JSON Schema dialect. It is imported here, for that takes seconds, in every worker."""
    return getattr(importlib.import_module("jsonschema"), f"Draft{draft}Validator")


def faults(schema, value):
    return [fault.message for fault in dialect(202012)(schema, format_checker=formats()).iter_errors(value)]


def inner(value, place=()):
    """Every object in a JSON value, with where it stands."""
    if isinstance(value, dict):
        yield place, value
        for name, one in value.items():
            yield from inner(one, (*place, name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from inner(one, (*place, number))


def at(value, place):
    for step in place:
        value = value[step]
    return value


def changed_copy(value, place, name, new):
    """A copy of a JSON value with one member set, or removed when `new` is ..."""
    copy = json.loads(json.dumps(value))
    target = at(copy, place)
    if new is ...:
        target.pop(name, None)  # a field that may be absent need not be there
    else:
        target[name] = new
    return copy


# ---------------------------------------------------------------------------------------------------------- schemas


def test_there_is_a_schema_and_an_example_of_every_event_every_command_and_every_message():
    assert set(EXAMPLES) == set(NAMES)
    assert {name.removeprefix("event/") for name in NAMES if name.startswith("event/")} == set(EVENTS)
    commands = {name.removeprefix("command/") for name in NAMES if name.startswith("command/")}
    assert commands == {*CommandName, *(f"group/{name}" for name in GROUP_BODIES)}


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one_of_its_dialect_and_names_itself(name):
    schema = SCHEMAS[name]
    dialect(202012).check_schema(schema)
    assert schema["$id"].startswith("urn:gate-agent:")
    assert schema["title"]
    assert schema["description"]


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_valid_and_names_nothing_that_the_schema_does_not(name):
    assert faults(closed(SCHEMAS[name]), json.loads(EXAMPLES[name])) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_message_without_a_required_field_or_with_another_type_in_it_is_invalid(name):
    schema, example = SCHEMAS[name], json.loads(EXAMPLES[name])
    assert schema["required"]
    for field in schema["required"]:
        assert faults(schema, changed_copy(example, (), field, ...)), f"{field} can be left out"
        assert faults(schema, changed_copy(example, (), field, [[]])), f"{field} can be anything"


@pytest.mark.parametrize("kind", EVENTS)
def test_the_fields_of_an_event_without_a_default_are_required_and_typed(kind):
    schema, example = SCHEMAS[f"event/{kind}"], json.loads(EXAMPLES[f"event/{kind}"])
    for name, field in EVENTS[kind].model_fields.items():
        missing = faults(schema, changed_copy(example, ("data",), name, ...))
        assert bool(missing) == field.is_required(), name
        assert faults(schema, changed_copy(example, ("data",), name, {"no": ["such"]})), name


@pytest.mark.parametrize("name", OPEN_NAMES)
def test_a_reader_that_validates_accepts_fields_of_a_later_version(name):
    schema, example = SCHEMAS[name], json.loads(EXAMPLES[name])
    for place, _ in inner(example):
        later = changed_copy(example, place, "field_of_tomorrow", {"any": 1})
        free = place and place[-1] in {
            "devices",
            "lanes",
            "driver_messages",
            "driver_outputs",
            "acks",
            "cameras",
            "relays_ms",
            "command_keys",
            "values",
        }  # names that are data have values of one type
        if not free:
            assert faults(schema, later) == [], place


def test_a_reader_that_validates_accepts_values_of_a_later_version():
    event = json.loads(examples.event_example("transaction.closed"))
    event["data"]["outcome"] = "towed_away"
    schema = SCHEMAS["event/transaction.closed"]
    assert faults(schema, event) == []
    assert faults(closed(schema), event)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("event/transaction.closed", Outcome),
        ("event/transaction.closed", Reason),
        ("event/alarm.raised", Alarm),
        ("event/access.decided", Verdict),
        ("event/command.refused", Refusal),
        ("event/command.executed", Result),
        ("result", Result),
    ],
)
def test_a_schema_lists_the_values_of_today(path, values):
    assert known_values(SCHEMAS[path]["$defs"][values.__name__]) == [value.value for value in values]


def parts(schema):
    """Every schema inside a schema, itself included."""
    yield schema
    for word in ("properties", "$defs"):
        for one in schema.get(word, {}).values():
            yield from parts(one)
    for one in schema.get("anyOf", ()):
        yield from parts(one)
    for word in ("items", "additionalProperties", "propertyNames"):
        if isinstance(schema.get(word), dict):
            yield from parts(schema[word])


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_has_a_title_or_only_refers_to_one_that_has(name):
    untitled = [one for one in parts(SCHEMAS[name]) if not re.fullmatch("[A-Z][A-Za-z0-9]+", one.get("title", ""))]
    assert [one for one in untitled if "$ref" not in one] == []


def test_no_two_things_have_one_title_so_generators_mix_up_nothing():
    meant = {}
    for schema in SCHEMAS.values():
        for one in parts(schema):
            if "title" in one:
                meaning = {word: value for word, value in one.items() if word not in {"$defs", "$id", "$schema"}}
                assert meant.setdefault(one["title"], meaning) == meaning, one["title"]
    assert len({title.lower() for title in meant}) == len(meant), "titles that differ in their capitals alone"


PLAIN_WORDS = {
    *("$schema", "$id", "$ref", "$defs", "title", "description", "default", "type", "enum", "const", "anyOf"),
    *("properties", "required", "additionalProperties", "propertyNames", "items", "format", "pattern"),
    *("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"),
}
OF_A_TYPE = {
    **dict.fromkeys(("minimum", "maximum"), ("integer", "number")),
    **dict.fromkeys(("format", "pattern", "minLength", "maxLength"), ("string",)),
    **dict.fromkeys(("minItems", "maxItems", "items"), ("array",)),
    **dict.fromkeys(("properties", "required", "additionalProperties", "propertyNames"), ("object",)),
}


@pytest.mark.parametrize("name", NAMES)
def test_strict_validators_find_plain_words_only_and_each_beside_its_one_type(name):
    for one in parts(SCHEMAS[name]):
        assert one.keys() <= PLAIN_WORDS, one["title"]
        assert isinstance(one.get("type", ""), str), one["title"]
        for word in one.keys() & OF_A_TYPE.keys():
            assert one.get("type") in OF_A_TYPE[word], (one["title"], word)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("command/")])
def test_a_command_with_a_field_that_is_not_in_the_contract_is_invalid_as_it_is_at_the_gate(name):
    example = json.loads(EXAMPLES[name])
    for place, _ in inner(example):
        wrong = changed_copy(example, place, "extra", 1)
        assert faults(SCHEMAS[name], wrong)
        with pytest.raises(ValueError, match="extra"):
            BODIES[CommandName(example["name"])].model_validate_json(json.dumps(wrong))


@pytest.mark.parametrize("model", [*EVENTS.values(), *MESSAGES.values(), *dict.fromkeys(BODIES.values())])
def test_every_field_is_explained(model):
    undescribed = [name for name, field in model.model_fields.items() if not field.description]
    assert undescribed in ([], ["name", "lane", "arguments"], ["name", "arguments"])


def test_a_gate_that_can_say_only_its_state_is_within_the_contract():
    assert faults(closed(SCHEMAS["status"]), {"state": "online"}) == []


# --------------------------------------------------------------------------------------------------------- examples


def test_the_example_chain_holds_and_its_checkpoint_and_status_are_signed_by_the_key_that_the_birth_names():
    sealed = examples.chain()
    head = Point(examples.STREAM, sealed[-1].seq, sealed[-1].digest)
    assert verify((one.payload for one in sealed), head=head).whole
    birth, status = json.loads(examples.birth_example()), json.loads(examples.status_example())
    key = PublicKey(Algorithm.ED25519, bytes.fromhex(birth["key"]["public"]))
    assert jws.kid_of(key) == birth["key"]["kid"]
    place = next(number for number, one in enumerate(sealed) if one.type == "chain.checkpoint")
    signed = opened(json.loads(sealed[place].payload)["data"]["signature"], key, Checkpoint)
    assert (signed.seq, signed.digest) == (sealed[place - 1].seq, sealed[place - 1].digest)
    now = opened(status["checkpoint"], key, Checkpoint)
    assert (now.gate, now.stream, now.seq, now.digest) == (examples.GATE, head.stream, head.seq, head.digest)


def test_the_example_commands_are_signed_and_are_commands_that_the_gate_reads():
    for name in CommandName:
        payload = jws.verified(examples.command_example(name), examples.COMMAND_KEY.public, JwsType.COMMAND)
        assert BODIES[name].model_validate_json(payload).name == name


def test_an_unknown_type_has_no_example():
    with pytest.raises(LookupError, match=r"no example of gate\.sold"):
        examples.event_example("gate.sold")


# --------------------------------------------------------------------------------------------------------- AsyncAPI


@pytest.fixture(scope="module")
def official():
    schema = json.loads((OFFICIAL / "3.1.0.json").read_text("utf-8"))
    assert schema["$schema"].startswith("http://json-schema.org/draft-07/schema")
    return dialect(7)(schema)


def test_the_document_is_valid_by_the_official_schema(official):
    assert [fault.message[:200] for fault in official.iter_errors(asyncapi())] == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.pop("info"),
        lambda document: document["operations"]["send.status"].update(action="publish"),
        lambda document: document["operations"]["send.status"]["bindings"]["mqtt"].update(qos=3),
        lambda document: document["components"]["messages"]["ack"].update(unheard=1),
    ],
)
def test_the_official_schema_is_able_to_refuse_the_document(official, spoil):
    document = json.loads(written(asyncapi()))
    spoil(document)
    assert not official.is_valid(document)


def test_every_reference_in_the_document_leads_somewhere():
    document = json.loads(written(asyncapi()))
    references = [one["$ref"] for _, one in inner(document) if "$ref" in one]
    references += [one["x-jws-payload"] for _, one in inner(document) if "x-jws-payload" in one]
    assert len(references) > 300
    for reference in references:
        value = document
        for step in reference.removeprefix("#/").split("/"):
            value = value[step]
        assert isinstance(value, dict), reference


def test_the_examples_in_the_document_are_valid_by_the_schemas_in_the_document():
    document = json.loads(written(asyncapi()))
    messages = document["components"]["messages"]
    assert [name for name, message in messages.items() if "examples" not in message] == ["evidence"]
    for name, message in messages.items():
        for part in ("payload", "headers"):
            schema = {**message.get(part, {}), "components": document["components"]}
            validator = dialect(7)(schema, format_checker=formats())
            for example in message.get("examples", []):
                found = [fault.message for fault in validator.iter_errors(example.get(part, {}))]
                assert found == [], name
            assert part == "headers" or not validator.is_valid([]), name


def test_the_topics_are_those_of_the_link():
    topics = Topics("khorgos-03")
    theirs = {
        **{f"event.{kind}": topics.event(kind) for kind in EVENTS},
        **{f"command.{name}": topics.command(name) for name in CommandName},
        **{f"group.command.{name}": GroupTopics("north").command(name) for name in GROUP_BODIES},
        **{f"result.{name}": topics.result(name) for name in CommandName},
        "status": topics.status,
        "birth": topics.birth,
        "health": topics.health,
        "ack": topics.ack,
        "evidence": f"{topics.root}/evidence/{{sha256}}",
    }
    filled = {one.name: one.address.replace("{gate}", "khorgos-03").replace("{group}", "north") for one in CHANNELS}
    assert filled == theirs


def test_the_gate_sends_all_but_acknowledgements_and_commands():
    received = {name for name, one in asyncapi()["operations"].items() if one["action"] == "receive"}
    to_groups = (f"receive.group.command.{name}" for name in GROUP_BODIES)
    assert received == {"receive.ack", *(f"receive.command.{name}" for name in CommandName), *to_groups}


def test_a_command_says_where_its_result_comes():
    operations = asyncapi()["operations"]
    for name in CommandName:
        reply = operations[f"receive.command.{name}"]["reply"]
        assert reply["channel"] == {"$ref": f"#/channels/result.{name}"}


def test_the_same_code_writes_the_same_bytes_whatever_the_order_of_sets():
    command = [
        sys.executable,
        "-c",
        (
            "from agent.core.contract import asyncapi, schemas as s; print(s.written(asyncapi.asyncapi()), "
            "s.written(s.schemas()))"
        ),
    ]
    made = {
        subprocess.run(
            command, env=os.environ | {"PYTHONHASHSEED": seed}, check=True, capture_output=True, timeout=PATIENCE_S
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1
