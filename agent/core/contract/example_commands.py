"""An example of each command and of its result."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from agent.core.commands import BODIES, GROUP_BODIES, LANE_COMMANDS, Result
from agent.core.contract.example_values import (
    BUNDLE,
    CHALLENGE,
    COMMAND_ID,
    COMMAND_KEY,
    COMMAND_KEY_ID,
    GATE,
    GROUP,
    LANE,
    OPERATOR,
    PICTURES,
    PLATE,
    STORE_HOST,
    STREAM,
    TRANSACTION,
    UTC,
    json_bytes,
)
from agent.core.crypto import JwsType, jws
from agent.core.events import CommandResult, digest_of_value
from agent.core.model import CommandName, DriverMessage

if TYPE_CHECKING:
    from collections.abc import Mapping


def command_claims(name: CommandName) -> dict[str, Any]:
    """The body of an example command."""
    arguments: Mapping[CommandName, Mapping[str, Any]] = {
        CommandName.REPLAY: {"stream": STREAM, "first": 3, "last": 10},
        CommandName.SEND_EVIDENCE: {"pictures": list(PICTURES)},
        CommandName.SNAPSHOT: {"camera": "front"},
        CommandName.DISPLAY: {
            "texts": {"en": "Please go to window 3", "zh": "请到3号窗口"},
            "seconds": 60,
            "transaction": TRANSACTION,
        },
        CommandName.SET_LOG_LEVEL: {"level": "debug", "for_s": 600},
        CommandName.SEND_BUNDLE: {"url": _presigned(BUNDLE), "for_s": 900},
        CommandName.UPLOAD_GRANT: {"uploads": [{"sha256": PICTURES[0], "url": _presigned(PICTURES[0])}], "for_s": 900},
        CommandName.ERASE: {"digest": digest_of_value(PLATE)},
    }
    issued = int(UTC) + 89
    body = {
        "id": COMMAND_ID,
        "gate": GATE,
        "name": name.value,
        "lane": LANE if name in LANE_COMMANDS else None,
        "operator": OPERATOR,
        "cause": "a convoy of 12",
        "challenge": CHALLENGE,
        "counter": 41,
        "iat": issued,
        "exp": issued + 20,
        "arguments": dict(arguments.get(name, {})),
    }
    return BODIES[name].model_validate_json(json_bytes(body)).model_dump(mode="json")


def _presigned(sha256: str) -> str:
    query = "X-Amz-Expires=900&X-Amz-Signature=" + hashlib.sha256(sha256.encode()).hexdigest()
    return f"https://{STORE_HOST}/gates/{GATE}/{sha256}?{query}"


def command_example(name: CommandName) -> str:
    """An example command as it is sent: a compact JWS."""
    return jws.sign(json_bytes(command_claims(name)), COMMAND_KEY, COMMAND_KEY_ID, JwsType.COMMAND)


def group_command_claims(name: CommandName) -> dict[str, Any]:
    """The body of an example command to a group."""
    arguments = {
        CommandName.DISPLAY: {"message": DriverMessage.WAIT, "seconds": 60},
        CommandName.SET_LOG_LEVEL: {"level": "debug", "for_s": 600},
    }
    one = command_claims(name)
    body = {
        **{field: value for field, value in one.items() if field not in {"gate", "challenge", "lane", "arguments"}},
        "group": GROUP,
        "arguments": arguments.get(name, {}),
    }
    return GROUP_BODIES[name].model_validate_json(json_bytes(body)).model_dump(mode="json")


def group_command_example(name: CommandName) -> str:
    """An example command to a group as it is sent: a compact JWS."""
    return jws.sign(json_bytes(group_command_claims(name)), COMMAND_KEY, COMMAND_KEY_ID, JwsType.GROUP_COMMAND)


def result_example(name: CommandName) -> bytes:
    """The result of the example command."""
    done = CommandResult(command=COMMAND_ID, gate=GATE, name=name, result=Result.DONE, challenge=CHALLENGE)
    return done.model_dump_json().encode()
