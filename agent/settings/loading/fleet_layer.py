"""The layers of the fleet documents: over the files, credentials and variables of the gate, and below its anchors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from agent.core.crypto import Algorithm, PublicKey
from agent.core.fleet import (
    KINDS,
    DocumentRefusedError,
    FleetKey,
    FleetRules,
    KeyOwner,
    Layer,
    Scope,
    Source,
    in_layer_order,
    is_set,
    layered,
    proven,
    value_at,
)
from agent.service.redaction import url_secrets
from agent.settings.model.agent import FleetKey as FleetKeyTable
from agent.settings.toml.includes import Origin, TomlFile, dotted, inner_paths
from agent.settings.toml.key_positions import places
from agent.settings.toml.plain_value import toml
from agent.settings.toml.problems import Problem
from agent.settings.toml.syntax import parse
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agent.core.fleet import ForbiddenKey, Layered, SignedDocument
    from agent.settings.loading.anchor_file import AnchorFile
    from agent.settings.model.key_lookup import Schema
    from agent.settings.toml.includes import Document

_GROUPS = ("fleet", "groups")
_KEYS: TypeAdapter[tuple[FleetKeyTable, ...]] = TypeAdapter(tuple[FleetKeyTable, ...])


@dataclass(frozen=True, slots=True)
class LocalDifference:
    """A key that the gate sets otherwise than a document: both as TOML. `counts`: what the gate says counts."""

    key: str
    place: str
    wanted: str
    local: str
    counts: bool


@dataclass(frozen=True, slots=True)
class FleetLayers:
    """The documents in the configuration. `texts`: all that were given, signed; `documents`: those that count.

    `groups`: of the gate, with what documents say of them.
    """

    texts: tuple[str, ...] = ()
    documents: tuple[SignedDocument, ...] = ()
    groups: tuple[str, ...] = ()
    differences: tuple[LocalDifference, ...] = ()

    @property
    def overruled(self) -> tuple[str, ...]:
        """The keys that the gate sets in vain."""
        return tuple(one.key for one in self.differences if not one.counts)


class FleetLaying:
    """Lays documents over a configuration that was read. `problems`: what is wrong with them, and warnings."""

    def __init__(self, document: Document, texts: Sequence[str], anchors: AnchorFile | None) -> None:
        self._document = document
        self._texts = tuple(texts)
        self.problems: list[Problem] = []
        table = document.data.get("gate")
        self._gate = str(table.get("id", "")) if isinstance(table, dict) else ""
        self._rules = FleetRules(self._gate, (), keys_of(document.data, anchors))
        self._files: list[TomlFile] = []
        self._used: list[SignedDocument] = []
        self._laid: Layered | None = None

    def lay(self) -> FleetLayers:
        """Lay them; the configuration's tree and origins are those with the documents then."""
        if not self._texts:
            return FleetLayers(groups=_groups(self._document.data))
        proved = list(self._proven())
        wide = [one for one in proved if one.document.audience.scope is not Scope.GROUP]
        groups = _groups(self._layered(wide, _groups(self._document.data)).tree)
        self.problems.clear()
        proved = list(self._proven())
        laid = self._laid = self._layered(proved, groups)
        differences = tuple(self._differences(laid))
        self._document.data.clear()
        self._document.data.update(laid.tree)
        for path, source in laid.sources.items():
            self._set_origin(path, source, value_at(laid.tree, path))
        return FleetLayers(self._texts, tuple(self._used), groups, differences)

    def forbidden(self, schema: Schema) -> Iterator[Problem]:
        """The keys that documents may not set: another's, a secret, a file of the gate's."""
        if self._laid is None:
            return
        for one in self._laid.forbidden:
            yield self._problem(one.source, _whose(one))
        for path, source in self._laid.sources.items():
            used = self._used[source.layer].document
            if path == _GROUPS and used.audience.scope is Scope.GROUP:
                yield self._problem(source, Text("a document of a group cannot define who belongs to groups"))
            for inner in inner_paths(value_at(self._laid.tree, path), path):
                yield from self._unfit(schema, inner, Source(source.layer, (*source.at, *inner[len(path) :])))

    def _unfit(self, schema: Schema, path: tuple[str | int, ...], source: Source) -> Iterator[Problem]:
        assert self._laid is not None  # noqa: S101 - asked for after laying only
        value, field = value_at(self._laid.tree, path), schema.field(path)
        if field is None or isinstance(value, dict | list):
            return
        if schema.is_file(path):
            yield self._problem(source, Text("names a file of the gate: set it there"))
        elif schema.hides(path, value) or (isinstance(value, str) and url_secrets(value)):
            yield self._problem(source, Text("is a secret: other gates can read this document, so set it at the gate"))

    def _proven(self) -> Iterator[SignedDocument]:
        for text in self._texts:
            try:
                yield proven(text, self._rules)
            except DocumentRefusedError as error:
                why = Text("a fleet document is no longer used: {why}", why=Text.of(str(error)))
                self.problems.append(Problem("fleet", "", why, severity="warning"))

    def _layered(self, documents: Sequence[SignedDocument], groups: tuple[str, ...]) -> Layered:
        meant = [one for one in documents if one.document.audience.includes(self._gate, groups)]
        self._files, self._used = [], []
        layers = []
        for one in in_layer_order(meant, groups):
            rules = KINDS[one.document.kind]
            if not rules.is_layer:
                continue
            name = one.document.place
            data, problems = parse(name, one.document.text)
            self.problems += problems
            self._files.append(
                TomlFile(FilePath(name), one.document.text, {} if problems else places(one.document.text))
            )
            self._used.append(one)
            layers.append(Layer({} if problems else data, rules))
        return layered(self._document.data, layers)

    def _differences(self, laid: Layered) -> Iterator[LocalDifference]:
        for one in laid.differences:
            place = self._used[one.layer].document.place
            yield LocalDifference(dotted(one.path), place, toml(one.wanted), toml(one.local), one.wins)

    def _set_origin(self, path: tuple[str | int, ...], source: Source, value: Any) -> None:
        origins = self._document.origins
        for known in [known for known in origins if known[: len(path)] == path]:
            del origins[known]
        for inner in inner_paths(value, path):
            origins[inner] = self._origin(Source(source.layer, (*source.at, *inner[len(path) :])))
        for length in range(1, len(path)):
            origins.setdefault(path[:length], origins[path])

    def _origin(self, source: Source) -> Origin:
        file = self._files[source.layer]
        return Origin(str(file.path), file, file.places.get(source.at), is_laid=True)

    def _problem(self, source: Source, message: Text) -> Problem:
        origin = self._origin(source)
        return Problem(origin.name, dotted(source.at), message, origin.spot(lambda _path: True))


