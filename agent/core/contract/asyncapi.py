"""The contract as one AsyncAPI 3.1.0 document, from the gate's view.

The gate sends events, and receives acknowledgements and commands.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from agent.core.commands import GROUP_BODIES
from agent.core.contract import examples
from agent.core.contract.channels import (
    ACK,
    BIRTH,
    CHANNELS,
    EVIDENCE,
    HEALTH,
    JOSE,
    STATUS,
    command_channel,
    event_channel,
    group_command_channel,
    result_channel,
)
from agent.core.contract.schemas import EVENTS, TITLES, changed, schemas
from agent.core.contract.titles import capitalised
from agent.core.crypto import JwsType
from agent.core.events import SCHEMA_VERSION
from agent.core.model import CommandName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.core.contract.channels import Channel
    from agent.core.contract.schemas import Schema

Node: TypeAlias = dict[str, Any]

VERSION: Final = "3.1.0"
BINDING: Final = "0.2.0"
COMPACT_JWS: Final = r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$"
WILL_DELAY_S: Final = 10
SESSION_EXPIRY_S: Final = 15
INTRODUCTION: Final = (
    "The messages between a gate and the central system over MQTT 5. The gate keeps every event until central "
    "acknowledges it. An event may arrive more than once, but always with the same bytes. New versions only add "
    "fields, types and values, so a consumer must accept what it does not know. docs/events.md explains the messages."
)


def asyncapi() -> Node:
    """The document, JSON values only."""
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "Gate events",
            "version": str(SCHEMA_VERSION),
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": dict(_operation(channel) for channel in CHANNELS),
        "components": {
            "messages": _messages(),
            "messageBindings": _message_bindings(),
            "parameters": {
                "gate": {"description": "The gate id: the CN of the gate's certificate.", "examples": [examples.GATE]},
                "group": {
                    "description": "The group of gates, as in `fleet.groups` of their configuration.",
                    "examples": [examples.GROUP],
                },
                "sha256": {"description": "The SHA-256 of the picture, in hex.", "examples": [examples.PICTURES[0]]},
            },
            "schemas": _schemas(),
            "securitySchemes": {
                "mtls": {
                    "type": "X509",
                    "description": (
                        "TLS with a certificate for each client. The CN of a gate is its id and decides its access."
                    ),
                }
            },
        },
    }


def _server() -> Node:
    return {
        "host": "{host}:{port}",
        "protocol": "mqtts",
        "protocolVersion": "5.0",
        "description": (
            "Any MQTT 5 broker. A consumer can use MQTT 3.1.1 if no gate has `privacy.erasable`: then the payloads "
            "have all it needs."
        ),
        "variables": {
            "host": {"description": "The host name of the broker, as in its certificate.", "default": "broker.example"},
            "port": {"description": "The TLS port.", "default": "8883"},
        },
        "security": [{"$ref": "#/components/securitySchemes/mtls"}],
        "bindings": {
            "mqtt": {
                "cleanSession": True,
                "lastWill": {"topic": STATUS.address, "qos": STATUS.qos, "retain": STATUS.retain},
                "sessionExpiryInterval": SESSION_EXPIRY_S,
                "x-will-delay-interval": WILL_DELAY_S,
                "bindingVersion": BINDING,
            }
        },
    }


def _channel(channel: Channel) -> Node:
    parameters = [name for name in ("gate", "group", "sha256") if f"{{{name}}}" in channel.address]
    return {
        "address": channel.address,
        "summary": channel.summary,
        "messages": {channel.name: {"$ref": f"#/components/messages/{channel.name}"}},
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in parameters},
    }


def _operation(channel: Channel) -> tuple[str, Node]:
    action = "send" if channel.by == "gate" else "receive"
    mqtt: Node = {"qos": channel.qos, "retain": channel.retain, "bindingVersion": BINDING}
    if channel.expiry_s is not None:
        mqtt["messageExpiryInterval"] = channel.expiry_s
    operation: Node = {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": channel.summary,
        "description": f"Expires: {channel.expiry}.",
        "messages": [{"$ref": f"#/channels/{channel.name}/messages/{channel.name}"}],
        "bindings": {"mqtt": mqtt},
    }
    if channel.content_type == JOSE:
        result = result_channel(CommandName(channel.name.rpartition(".")[2])).name
        operation["reply"] = {
            "channel": {"$ref": f"#/channels/{result}"},
            "messages": [{"$ref": f"#/channels/{result}/messages/{result}"}],
        }
    return f"{action}.{channel.name}", operation


def _messages() -> Node:
    return {
        **{f"event.{kind}": _event_message(kind) for kind in EVENTS},
        STATUS.name: _message(STATUS, _payload("status"), json.loads(examples.status_example())),
        BIRTH.name: _message(BIRTH, _payload("birth"), json.loads(examples.birth_example())),
        HEALTH.name: _message(HEALTH, _payload("health"), json.loads(examples.health_example())),
        ACK.name: _message(ACK, _payload("ack"), json.loads(examples.ack_example())),
        **{f"command.{name}": _command_message(name) for name in CommandName},
        **{f"group.command.{name}": _group_command_message(name) for name in GROUP_BODIES},
        **{f"result.{name}": _result_message(name) for name in CommandName},
        EVIDENCE.name: {
            **_message(EVIDENCE, _ref("Picture"), None),
            "headers": _ref("PictureHeaders"),
        },
    }


def _event_message(kind: str) -> Node:
    channel = event_channel(kind)
    payload = json.loads(examples.event_example(kind))
    copied = {name: str(payload[name]) for name in channel.user_properties}
    message = _message(channel, _ref(f"{EVENTS[kind].__name__}Event"), payload, copied)
    return {**message, "headers": _ref("EventHeaders")}


def _headers(channel: Channel, title: str, description: str, *more: str) -> Node:
    names = (*channel.user_properties, *more)
    properties = {name: {"title": f"{title}{capitalised(name)}", "type": "string"} for name in names}
    return {"title": title, "type": "object", "description": description, "properties": properties}


def _command_message(name: CommandName) -> Node:
    payload = _signed(f"{capitalised(name)}Command", JwsType.COMMAND)
    return _message(command_channel(name), payload, examples.command_example(name))


def _group_command_message(name: CommandName) -> Node:
    payload = _signed(f"Group{capitalised(name)}Command", JwsType.GROUP_COMMAND)
    return _message(group_command_channel(name), payload, examples.group_command_example(name))


def _signed(title: str, kind: JwsType) -> Node:
    return {
        "title": f"Signed{title}",
        "type": "string",
        "pattern": COMPACT_JWS,
        "description": (
            f"Compact JWS (RFC 7515), EdDSA with Ed25519 (RFC 8037). `kid` is the id of the key, `typ` is {kind}."
        ),
        "x-jws-payload": f"#/components/schemas/{title}",
    }


def _result_message(name: CommandName) -> Node:
    return _message(result_channel(name), _payload("result"), json.loads(examples.result_example(name)))


def _message(channel: Channel, payload: Node, example: Any, headers: Mapping[str, str] | None = None) -> Node:
    message: Node = {
        "name": channel.name,
        "title": channel.path,
        "summary": channel.summary,
        "contentType": channel.content_type,
        "payload": payload,
        "bindings": {"$ref": f"#/components/messageBindings/{channel.name.partition('.')[0]}"},
    }
    if example is not None:
        message["examples"] = [{"payload": example, **({"headers": dict(headers)} if headers else {})}]
    return message


def _message_bindings() -> Node:
    """How messages are published, by the first part of their names."""
    correlation: Node = {"type": "string", "description": "Optional. The result has the same value."}
    more: dict[str, Node] = {
        "command": {
            "correlationData": correlation,
            "responseTopic": {
                "type": "string",
                "description": "Optional. A topic below the gate's own `res/`. The result goes there too.",
            },
        },
        "group": {"correlationData": correlation},
        "result": {"correlationData": {"type": "string", "description": "The value from the command."}},
    }
    types = {channel.name.partition(".")[0]: channel.content_type for channel in CHANNELS}
    return {
        name: {"mqtt": {"contentType": content_type, "bindingVersion": BINDING, **more.get(name, {})}}
        for name, content_type in types.items()
    }


def _ref(name: str) -> Node:
    return {"$ref": f"#/components/schemas/{name}"}


def _payload(name: str) -> Node:
    return _ref(TITLES[name])


def _schemas() -> Node:
    """Every schema by its title, and what they have in common once. Raises ValueError for two of one title.

    Who makes code of the document finds every object and every list of values here under its one name.
    """
    event = event_channel(next(iter(EVENTS)))
    found: Node = {
        "Picture": {"title": "Picture", "type": "string", "format": "binary", "description": "A JPEG picture."},
        "PictureHeaders": _headers(EVIDENCE, "PictureHeaders", "MQTT user properties: a copy of what the topic says."),
        "EventHeaders": _headers(
            event,
            "EventHeaders",
            "MQTT user properties: copies for routing. `replay` marks what is sent again on a command. With `sdalg`: "
            "`disclosures`, joined by tildes, and `erased`, a JSON array.",
            "replay",
            "disclosures",
            "erased",
        ),
    }
    for schema in schemas().values():
        for name, one in _apart(schema):
            if found.setdefault(name, one) != one:
                raise ValueError(f"two schemas are named {name}")
    return dict(sorted(_with_common_parts(found).items()))


def _with_common_parts(found: Node) -> Node:
    """With what all events have in common once, in `EventEnvelope`, and each field of all commands once.

    Commands are closed, which no schema put together by `allOf` can be: so theirs are referred to one by one.
    """
    events = {name: found[name] for name in (f"{event.__name__}Event" for event in EVENTS.values())}
    envelope = _common_fields(events.values())
    first = next(iter(events.values()))
    made = {
        **found,
        "EventEnvelope": {
            "title": "EventEnvelope",
            "description": "The fields of every event, whatever its type.",
            "type": "object",
            "properties": envelope,
            "required": [name for name in first["required"] if name in envelope],
        },
    }
    for name, one in events.items():
        made[name] = {
            **one,
            "allOf": [_ref("EventEnvelope")],
            "properties": {field: value for field, value in one["properties"].items() if field not in envelope},
            "required": [field for field in one["required"] if field not in envelope],
        }
    of_gates = {name: found[name] for name in (f"{capitalised(each)}Command" for each in CommandName)}
    of_groups = {name: found[name] for name in (f"Group{capitalised(each)}Command" for each in GROUP_BODIES)}
    for commands in (of_gates, of_groups):
        fields = _common_fields(commands.values())
        made |= {value["title"]: value for value in fields.values()}
        for name, one in commands.items():
            made[name] = {
                **one,
                "properties": {
                    field: _ref(value["title"]) if field in fields else value
                    for field, value in one["properties"].items()
                },
            }
    return made


def _common_fields(messages: Iterable[Schema]) -> Node:
    """The fields that all of them have, and mean the same by."""
    first, *others = (one["properties"] for one in messages)
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


def _apart(schema: Schema) -> Iterable[tuple[str, Schema]]:
    """A schema without what JSON Schema 2020-12 has and AsyncAPI has not, and the objects inside it; by title."""
    moved = changed(schema, _moved)
    yield from moved.pop("$defs", {}).items()
    whole = {word: value for word, value in moved.items() if word not in {"$schema", "$id"}}
    properties = dict(whole.get("properties", {}))
    for name, field in properties.items():
        if "properties" in field:
            yield field["title"], field
            properties[name] = _ref(field["title"])
    yield whole["title"], {**whole, "properties": properties}


def _moved(schema: Schema) -> Schema:
    """With references into the components.

    What is written beside a reference is ignored there, and wrapped in an `allOf` it would be a type of its own, which
    generators of code know nothing of. So it is left out: the JSON Schemas and docs/events.md have it. So are defaults
    of lists, of objects and of alternatives, which generators write into code that does not compile.
    """
    if "$ref" in schema:
        return _ref(schema["$ref"].removeprefix("#/$defs/"))
    default = schema.get("default")
    plain = default is None or ("anyOf" not in schema and not isinstance(default, list | dict))
    return schema if plain else {word: value for word, value in schema.items() if word != "default"}
