"""The JSON Schema (2020-12) of every message, as it is sent.

Messages from the gate are open: a reader must accept fields and values that it does not know. So an object may have
more fields, and a list of values is `anyOf` of the known ones and any text. Commands to the gate are closed.

The schemas use only plain keywords of JSON Schema, each beside its `type`, so that strict validators accept them. Every
schema has a title of its own (agent.core.contract.titles), which code generators use as a name.

A field is required if the model has no default. Earlier events lack later fields, so a later field always has a
default.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from agent.core.clock import ClockState
from agent.core.commands import BODIES, GROUP_BODIES
from agent.core.contract.titles import capitalised, titled
from agent.core.events import ALGORITHM, SCHEMA_VERSION, TYPES, Ack, Birth, CommandResult, Health, Status
from agent.core.lists import DataState
from agent.core.model import SEQ_MAX, TRACEPARENT, TRACESTATE_LIMIT, CommandName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from enum import StrEnum

    from pydantic import BaseModel

    from agent.core.events import Event

Schema: TypeAlias = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
LINE: Final = 120
HASH: Final = "^[0-9a-f]{64}$"
MESSAGES: Final[Mapping[str, type[BaseModel]]] = {
    "ack": Ack,
    "birth": Birth,
    "health": Health,
    "result": CommandResult,
    "status": Status,
}
TITLES: Final[Mapping[str, str]] = {name: model.__name__ for name, model in MESSAGES.items()} | {"status": "GateStatus"}
"""Of MESSAGES. `Status` is a word of browsers, which generators of TypeScript step around."""

EVENTS: Final[Mapping[str, type[Event]]] = {event.TYPE: event for event in TYPES}
OF_ONE_EVENT: Final = ("type", "dataschema")
"""The attributes of the envelope that are another schema in every event type."""

_ANY_TEXT: Final[Schema] = {"type": "string"}
_OF_THE_TYPE: Final = ("format", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems")

_ONE_SCHEMA = ("items", "additionalProperties", "not", "contains", "propertyNames")
_LIST_OF_SCHEMAS = ("anyOf", "allOf", "oneOf", "prefixItems")
_NAMED_SCHEMAS = ("properties", "$defs", "patternProperties")


def changed(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """The schema with `change` applied to it and, before, to every schema inside it."""
    made: Schema = {}
    for word, value in schema.items():
        if word in _NAMED_SCHEMAS:
            made[word] = {name: changed(inner, change) for name, inner in value.items()}
        elif word in _LIST_OF_SCHEMAS:
            made[word] = [changed(inner, change) for inner in value]
        elif word in _ONE_SCHEMA and isinstance(value, dict):
            made[word] = changed(value, change)
        else:
            made[word] = value
    return change(made)


def written(document: Mapping[str, Any]) -> str:
    """The text of a document's file: always the same for the same contract.

    A value that fits on one line is written on one line.
    """
    return _written(document, 0, 0) + "\n"


def _written(value: Any, indent: int, before: int) -> str:
    """A value as text; `before`: what stands before and after it in its line."""
    line = json.dumps(value, ensure_ascii=False, sort_keys=True)
    if not value or not isinstance(value, dict | list) or indent + before + len(line) <= LINE:
        return line
    inner = indent + 2
    if isinstance(value, list):
        rows = [_written(one, inner, 1) for one in value]
    else:
        names = {name: f"{json.dumps(name, ensure_ascii=False)}: " for name in sorted(value)}
        rows = [label + _written(value[name], inner, len(label) + 1) for name, label in names.items()]
    start, end = "{}" if isinstance(value, dict) else "[]"
    return f"{start}\n{' ' * inner}" + f",\n{' ' * inner}".join(rows) + f"\n{' ' * indent}{end}"


def schemas() -> Mapping[str, Schema]:
    """All schemas by the path of their file, without `.json`.

    `event/{type}`, `command/{name}`, `command/group/{name}`, and those of MESSAGES.
    """
    return {
        **{f"command/{name}": command_schema(name) for name in CommandName},
        **{f"command/group/{name}": group_command_schema(name) for name in GROUP_BODIES},
        **{f"event/{kind}": event_schema(kind) for kind in EVENTS},
        **{name: message_schema(name) for name in MESSAGES},
    }


def event_schema(kind: str) -> Schema:
    """The envelope of one type with its data. Raises KeyError for a type that there is not."""
    data = _made(EVENTS[kind])
    definitions = data.pop("$defs", {})
    properties = dict(_envelope(kind))
    optional = {"lane", "transaction", "traceparent", "tracestate", "dryrun"}
    optional |= {"clockerrorms", "clockstate", "liststate", "sdalg"}
    name = EVENTS[kind].__name__
    title = f"{name}Event"
    schema = {
        "$schema": DIALECT,
        "$id": f"urn:gate-agent:event:{kind}:{SCHEMA_VERSION}",
        "description": data.get("description", ""),
        "type": "object",
        "properties": {**properties, "data": data},
        "required": sorted({*properties, "data"} - optional),
        **({"$defs": definitions} if definitions else {}),
    }
    own = {field: f"{title if field in OF_ONE_EVENT else 'Event'}{capitalised(field)}" for field in properties}
    return titled(schema, title, {**own, "data": name})


def message_schema(name: str) -> Schema:
    """One of MESSAGES. Raises KeyError for another."""
    schema = {
        "$schema": DIALECT,
        "$id": f"urn:gate-agent:message:{name}:{SCHEMA_VERSION}",
        **_made(MESSAGES[name]),
    }
    return titled(schema, TITLES[name])


def command_schema(name: CommandName) -> Schema:
    """The body of a command: the payload of its JWS."""
    body = changed(BODIES[name].model_json_schema(mode="validation"), _tidy)
    body["properties"]["name"] = _fixed(name.value, "The command. It is also the last part of the topic.")
    schema = {"$schema": DIALECT, "$id": f"urn:gate-agent:command:{name}:{SCHEMA_VERSION}", **body}
    title = f"{capitalised(name.value)}Command"
    common = body["properties"].keys() - {"name", "lane", "arguments"}
    return titled(schema, title, {field: f"Command{capitalised(field)}" for field in common})


def group_command_schema(name: CommandName) -> Schema:
    """The body of a command to a group of gates. Raises KeyError for one that is for one gate alone."""
    body = changed(GROUP_BODIES[name].model_json_schema(mode="validation"), _tidy)
    body["properties"]["name"] = _fixed(name.value, "The command. It is also the last part of the topic.")
    schema = {"$schema": DIALECT, "$id": f"urn:gate-agent:command:group:{name}:{SCHEMA_VERSION}", **body}
    title = f"Group{capitalised(name.value)}Command"
    common = body["properties"].keys() - {"name", "lane", "arguments"}
    return titled(schema, title, {field: f"Command{capitalised(field)}" for field in common})


def closed(schema: Schema) -> Schema:
    """The same schema as the gate of now keeps it: no field and no value but those it names."""
    return changed(schema, _close)


def known_values(schema: Schema) -> list[str] | None:
    """The values that an open list of values names, in their order; None where the schema is no such list."""
    known = [one["enum"] for one in schema.get("anyOf", ()) if "enum" in one]
    return list(known[0]) if known and any(_is_any_text(one) for one in schema["anyOf"]) else None


def _made(model: type[BaseModel]) -> Schema:
    return changed(model.model_json_schema(mode="validation"), lambda schema: _plain(_tidy(_open(schema))))


def _open(schema: Schema) -> Schema:
    """The schema for readers of today and of later versions: values may grow, objects may hold more."""
    words = dict(schema)
    if words.get("additionalProperties") is False:
        del words["additionalProperties"]
    if isinstance(words.get("const"), str):
        words["enum"] = [words.pop("const")]
    if "enum" in words:
        known = {"type": words.pop("type"), "enum": words.pop("enum")}
        words["anyOf"] = [known, dict(_ANY_TEXT)]
    return words


def _plain(schema: Schema) -> Schema:
    """No `anyOf` right inside an `anyOf`, and every limit beside the type that it is of."""
    if "anyOf" not in schema:
        return schema
    words = dict(schema)
    limits = {word: words.pop(word) for word in _OF_THE_TYPE if word in words}
    flat = [inner for one in words["anyOf"] for inner in (one["anyOf"] if set(one) == {"anyOf"} else (one,))]
    words["anyOf"] = [one if one.get("type") == "null" else {**one, **limits} for one in flat]
    return words


def _tidy(schema: Schema) -> Schema:
    """No titles of pydantic's, `required` in order, descriptions on one line, a type beside every list of values."""
    words = dict(schema)
    words.pop("title", None)
    if "required" in words:
        words["required"] = sorted(words["required"])
    if "description" in words:
        words["description"] = " ".join(words["description"].split())
    if "enum" in words:
        words.setdefault("type", "string")
    return words


