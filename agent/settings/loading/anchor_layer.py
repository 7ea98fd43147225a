"""The layer of the trust anchors: once a gate has them, nothing else sets them, by whatever way it comes."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from agent.core.anchors import ANCHOR_KEYS, CA_KEYS, anchor_key
from agent.settings.loading.anchor_file import ca_files
from agent.settings.loading.layers import put_value
from agent.settings.model.anchors import AnchorValueError, plain_value
from agent.settings.toml.files import read_file
from agent.settings.toml.includes import Origin, dotted, inner_paths
from agent.settings.toml.problems import Problem
from drivers.text import Text

if TYPE_CHECKING:
    from agent.settings.loading.anchor_file import AnchorFile
    from agent.settings.toml.includes import Document


def lay_anchors(document: Document, anchors: AnchorFile) -> list[Problem]:
    """Put the anchors in the place of whatever the layers before say of their keys.

    Returns a warning for each key that another layer would set otherwise.
    """
    files, origin = ca_files(anchors.held), Origin(str(anchors.path))
    overruled: list[Problem] = []
    for section, name in ANCHOR_KEYS:
        path = (section, name)
        table = document.data.get(section, {})
        if not isinstance(table, dict):
            continue  # the model says what was expected
        if name in table and not _says_the_same(document, path, table[name], anchors):
            overruled.append(_overruled(document, path, anchors))
        key = anchor_key(path)
        value: Any = anchors.held.values.get(key)
        if path in CA_KEYS:
            value = str(anchors.folder / files[key][0]) if key in files else None
        put_value(document, path, value, origin)
        document.origins.update(dict.fromkeys(inner_paths(value, path), origin))
    return overruled


def other_gate(document: Document, anchors: AnchorFile) -> list[Problem]:
    """A warning where the anchors are those of a gate of another id: documents for this one would be refused."""
    table = document.data.get("gate")
    found = table.get("id") if isinstance(table, dict) else None
    if found == anchors.held.gate:
        return []
    path = ("gate", "id")
    origin = document.origin(path)
    message = Text("the trust anchors are those of gate {gate}", gate=anchors.held.gate)
    return [Problem(origin.name, dotted(path), message, origin.spot(lambda _path: False), severity="warning")]


def _says_the_same(document: Document, path: tuple[str, str], value: object, anchors: AnchorFile) -> bool:
    key = anchor_key(path)
    try:
        if path in CA_KEYS:
            file = document.origin(path).file
            folder = FilePath() if file is None else file.path.parent
            value = read_file(folder / str(value)).decode()
        return plain_value(key, value) == anchors.held.values[key]
    except (AnchorValueError, OSError, UnicodeDecodeError):
        return False


def _overruled(document: Document, path: tuple[str, str], anchors: AnchorFile) -> Problem:
    set_by = document.origin(path)
    message = Text("is a trust anchor: the value in {file} counts, so remove this one", file=anchors.path)
    return Problem(set_by.name, dotted(path), message, set_by.spot(lambda _path: True), severity="warning")
