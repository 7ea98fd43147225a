"""Loading the configuration: the file and those it includes, then credentials, then the environment.

The later layer wins: a site keeps its file, and sets by a variable or a credential what is particular or secret.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr, ValidationError

from agent.service.redaction import MASK, masked_urls
from agent.settings.loading.anchor_layer import lay_anchors, other_gate
from agent.settings.loading.fleet_layer import FleetLayers, FleetLaying
from agent.settings.loading.layers import add_credentials, add_environment
from agent.settings.model.agent import Settings
from agent.settings.model.devices import boards, device_tables, driver_models, proved
from agent.settings.model.key_lookup import Schema
from agent.settings.model.pydantic_problems import PydanticProblems
from agent.settings.rules import checks
from agent.settings.toml.files import read_file
from agent.settings.toml.includes import NUL, NUL_SHOWN, read
from agent.settings.toml.problems import Problem, SettingsError, nearest
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from agent.settings.loading.anchor_file import AnchorFile
    from agent.settings.model.devices import Board, DeviceTable, DriverModels, DriverProof
    from agent.settings.toml.files import FileReader
    from agent.settings.toml.includes import Document
    from agent.settings.toml.key_positions import Path
    from drivers.api import RelayCapabilities, RelayPort

    RelayMaker = Callable[[str, Mapping[str, object]], RelayPort]


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings that hold, the warnings about them, and a digest that tells configurations apart.

    `digest`: SHA-256, in hex, of what is in effect; it holds no secret and changes with none. `files`: every file read.
    `document`, `schema`: where each value comes from, and what may stand there; the document holds secrets.
    `anchors`: the trust anchors, which win over all else; None: the gate has none of its own yet. `overruled`: their
    keys that another layer would set otherwise. `fleet`: the documents of central in it.
    """

    settings: Settings
    digest: str
    warnings: tuple[Problem, ...]
    files: tuple[FilePath, ...]
    document: Document = field(repr=False)
    schema: Schema = field(repr=False)
    anchors: AnchorFile | None = None
    overruled: tuple[str, ...] = ()
    fleet: FleetLayers = field(default_factory=FleetLayers)


def load(  # noqa: PLR0913 - one argument a layer
    path: FilePath,
    *,
    environment: Mapping[str, str],
    credentials_directory: FilePath | None,
    held_credentials: Mapping[FilePath, bytes] | None = None,
    models: DriverModels,
    relays: RelayMaker | None = None,
    prove: DriverProof | None = None,
    reader: FileReader = read_file,
    anchors: AnchorFile | None = None,
    fleet: Sequence[str] = (),
    bears_missing_drivers: bool = False,
    bears_unusable_files: bool = False,
) -> LoadedSettings:
    """Load and check everything.

    `held_credentials`: the content of files of credentials that this process may not open any more.
    `models` gives the settings model of a driver; `relays` makes a relay board without opening it, so that channels
    and pulses are checked against what the board can do; `prove` tries whether a device can be made; `reader` gives the
    bytes of files, of the disk without it. `anchors`: the gate's trust anchors, which no layer overrules.
    `fleet`: fleet documents, signed texts; those that a key of the anchors or of the configuration proves are laid over
    the layers before. `bears_missing_drivers`: whether a device without a usable driver is a warning; nothing of it is
    checked then. `bears_unusable_files`: whether what is wrong in a file that a key names is a warning.

    Raises:
        SettingsError: with all problems at once.
    """
    document = read(path, reader)
    if document.problems:
        raise SettingsError(document.problems)
    add_credentials(document, credentials_directory, held_credentials or {})
    add_environment(document, environment)
    laying = FleetLaying(document, fleet, anchors)
    layers = laying.lay()
    overruled = lay_anchors(document, anchors) if anchors is not None else []
    known, unknown = driver_models(list(device_tables(document.data)), models)
    schema = Schema(Settings, known)
    pydantic_problems = PydanticProblems(document, schema)
    _anchor_paths(document, schema)
    unfit = list(_without_nul(document, pydantic_problems))
    strange = other_gate(document, anchors) if anchors is not None else []
    settings, wrong = _validated(document, pydantic_problems)
    accepted, refused = boards(list(device_tables(document.data)), known, pydantic_problems)
    accepted, broken = (accepted, []) if prove is None else proved(accepted, prove, pydantic_problems)
    missing = (
        replace(one, severity="warning" if bears_missing_drivers else "error")
        for one in (*_kind_problems(unknown, pydantic_problems), *broken)
    )
    problems = [*document.problems, *laying.problems, *laying.forbidden(schema), *overruled, *strange, *missing]
    by_path = {board.device.path: board for board in accepted}
    checked = checks.Checked(document.data, by_path, _capabilities(by_path, relays))
    told = {problem.key for problem in (*wrong, *refused)}
    problems += [*wrong, *refused, *checks.problems(checked, pydantic_problems)]
    problems += [problem for problem in pydantic_problems.wrong_types() if problem.key not in told]
    problems = _borne([*unfit, *_roots(problems, {problem.key for problem in unfit})], files=bears_unusable_files)
    if settings is None or any(problem.severity == "error" for problem in problems):
        raise SettingsError(problems)
    files = tuple(file.path for file in document.files)
    keys = tuple(problem.key for problem in overruled)
    return LoadedSettings(settings, digest(settings), tuple(problems), files, document, schema, anchors, keys, layers)