def keys_of(data: Mapping[str, Any], anchors: AnchorFile | None) -> dict[str, FleetKey]:
    """The keys that sign fleet documents: those of the anchors, or where there are none of the configuration."""
    found = value_at(data, ("fleet", "keys")) if is_set(data, ("fleet", "keys")) else []
    if anchors is not None:
        found = anchors.held.values.get("fleet.keys") or []
    try:
        tables = _KEYS.validate_python(found)
    except ValidationError:
        return {}  # the model says what is wrong
    return {one.id: fleet_key(one) for one in tables}


def anchor_fleet_keys(anchors: AnchorFile) -> dict[str, FleetKey]:
    """The keys of the anchors that sign fleet documents: those that root owns."""
    return keys_of({}, anchors)


def fleet_key(table: FleetKeyTable) -> FleetKey:
    """A key of the configuration as the core takes it."""
    return FleetKey(table.id, PublicKey(Algorithm.ED25519, bytes.fromhex(table.public_key)), frozenset(table.may))


def _groups(data: Mapping[str, Any]) -> tuple[str, ...]:
    found = value_at(data, _GROUPS) if is_set(data, _GROUPS) else []
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def _whose(one: ForbiddenKey) -> Text:
    match one.owner:
        case KeyOwner.ANCHORS:
            return Text("is a trust anchor: a fleet document cannot set it; sign a document of trust anchors instead")
        case KeyOwner.GATE:
            return Text("identifies this gate: set it at the gate")
        case KeyOwner.POLICY:
            return Text("belongs to policy: put it into a document of the kind policy")
        case KeyOwner.TECHNICIAN | KeyOwner.CENTRAL:
            return Text("belongs to configuration: put it into a document of the kind configuration")