def _close(schema: Schema) -> Schema:
    words = dict(schema)
    if known_values(words) is not None:
        words["anyOf"] = [one for one in words["anyOf"] if not _is_any_text(one)]
    if "properties" in words:
        words["additionalProperties"] = False
    return words


def _is_any_text(schema: Schema) -> bool:
    return schema.keys() - {"title"} == {"type"} and schema["type"] == "string"


def _envelope(kind: str) -> Iterator[tuple[str, Schema]]:
    """The attributes as agent.core.events.chain seals them, in their order."""
    yield "specversion", _fixed("1.0", "The CloudEvents version.")
    yield (
        "id",
        _text("The id of the event: a UUIDv7 (RFC 9562). Every copy of the event has the same id.", format="uuid"),
    )
    yield "source", _text("`/gate/` followed by the gate id.", pattern="^/gate/[^/]+$")
    yield "type", _fixed(kind, "The event type. It is also the last part of the topic.")
    yield (
        "time",
        _text("When the event happened, by the gate's clock: RFC 3339, UTC, with milliseconds.", format="date-time"),
    )
    yield "datacontenttype", _fixed("application/json", "The content type of `data`.")
    yield "dataschema", _fixed(f"urn:gate-agent:event:{kind}:{SCHEMA_VERSION}", "The `$id` of this schema.")
    yield (
        "stream",
        _text("The id of the stream. Each new journal begins a new stream, and `seq` counts within it.", minLength=1),
    )
    yield "boot", _text("An id that is new with every start of the agent.", minLength=1)
    yield (
        "seq",
        {
            "description": "The number of the event in the stream: from 1, without gaps, and never used again.",
            "type": "integer",
            "minimum": 1,
            "maximum": SEQ_MAX,
        },
    )
    yield "lane", _text("The name of the lane. Absent if the event is about the whole gate.")
    yield (
        "transaction",
        _text(
            "The transaction id, 20 digits: yyyymmddHHMMSS in UTC, lane number (2), serial (4). Absent if the event "
            "belongs to no transaction."
        ),
    )
    yield (
        "traceparent",
        _text(
            "The trace span of the event (W3C Trace Context): that of its transaction if the declaration carries a "
            "trace, or that of the command if the command carries one. Absent if there is no trace.",
            pattern=TRACEPARENT,
        ),
    )
    yield (
        "tracestate",
        _text(
            "The `tracestate` from the sender of the trace, unchanged. Absent if there is none.",
            maxLength=TRACESTATE_LIMIT,
        ),
    )
    yield (
        "dryrun",
        {
            "description": "True if the lane is in dry run: it decides and records, but moves nothing. The gate let no "
            "vehicle pass and spent no use of a permit. Absent if the lane is at work.",
            "type": "boolean",
        },
    )
    yield "clocksynced", {"description": "Whether the clock behind `time` was synchronised.", "type": "boolean"}
    yield (
        "clockerrorms",
        {
            "description": "The largest possible error of that clock, in ms. Absent if unknown.",
            "type": "integer",
            "minimum": 0,
            "maximum": SEQ_MAX,
        },
    )
    yield (
        "clockstate",
        _values(
            ClockState,
            "Whether the gate may judge permits by that clock: not while it is UNTRUSTED. Absent if unknown.",
        ),
    )
    yield (
        "liststate",
        _values(DataState, "What the age of the gate's signed lists allows at this time. Absent if unknown."),
    )
    yield (
        "sdalg",
        _values_of(
            [ALGORITHM],
            "The hash algorithm of the digests that replace personal values in `data`. Each digest starts with "
            "`sd:`. Absent if `data` has all its values.",
        ),
    )
    yield (
        "prev",
        _text("SHA-256, in hex, of the bytes of the previous event. For `seq` 1: of the stream id.", pattern=HASH),
    )


def _text(description: str, **more: str | int) -> Schema:
    return {"description": description, "type": "string", **more}


def _values(known: type[StrEnum], description: str) -> Schema:
    return _values_of([value.value for value in known], description)


def _values_of(known: list[str], description: str) -> Schema:
    listed: Schema = {"type": "string", "enum": known}
    return {"description": description, "anyOf": [listed, dict(_ANY_TEXT)]}


def _fixed(value: str, description: str) -> Schema:
    return {"description": description, "const": value, "type": "string"}
