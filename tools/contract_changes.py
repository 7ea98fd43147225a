"""What a new contract breaks for those who build on the published one.

Readers of what the gate says must go on as they are: every field that was there is there, and means the same. Gates
that read commands must go on taking those that were right. So of two schemas of one message nothing may change but
this: new optional fields, new values of an open list, an open list for what was any text, new titles and descriptions;
of a command also a wider type, wider limits and new values.

An open list of values is `anyOf` of an `enum` and of any text. It was an `x-extensible-enum` before, and both mean the
same: so they are compared in one form. So are a limit that stands beside an `anyOf` and one in its alternatives.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Schema: TypeAlias = "Mapping[str, Any]"

VALUES = "x-extensible-enum"
OPEN_TEXT = {"type": "string"}
BESIDE = ("$id", "default")
FIXED = ("const", "pattern", "format")
LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
NESTED = ("items", "additionalProperties", "propertyNames")
JUDGED = {
    *BESIDE,
    *FIXED,
    *LEAST,
    *MOST,
    *NESTED,
    "type",
    "enum",
    VALUES,
    "anyOf",
    "properties",
    "required",
    "$ref",
    "$defs",
}
WORDS = {"$schema", "title", "description", "examples", "deprecated"}
COMMAND = "command/"
DOCUMENT = "asyncapi"


def breaks(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> list[str]:
    """What is broken between two sets of schemas, by the path of their files; empty when nothing is.

    Schemas below `command/` are read by the gate, all others are what it says, or what it asks central to say.
    `asyncapi` is the document: topics, and how they are published.
    """
    found = [f"{name}: removed" for name in old if name not in new]
    for name in old.keys() & new.keys():
        if name == DOCUMENT:
            found += [f"{name}: {fault}" for fault in _document_breaks(old[name], new[name])]
            continue
        comparison = _Comparison(old[name], new[name], read_by_gate=name.startswith(COMMAND))
        found += [f"{name}: {fault}" for fault in comparison.faults()]
    return sorted(found)


def _document_breaks(old: Schema, new: Schema) -> Iterator[str]:
    """Topics and operations must stay, with all that a client sets for them.

    The payloads' schemas are compared apart.
    """
    yield from _same(old, new, "channels", ("address", "messages"))
    yield from _same(old, new, "operations", ("action", "channel", "bindings", "messages"))
    yield from _same(old["components"], new["components"], "messages", ("contentType",))
    for name, message in old["components"]["messages"].items():
        headers = _headers(message, old)
        now = _headers(new["components"]["messages"].get(name, {}), new)
        yield from (f"messages.{name}: the user property {gone} is gone" for gone in headers.keys() - now.keys())


def _headers(message: Schema, document: Schema) -> Schema:
    """The user properties of a message, also where it refers to those of several."""
    headers: Schema = message.get("headers", {})
    if "$ref" in headers:
        headers = document["components"]["schemas"][headers["$ref"].rpartition("/")[2]]
    properties: Schema = headers.get("properties", {})
    return properties


def _same(old: Schema, new: Schema, part: str, words: tuple[str, ...]) -> Iterator[str]:
    for name, before in old[part].items():
        after = new[part].get(name)
        if after is None:
            yield f"{part}.{name}: removed"
            continue
        for word in words:
            if before.get(word) != after.get(word):
                yield f"{part}.{name}: `{word}` was {json.dumps(before.get(word))} and is {json.dumps(after.get(word))}"


class _Comparison:
    """Two schemas of one message."""

    def __init__(self, old: Schema, new: Schema, *, read_by_gate: bool) -> None:
        self._old, self._new = old, new
        self._read_by_gate = read_by_gate

    def faults(self) -> Iterator[str]:
        yield from self._compare(self._old, self._new, "$")

    def _compare(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        old, new = _in_one_form(_resolved(old, self._old)), _in_one_form(_resolved(new, self._new))
        yield from self._fixed(old, new, BESIDE, place)
        for word in sorted((old.keys() | new.keys()) - JUDGED - WORDS):
            if old.get(word) != new.get(word):
                yield f"{place}: `{word}` came, went or changed, and nobody judges it"
        if "anyOf" in old or "anyOf" in new:
            yield from self._alternatives(old, new, place)
            return
        kinds, now = _kinds(old), _kinds(new)
        if kinds != now and not (self._read_by_gate and (not now or kinds < now)):
            yield f"{place}: its type was {_words(kinds)} and is {_words(now)}"
            return
        yield from self._values(old, new, place)
        yield from self._limits(old, new, place)
        yield from self._fields(old, new, place)
        for word in NESTED:
            yield from self._nested(old, new, word, place)

    def _fixed(self, old: Schema, new: Schema, words: tuple[str, ...], place: str) -> Iterator[str]:
        for word in words:
            if old.get(word) != new.get(word):
                yield f"{place}: `{word}` was {old.get(word)!r} and is {new.get(word)!r}"

    def _alternatives(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        """Every alternative of before must be there; of what the gate says, no other may be."""
        before, after = (_by_kind(_alternatives(one), root) for one, root in ((old, self._old), (new, self._new)))
        gone, come = before.keys() - after.keys(), after.keys() - before.keys()
        if gone or (come and not self._read_by_gate):
            yield f"{place}: its type was {_words(before)} and is {_words(after)}"
            return
        for kind, one in before.items():
            yield from self._compare(one, after[kind], place)

    def _values(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        for word in ("enum", VALUES):
            before, after = old.get(word), new.get(word)
            if before is None and after is None:
                continue
            if before is None or after is None:
                freed = after is None and word == "enum" and self._read_by_gate
                named = before is None and word == VALUES and not self._read_by_gate
                if not (freed or named):
                    yield f"{place}: `{word}` came or went"
                continue
            yield from (f"{place}: the value {value!r} is gone" for value in before if value not in after)
            if word == "enum" and not self._read_by_gate:
                yield from (f"{place}: the closed list got {value!r}" for value in after if value not in before)

    def _limits(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        yield from self._fixed(old, new, FIXED, place)
        for word in (*LEAST, *MOST):
            before, after = old.get(word), new.get(word)
            if before == after:
                continue
            wider = after is None or (before is not None and ((after < before) == (word in LEAST)))
            if not (self._read_by_gate and wider):
                yield f"{place}: `{word}` was {before!r} and is {after!r}"

    def _fields(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, field in before.items():
            if name not in after:
                yield f"{place}.{name}: removed"
            else:
                yield from self._compare(field, after[name], f"{place}.{name}")
        had, has = set(old.get("required", ())), set(new.get("required", ()))
        if not self._read_by_gate:
            yield from (f"{place}.{name}: may be absent now" for name in sorted((had - has) & after.keys()))
        # What was recorded or sent before the field was there lacks it.
        yield from (f"{place}.{name}: is required now" for name in sorted(has - had))

    def _nested(self, old: Schema, new: Schema, word: str, place: str) -> Iterator[str]:
        before, after = old.get(word), new.get(word)
        inner = f"{place}[]" if word == "items" else f"{place}.*"
        if isinstance(before, dict) and isinstance(after, dict):
            yield from self._compare(before, after, inner)
        elif before != after:
            opened = word == "additionalProperties" and before is False and self._read_by_gate
            if not opened:
                yield f"{inner}: was {json.dumps(before)} and is {json.dumps(after)}"


def _resolved(schema: Schema, root: Schema) -> Schema:
    """The schema with its `$ref` into `$defs` replaced by what it names; what stands beside it stays."""
    if "$ref" not in schema:
        return schema
    target = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return {**_resolved(target, root), **{word: value for word, value in schema.items() if word != "$ref"}}


def _in_one_form(schema: Schema) -> Schema:
    """The schema with an open list of values as one alternative, and limits in the alternatives that they are of."""
    if "anyOf" not in schema:
        return {"type": "string", **schema} if "enum" in schema else schema
    limits = {word: schema[word] for word in (*FIXED, *LEAST, *MOST) if word in schema}
    beside = {word: value for word, value in schema.items() if word != "anyOf" and word not in limits}
    alternatives = [
        one if "$ref" in one or one.get("type") == "null" else {**one, **limits}
        for one in ({word: value for word, value in one.items() if word not in WORDS} for one in schema["anyOf"])
    ]
    known = next((one for one in alternatives if "enum" in one), None)
    if known is not None and OPEN_TEXT in alternatives:
        listed = {"type": "string", VALUES: known["enum"]}
        alternatives = [listed, *(one for one in alternatives if one not in (known, OPEN_TEXT))]
    return {**beside, **alternatives[0]} if len(alternatives) == 1 else {**beside, "anyOf": alternatives}


def _alternatives(schema: Schema) -> list[Schema]:
    if "anyOf" in schema:
        return list(schema["anyOf"])
    return [{word: value for word, value in schema.items() if word not in BESIDE}]


def _by_kind(alternatives: list[Schema], root: Schema) -> dict[str, Schema]:
    """The alternatives by their type; those of one type by their order too."""
    found: dict[str, Schema] = {}
    for one in alternatives:
        schema = _in_one_form(_resolved(one, root))
        kind = _words(_kinds(schema))
        while kind in found:
            kind += "'"
        found[kind] = schema
    return found


def _kinds(schema: Schema) -> frozenset[str]:
    kind = schema.get("type", ())
    return frozenset((kind,) if isinstance(kind, str) else kind)


def _words(kinds: Any) -> str:
    return " or ".join(sorted(kinds)) or "anything"
