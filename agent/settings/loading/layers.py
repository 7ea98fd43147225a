"""The layers over the file: credentials, then environment variables. The later one wins.

GATE_MQTT__KEEPALIVE_S=30 sets `mqtt.keepalive_s`; the credential `mqtt.password` sets the key of that name. Lists are
written as JSON. A variable is taken for ours when its name has a double underscore after GATE_, or starts with
GATE_ and the name of a section; others that only begin alike are left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.service.credentials import LONGEST, UNIT
from agent.settings.model.agent import Settings
from agent.settings.toml.includes import Origin, dotted, leaves
from agent.settings.toml.problems import Problem, nearest
from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path as FilePath

    from agent.settings.toml.includes import Document
    from agent.settings.toml.key_positions import Path

PREFIX = "GATE_"


def add_credentials(document: Document, directory: FilePath | None, held: Mapping[FilePath, bytes]) -> None:
    """Lay the files of the credentials directory over the document, and the content of files that a command holds.

    A file without a dot in its name is not ours.
    """
    if directory is not None:
        _add_directory(document, directory)
    for path, raw in held.items():
        _lay_credential(document, path, path.name.removeprefix(f"{UNIT}."), raw)


def _add_directory(document: Document, directory: FilePath) -> None:
    try:
        files = sorted(path for path in directory.iterdir() if path.is_file() and "." in path.name.strip("."))
    except OSError as error:
        document.problems.append(Problem(str(directory), "", Text("cannot be read: {why}", why=reason(error))))
        return
    for path in files:
        try:
            with path.open("rb") as stream:
                raw = stream.read(LONGEST + 1)
        except OSError as error:
            document.problems.append(Problem(str(path), path.name, Text("cannot be read: {why}", why=reason(error))))
        else:
            _lay_credential(document, path, path.name, raw)


def _lay_credential(document: Document, path: FilePath, name: str, raw: bytes) -> None:
    try:
        text = _text(raw)
    except ValueError as error:
        document.problems.append(Problem(str(path), name, Text.of(str(error))))
    else:
        _lay(document, PREFIX + name.replace(".", "__"), text, str(path))


def _text(raw: bytes) -> str:
    """The text of a credential without the line end that editors leave. Raises ValueError."""
    if len(raw) > LONGEST:
        raise ValueError(Text("expected a file of at most 64 kB"))
    try:
        return raw.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(Text("expected UTF-8 text")) from None


def add_environment(document: Document, environment: Mapping[str, str]) -> None:
    """Lay the GATE_ variables over the document."""
    for name in sorted(environment):
        if _is_ours(name):
            _lay(document, name, environment[name], name)


def _is_ours(name: str) -> bool:
    if not name.startswith(PREFIX):
        return False
    rest = name.removeprefix(PREFIX).lower()
    return "__" in rest or any(rest == section or rest.startswith(f"{section}_") for section in Settings.model_fields)


def _lay(document: Document, name: str, value: str, source: str) -> None:
    own_name = name.removeprefix(PREFIX)
    path = tuple(own_name.lower().split("__"))
    if path[0] not in Settings.model_fields:
        document.problems.append(
            Problem(source, dotted(path), Text("there is no such key"), hint=_similar(path, source))
        )
        return
    # Brings a large library, for which a command without such a layer need not wait.
    from agent.settings.loading.variable import NoJsonError, layer_of  # noqa: PLC0415

    try:
        layer = layer_of(own_name, value)
    except NoJsonError:
        document.problems.append(Problem(source, dotted(path), Text('expected JSON, such as ["one", "two"]')))
        return
    if not layer:
        document.problems.append(Problem(source, dotted(path), Text("expected JSON, such as {} or []")))
        return
    origin = Origin(source)
    for leaf, item in leaves(layer):
        put_value(document, leaf, item, origin)


def _similar(path: tuple[str, ...], source: str) -> str:
    """The name that was probably meant, in the form of the source: a variable or a credential."""
    begun = next((section for section in Settings.model_fields if path[0].startswith(f"{section}_")), "")
    if len(path) == 1 and begun:  # GATE_MQTT_PASSWORD: one underscore where two belong
        path = (begun, path[0].removeprefix(f"{begun}_"))
    else:
        section = nearest(path[0], list(Settings.model_fields))
        if not section:
            return ""
        path = (section, *path[1:])
    return f"{PREFIX}{'__'.join(path)}".upper() if source.startswith(PREFIX) else dotted(path)


def put_value(document: Document, path: Path, value: Any, origin: Origin) -> None:
    """Replace the value at the path, and its origin and that of all below it."""
    table: Any = document.data
    for part in path[:-1]:
        inner = table.get(part)
        if not isinstance(inner, dict):
            inner = {}
            table[part] = inner
        document.origins.setdefault(path[: path.index(part) + 1], origin)
        table = inner
    table[path[-1]] = value
    for known in [known for known in document.origins if known[: len(path)] == path]:
        del document.origins[known]
    document.origins[path] = origin
