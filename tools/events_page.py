"""Write docs/events.md and its picture from the models, the contract and the words in events_page.template.md.

Run `python tools/events_page.py`.
"""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from events_picture import one_vehicle

from agent.core.clock import ClockState
from agent.core.commands import Refusal, Result
from agent.core.contract import examples, standards_mapping
from agent.core.contract.asyncapi import WILL_DELAY_S
from agent.core.contract.channels import (
    ACK,
    BIRTH,
    CLOUDEVENT,
    EVIDENCE,
    HEALTH,
    STATUS,
    command_channel,
    event_channel,
    group_command_channel,
    result_channel,
)
from agent.core.contract.schemas import EVENTS, event_schema, known_values, schemas
from agent.core.events import Alarm, AlarmRaised
from agent.core.fleet import DocumentFault, DocumentKind, DocumentState
from agent.core.lists import DataState
from agent.core.model import (
    CommandName,
    DeclarationStatus,
    DriverMessage,
    DriverReceipt,
    ExpiryKind,
    ListKind,
    Outcome,
    Reason,
    Subject,
    UploadFault,
    Verdict,
    VinSource,
)
from agent.core.trust_state import StatePart, Wholeness

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from enum import StrEnum

    from agent.core.contract.channels import Channel
    from agent.core.contract.schemas import Schema
    from agent.core.contract.standards_mapping import StandardEquivalent

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "events.md"
PICTURE = DOCS / "images" / "one-vehicle.svg"
TEMPLATE = Path(__file__).with_name("events_page.template.md")
LISTED: tuple[type[StrEnum], ...] = (
    *(Outcome, Verdict, Reason, Alarm, VinSource, DriverMessage, DriverReceipt, ClockState, DataState, StatePart),
    *(
        Wholeness,
        Result,
        Refusal,
        UploadFault,
        DeclarationStatus,
        ListKind,
        Subject,
        DocumentKind,
        DocumentState,
        DocumentFault,
        ExpiryKind,
    ),
)
SHARED = "Message"
"""The object that several events hold: it has its section after all of them."""
SHORT = 6


