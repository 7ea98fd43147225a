"""The form of trust anchors: the same fields as in the configuration, and who may change them; nothing else fits."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
    create_model,
)

from agent.core.anchors import ANCHOR_KEYS, CA_KEYS, DOCUMENT_KEYS, PERSONS, HeldAnchors, anchor_key
from agent.core.model import SEQ_MAX
from agent.settings.model.agent import Settings
from agent.settings.model.values import GateId, Name, RootKey
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_CA: Final = 32 * 1024
"""Characters of the certificates of one broker's authority."""
_USER: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?")
_ANCHORS: Final = "anchors"


class AnchorValueError(ValueError):
    """An anchor is not of its form. `key`: dotted, "" for all together; the message says what was expected."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def _certificates(pem: str) -> str:
    """The certificates alone, each block as it is: nothing else may lie in a file that root writes for TLS."""
    from cryptography import x509  # noqa: PLC0415 - few configurations hold certificates

    blocks = re.findall(r"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----\n", f"{pem}\n")
    bare = "".join(blocks)
    try:
        found = x509.load_pem_x509_certificates(bare.encode()) if bare else []
    except ValueError:
        found = []
    if not found or len(found) != pem.count("-----BEGIN"):
        raise ValueError(Text("expected certificates in PEM form and nothing else"))
    return bare


def _user_name(value: str) -> str:
    if not _USER.fullmatch(value):
        raise ValueError(Text("expected the name of a user of the console"))
    return value


class Person(BaseModel):
    """A person who may take part in a change of trust anchors."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Annotated[str, AfterValidator(_user_name)] = Field(description="His name as a user of the console.")
    public_key: RootKey = Field(description="His Ed25519 public key, in hex, as `gate-agent anchors keygen` shows it.")


class Authorities(BaseModel):
    """Whose anchors these are, and who may change them."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    gate: GateId = Field(description="The gate's id, for which documents are signed.")
    number: int = Field(ge=1, le=SEQ_MAX, description="Rises with every change.")
    sealed: bool = Field(default=False, description="A real vehicle has been there: no single person changes anything.")
    persons: tuple[Person, ...] = Field(default=(), max_length=16, description="Of whom two together may change them.")
    document_keys: tuple[Name, ...] = Field(
        default=(), max_length=8, description="Ids of command keys whose owner may sign a document that changes them."
    )


_Pem = Annotated[str, Field(max_length=LONGEST_CA), AfterValidator(_certificates)]


@cache
def _model() -> type[BaseModel]:
    """The tables of the file, made from those of the configuration."""
    strict = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    tables: dict[str, dict[str, Any]] = {}
    for section, name in ANCHOR_KEYS:
        table = tables.setdefault(section, {})
        if (section, name) in CA_KEYS:
            table[anchor_key((section, name)).partition(".")[2]] = (_Pem | None, None)
        else:
            annotation = Settings.model_fields[section].annotation
            field = annotation.model_fields[name]  # type: ignore[union-attr]
            table[name] = (field.annotation, field)
    made: dict[str, Any] = {_ANCHORS: (Authorities, ...), "version": (int, Field(ge=1, le=1))}
    for section, fields in tables.items():
        model = create_model(section.title(), __config__=strict, **fields)
        needed = any(field.is_required() for field in model.model_fields.values())
        made[section] = (model, ... if needed else Field(default_factory=model))
    return create_model("AnchorTables", __config__=strict, **made)


def anchors_of(tables: Mapping[str, JsonValue]) -> HeldAnchors:
    """The anchors of plain tables, as they stand in the file; what is not there has its default.

    Raises AnchorValueError.
    """
    try:
        found = _model().model_validate_json(json.dumps(tables), strict=True).model_dump(mode="json")
    except (TypeError, ValueError) as error:
        if not isinstance(error, ValidationError):  # a date or a time, which TOML knows and JSON does not
            raise AnchorValueError("", Text("expected texts, numbers, true or false")) from None
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part)[:40] for part in first["loc"])
        raise AnchorValueError(place, str(first.get("ctx", {}).get("error", first["msg"]))) from None
    meta = found.pop(_ANCHORS)
    del found["version"]
    values = {f"{section}.{name}": value for section, table in found.items() for name, value in table.items()}
    values |= {PERSONS: meta["persons"], DOCUMENT_KEYS: meta["document_keys"]}
    held = HeldAnchors(meta["gate"], meta["number"], meta["sealed"], values)
    _check_authorities(held)
    return held


def plain_value(key: str, value: object) -> JsonValue:
    """A value of one anchor as plain JSON, in the form in which it is held. Raises AnchorValueError."""
    try:
        adapter = _adapter(key)
        plain: JsonValue = adapter.dump_python(adapter.validate_python(value), mode="json")
    except ValidationError as error:
        raise AnchorValueError(key, error.errors(include_url=False, include_input=False)[0]["msg"]) from None
    return plain


@cache
def _adapter(key: str) -> TypeAdapter[Any]:
    section, _, name = key.partition(".")
    table: Any = _model().model_fields[section].annotation
    field = table.model_fields[name]
    form: Any = Annotated[field.annotation, field]
    return TypeAdapter(form)


def tables_of(held: HeldAnchors) -> dict[str, Any]:
    """The plain tables of anchors, as `anchors_of` reads them; what has no value is left out."""
    tables: dict[str, Any] = {
        "version": 1,
        _ANCHORS: {"gate": held.gate, "number": held.number, "sealed": held.sealed},
    }
    for key, value in held.values.items():
        section, _, name = key.partition(".")
        if value is not None:
            tables.setdefault(section, {})[name] = value
    return tables


def changed_anchors(held: HeldAnchors, number: int, changes: Mapping[str, JsonValue]) -> HeldAnchors:
    """The anchors after a change, judged as a whole. `changes`: by dotted key; None: the default.

    Raises AnchorValueError, also for a key that is no anchor.
    """
    for key in changes:
        if key not in held.values:
            raise AnchorValueError(key[:80], Text("is not a trust anchor"))
    tables = tables_of(held)
    tables[_ANCHORS]["number"] = number
    for key, value in changes.items():
        section, _, name = key.partition(".")
        table = tables.setdefault(section, {})
        if value is None:
            table.pop(name, None)
        else:
            table[name] = value
    return anchors_of(tables)


def _check_authorities(held: HeldAnchors) -> None:
    """See that two persons are two, and that every named key is there."""
    listed = held.values[PERSONS]
    people = listed if isinstance(listed, list) else []
    for name in ("name", "public_key"):
        told = [one[name] for one in people if isinstance(one, dict)]
        if len(set(map(str, told))) < len(told):
            raise AnchorValueError(PERSONS, Text("expected each name and each key once"))
    keys = held.values["commands.keys"]
    public = {str(one["public_key"]) for one in keys if isinstance(one, dict)} if isinstance(keys, list) else set()
    if any(isinstance(one, dict) and one["public_key"] in public for one in people):
        raise AnchorValueError(PERSONS, Text("a person's key is also a command key: expected a key of their own"))
    named = held.values[DOCUMENT_KEYS]
    if isinstance(named, list) and set(map(str, named)) != set(held.document_keys):
        raise AnchorValueError(DOCUMENT_KEYS, Text("expected ids of keys in commands.keys"))