def schema_of(document: Document, models: DriverModels) -> Schema:
    """What may stand where in a document that was read, whatever else is wrong with it."""
    return Schema(Settings, driver_models(list(device_tables(document.data)), models)[0])


def digest(settings: Settings) -> str:
    """SHA-256, in hex, of the settings without their secrets."""
    data = _public(settings.model_dump(exclude={"include"}))
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()


def public(settings: Settings) -> dict[str, Any]:
    """The settings as a tree that may be shown: secrets are masked."""
    shown: dict[str, Any] = _public(settings.model_dump(exclude={"include"}))
    return shown


def _public(value: Any) -> Any:
    match value:
        case dict():
            return {key: _public(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_public(inner) for inner in value]
        case SecretStr():
            return MASK
        case str():
            return masked_urls(value)
        case FilePath():
            return str(value)
        case _:
            return value


def _validated(document: Document, pydantic_problems: PydanticProblems) -> tuple[Settings | None, list[Problem]]:
    try:
        return Settings.model_validate(document.data), []
    except ValidationError as error:
        return None, pydantic_problems.from_pydantic(error.errors(include_url=False, include_input=False))


def _borne(problems: Iterable[Problem], *, files: bool) -> list[Problem]:
    """The problems; `files`: those of files that keys name are warnings."""
    return [replace(one, severity="warning") if files and one.beside else one for one in problems]


def _roots(problems: list[Problem], told: set[str]) -> list[Problem]:
    """The problems without those that only follow from others.

    Of a key that is there by a wrong name, or told of already.
    """
    meant = {problem.meant for problem in problems if problem.meant}
    return [problem for problem in problems if problem.key not in told and not _below(problem.key, meant)]


def _below(key: str, tables: set[str]) -> bool:
    return any(key == table or key.startswith(f"{table}.") for table in tables)


def _without_nul(document: Document, pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    """Show the character NUL instead, which the calls of the system take for the end of a text, and complain."""
    for path in document.origins:
        value = pydantic_problems.value(path)
        if isinstance(value, str) and NUL in value:
            table: Any = pydantic_problems.value(path[:-1])
            table[path[-1]] = value.replace(NUL, NUL_SHOWN)
            yield pydantic_problems.about(path, Text("expected a text without NUL characters"))


def _kind_problems(unknown: Mapping[Path, Text], pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    for path, message in unknown.items():
        there = message.partition("expected one of ")[2].split(", ")
        kind = pydantic_problems.value((*path, "kind"))
        yield pydantic_problems.about((*path, "kind"), message, hint=nearest(str(kind), there))


def _capabilities(accepted: Mapping[Path, Board], relays: RelayMaker | None) -> dict[Path, RelayCapabilities]:
    if relays is None:
        return {}
    found = {}
    for path, board in accepted.items():
        device: DeviceTable = board.device
        if device.family == "relay":
            found[path] = relays(device.kind, device.own).capabilities
    return found


def _anchor_paths(document: Document, schema: Schema) -> None:
    """Make relative paths start at the file that names them: a service has no working directory to speak of."""
    for path, origin in list(document.origins.items()):
        if origin.file is None or not schema.is_file(path):
            continue
        table: Any = document.data
        for part in path[:-1]:
            table = table[part]
        if isinstance(table[path[-1]], str) and table[path[-1]]:
            table[path[-1]] = str(origin.file.path.parent.absolute() / table[path[-1]])
