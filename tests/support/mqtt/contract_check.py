"""Holds any message of the topic tree against the published contract, docs/contract/v1."""

import base64
import hashlib
import json
from datetime import datetime
from functools import cache
from pathlib import Path

from agent.core.contract.schemas import closed

PUBLISHED = Path(__file__).parents[3] / "docs" / "contract" / "v1"
JPEG = b"\xff\xd8"


@cache
def formats():
    """What `format` means in the published schemas."""
    # Imported here, for it takes seconds, and every worker imports every module of tests.
    from jsonschema import FormatChecker  # noqa: PLC0415

    checker = FormatChecker(["uuid"])
    checker.checks("date-time", ValueError)(_is_time)
    return checker


def _is_time(value):
    return not isinstance(value, str) or (value.endswith("Z") and bool(datetime.fromisoformat(value)))


@cache
def published(name):
    """A published schema by its path without `.json`, such as `event/gate.started` or `status`."""
    return json.loads((PUBLISHED / f"{name}.json").read_text("utf-8"))


@cache
def validator(name, *, known=True):
    """The validator of a published schema. `known`: fields and values that the schema does not name are faults too."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - as above

    schema = published(name)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(closed(schema) if known else schema, format_checker=formats())


def assert_valid(topic, payload, *, known=True):
    """Fail unless `payload` (bytes, or text) is what the published contract says of `topic`; return its JSON value.

    `known=False` lets through what a reader must let through: fields and values of a later version. The signature of a
    command is not checked; a picture is checked against its topic and returned as it is.
    """
    raw = payload.encode() if isinstance(payload, str) else payload
    levels = topic.split("/")
    assert levels[:2] == ["gate", "v1"], f"{topic} is not below gate/v1"
    match levels[3:]:
        case ["event", kind]:
            name, value = f"event/{kind}", json.loads(raw)
        case [("status" | "birth" | "health" | "ack") as name]:
            value = json.loads(raw)
        case ["res", _]:
            name, value = "result", json.loads(raw)
        case ["cmd", name_of_command]:
            name, value = f"command/{name_of_command}", _claims(raw)
        case ["evidence", digest]:
            assert hashlib.sha256(raw).hexdigest() == digest, f"{topic}: another picture"
            assert raw.startswith(JPEG), f"{topic}: no JPEG"
            return raw
        case _:
            raise AssertionError(f"{topic} is not in the contract")
    assert (PUBLISHED / f"{name}.json").is_file(), f"{topic}: the contract has no {name}"
    faults = [f"{fault.json_path}: {fault.message}" for fault in validator(name, known=known).iter_errors(value)]
    assert not faults, f"{topic}: " + "; ".join(faults)
    if name.startswith("event/"):
        assert value["source"] == f"/gate/{levels[2]}", f"{topic}: an event of {value['source']}"
    return value


def _claims(jws):
    _header, payload, _signature = jws.split(b".")
    return json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