def page() -> str:
    """The whole page. Raises KeyError where the template names a part that is not made here."""
    told: set[str] = set()
    parts = {
        "topics": topics(),
        "copied": ", ".join(f"`{name}`" for name in event_channel("gate.started").user_properties),
        "content_type": CLOUDEVENT,
        "envelope": fields(event_schema("access.granted"), without=("data",)),
        "example": json_block(json.loads(examples.event_example("access.granted"))),
        "ack": fields(schemas()["ack"]),
        "will_delay": str(WILL_DELAY_S),
        "status": fields(schemas()["status"]),
        "birth": fields(schemas()["birth"], without=tuple(schemas()["status"]["properties"])),
        "birth_objects": "\n\n".join(objects(schemas()["birth"], told)),
        "health": fields(schemas()["health"]),
        "health_objects": "\n\n".join(objects(schemas()["health"], told)),
        "commands": commands(),
        "result": fields(schemas()["result"]),
        "types": "\n\n".join([*(event_type(kind, told) for kind in EVENTS), shared()]),
        "values": values(),
        "customs": customs(),
        "counterparts": access_control(),
    }
    template = TEMPLATE.read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def json_block(value: Any) -> str:
    """A JSON value as a block of code."""
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```"


def topics() -> str:
    """The topic tree, one line a kind of topic."""
    kinds: tuple[tuple[str, str, Channel], ...] = (
        ("event/{type}", "An event. Each [type](#event-types) has its own topic.", event_channel("gate.started")),
        ("status", STATUS.summary, STATUS),
        ("birth", BIRTH.summary, BIRTH),
        ("health", HEALTH.summary, HEALTH),
        ("ack", ACK.summary, ACK),
        ("cmd/{name}", "A command: a compact JWS.", command_channel(CommandName.OPEN)),
        (
            "gate/v1/group/{group}/cmd/{name}",
            "A command to all gates of a group: a compact JWS.",
            group_command_channel(CommandName.REBIRTH),
        ),
        ("res/{name}", "The result of a command.", result_channel(CommandName.OPEN)),
        ("evidence/{sha256}", EVIDENCE.summary, EVIDENCE),
    )
    rows = (
        (
            f"`{path}`",
            channel.by,
            str(channel.qos),
            "yes" if channel.retain else "no",
            channel.expiry,
            f"`{channel.content_type}`",
            words,
        )
        for path, words, channel in kinds
    )
    return table(("topic", "published by", "QoS", "retained", "expires", "content type", "what"), rows)


def fields(schema: Schema, *, without: tuple[str, ...] = ()) -> str:
    """The fields of a schema: name, type, whether it must be there, description."""
    required = set(schema.get("required", ()))
    rows = []
    for name, field in schema["properties"].items():
        if name not in without:
            rows.append(
                (f"`{name}`", type_words(field, schema), default(name, field, required), field.get("description", ""))
            )
    return table(("field", "type", "default", "what"), rows)


def default(name: str, field: Schema, required: set[str]) -> str:
    """What stands for a field that is absent; empty for one that never is."""
    if name in required:
        return ""
    return f"`{json.dumps(field['default'])}`" if "default" in field else "may be absent"


def type_words(field: Schema, root: Schema) -> str:
    """The type of a field in words."""
    known = known_values(field)
    if known is not None:
        others = [one for one in field["anyOf"] if "enum" not in one and one["type"] != "string"]
        return " or ".join([listed(known), *(type_words(one, root) for one in others)])
    match field:
        case {"$ref": reference}:
            words = named(reference.rpartition("/")[2])
        case {"anyOf": alternatives}:
            words = " or ".join(type_words(one, root) for one in alternatives)
        case {"type": "array", "items": items}:
            words = f"list of {type_words(items, root)}"
        case {"type": "object", "additionalProperties": dict(inner)}:
            words = f"object of {type_words(inner, root)}"
        case _:
            words = plain_words(field)
    return words


def plain_words(field: Schema) -> str:
    """The type of a field that holds nothing else."""
    if "const" in field:
        return f"`{json.dumps(field['const'])}`"
    if "enum" in field:
        return listed(field["enum"])
    return ", ".join(str(field[word]) for word in ("type", "format") if word in field) or "any"


def listed(values: Iterable[str]) -> str:
    """Values in a row."""
    return ", ".join(f"`{value}`" for value in values)


def named(name: str) -> str:
    """A type with a name: a list of values, or an object that has a table of its own."""
    if name == "JsonValue":
        return "any"
    known = {each.__name__: each for each in LISTED}
    if name in known and len(known[name]) <= SHORT:
        return listed(known[name])
    return f"[{name}](#{name.lower()})"


def objects(schema: Schema, told: set[str]) -> list[str]:
    """The sections of the objects inside a message, but of those in `told`, to which they are added."""
    parts = []
    for name, definition in schema.get("$defs", {}).items():
        if "properties" in definition and name != SHARED and name not in told:
            told.add(name)
            parts += [f"#### {name}", definition["description"], fields({**definition, "$defs": schema["$defs"]})]
    return parts


def shared() -> str:
    """The section of the object that several events hold."""
    definitions = event_schema(AlarmRaised.TYPE)["$defs"]
    definition = definitions[SHARED]
    return "\n\n".join([f"### {SHARED}", definition["description"], fields({**definition, "$defs": definitions})])


def event_type(kind: str, told: set[str]) -> str:
    """The section of one event type. `told`: the objects that a section before it describes."""
    schema = event_schema(kind)
    data = schema["properties"]["data"]
    parts = [f"### {kind}", paragraphs(EVENTS[kind])]
    if data["properties"]:
        parts.append(fields({**data, "$defs": schema.get("$defs", {})}))
    else:
        parts.append("No fields.")
    parts += objects(schema, told)
    example = json.dumps(json.loads(examples.event_example(kind))["data"], ensure_ascii=False, separators=(", ", ": "))
    parts.append(f"```json\n{wrapped(example)}\n```")
    return "\n\n".join(parts)


def paragraphs(thing: type) -> str:
    """A docstring as paragraphs of one line each."""
    return "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(thing.__doc__ or "").split("\n\n"))


def wrapped(text: str, width: int = 120) -> str:
    """One line of JSON over several, broken after commas."""
    lines = [""]
    for piece in re.split(r"(?<=, )(?=[\"{\[])", text):
        if len(lines[-1]) + len(piece) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append(" ")
        lines[-1] += piece
    return "\n".join(lines)


def commands() -> str:
    """The commands with their arguments, and the objects in those."""
    rows = []
    inner: list[str] = []
    told: set[str] = set()
    for name in CommandName:
        schema = schemas()[f"command/{name}"]
        arguments = schema["$defs"][schema["properties"]["arguments"]["$ref"].rpartition("/")[2]]["properties"]
        takes = ", ".join(f"`{each}` ({type_words(field, schema)})" for each, field in arguments.items())
        lane = "yes" if schema["properties"]["lane"].get("type") == "string" else "no"
        rows.append((f"[`{name}`](contract/v1/command/{name}.json)", lane, takes or "none"))
        within = {key: value for key, value in schema["$defs"].items() if not key.endswith("Arguments")}
        inner += objects({"$defs": within}, told)
    return "\n\n".join([table(("command", "names a lane", "arguments"), rows), *inner])


def values() -> str:
    """The lists of values."""
    parts = []
    for each in LISTED:
        parts += [f"### {each.__name__}", paragraphs(each), ", ".join(f"`{value}`" for value in each)]
    return "\n\n".join(parts)


def customs() -> str:
    """The elements of the two customs messages."""
    rows = ((f"`{one.message}`", f"`{one.element}`", one.ours or "-", one.note) for one in standards_mapping.CUSTOMS)
    return table(("message", "element", "here", "note"), rows)


def access_control() -> str:
    """The tables of counterparts."""
    tables: tuple[tuple[str, Mapping[Any, StandardEquivalent]], ...] = (
        ("event type", standards_mapping.EVENTS),
        ("outcome of transaction.closed", standards_mapping.OUTCOMES),
        ("verdict of access.decided", standards_mapping.VERDICTS),
        ("alarm of alarm.raised", standards_mapping.ALARMS),
        ("reason of a DENY", standards_mapping.REASONS),
    )
    parts = []
    for title, rows in tables:
        has_customs = any(one.customs for one in rows.values())
        head = (title, "ONVIF topic", "BACnet", *(("customs",) if has_customs else ()), "note")
        lines = (
            (
                f"`{key}`",
                f"`{one.onvif}`" if one.onvif else "-",
                one.bacnet or "-",
                *((one.customs or "-",) if has_customs else ()),
                one.note,
            )
            for key, one in rows.items()
        )
        parts.append(table(head, lines))
    return "\n\n".join(parts)


def main() -> None:
    """Write the page and its picture."""
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(one_vehicle().svg(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
