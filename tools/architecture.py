"""Draw the rooms from the imports.

Docs/images/architecture.svg, architecture-core.svg, and the tables of docs/architecture.md. Run `make architecture`.
The layers are those of the import contracts in pyproject.toml.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grimp
from layered_picture import Layers, draw, implied_left_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wiring_picture import Picture

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
IMAGES = ROOT / "docs" / "images"
PACKAGES: Final = ("agent", "central", "drivers", "sim")
OUTSIDE: Final = ("sim", "central")
"""Packages of their own that the command line offers: drawn beside it."""
DRIVER_INTERFACES: Final = ("drivers.api", "drivers.text")
LABELS: Final = {
    "agent": (
        "the programs",
        "what people\nlook at",
        "a gate's work",
        "devices, links,\nstores",
        "the ground",
        "pure rules",
    ),
    "agent.core": (
        "for central",
        "the rules",
        "what is said",
        "what is signed",
        "what is\nunderstood",
        "plain values",
    ),
}
CAPTIONS: Final = {
    "agent": {
        "anchors": "root's, by signature",
        "assembly": "all parts, put together",
        "barrier": "relays over time",
        "broker": "addresses, TLS, topics",
        "central": "issues, publishes",
        "cli": "the commands",
        "clock": "time, and its trust",
        "console": "technician's pages",
        "core": "pure: no I/O, no clock",
        "devices": "ports come and go",
        "doctor": "finds what is wrong",
        "enrolment": "certificates in time",
        "fleet": "documents, tried",
        "i18n": "four languages",
        "lane": "one thread a lane",
        "lists": "signed lists come in",
        "mqtt": "session with central",
        "notifications": "people hear of it",
        "numbers": "counts the journal",
        "observability": "metrics, logs",
        "recording": "the journal's writer",
        "setup": "steps and words",
        "replay": "past vehicles again",
        "service": "workers, watchdog",
        "settings": "the configuration",
        "sim": "demo, physics, fleet",
        "site": "gates among gates",
        "software": "its own updates",
        "store": "journal, registry",
        "uploads": "pictures to a store",
        "vision": "a process a camera",
        "voice": "recorded speech",
    },
    "agent.core": {
        "anchors": "who may change trust",
        "clock": "can it be trusted",
        "commands": "signed orders",
        "contract": "schemas, AsyncAPI",
        "crypto": "CBOR, COSE, JWS",
        "decision": "the ordered checks",
        "detail": "words in records",
        "events": "types, hash chain",
        "fleet": "whose word counts",
        "lane": "step: the machine",
        "lists": "rows, chunks, heads",
        "model": "moments, reasons",
        "notices": "what people are told",
        "numbers": "events to tallies",
        "permit": "text, claims, checks",
        "plates": "vote and match",
        "replay": "past vehicles again",
        "site": "claims on a use",
        "software": "stages of an update",
        "trust_state": "is all still here",
        "vin_match": "VINs against one",
    },
}
TITLES: Final = {
    "agent": "The rooms of gate agent, and which knows which",
    "agent.core": "The rooms of agent/core, and which knows which",
}
PICTURES: Final = {
    "agent": IMAGES / "architecture.svg",
    "agent.core": IMAGES / "architecture-core.svg",
}


def imports() -> grimp.ImportGraph:
    """All imports of the product, those for type annotations too."""
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def layers_of(container: str) -> list[list[str]]:
    """The layers of rooms that the import contract of a package names, from the top; a module beside them is none."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    (layers,) = (each["layers"] for each in contracts if each["type"] == "layers" and each["containers"] == [container])
    folder = ROOT.joinpath(*container.split("."))
    rooms = ([room for room in re.split(r"\s*[:|]\s*", layer) if (folder / room).is_dir()] for layer in layers)
    return [layer for layer in rooms if layer]


def arrows(graph: grimp.ImportGraph, container: str, rooms: Iterable[str]) -> set[tuple[str, str]]:
    """Which room imports which."""
    package = {f"{container}.{room}": room for room in rooms} | {room: room for room in OUTSIDE if room in rooms}

    def room_of(module: str) -> str | None:
        return next((room for name, room in package.items() if module == name or module.startswith(f"{name}.")), None)

    pairs = (
        (room_of(module), room_of(other))
        for module in graph.modules
        for other in graph.find_modules_directly_imported_by(module)
    )
    return {(one, other) for one, other in pairs if one and other and one != other}


def picture(graph: grimp.ImportGraph, container: str) -> Picture:
    """The picture of the rooms of a package. Raises KeyError where a room has no caption."""
    layers = layers_of(container)
    whole = container == "agent"
    if whole:
        layers[0] += OUTSIDE
    known = arrows(graph, container, [room for layer in layers for room in layer])
    shown = implied_left_out(known)
    notes = [
        f"An arrow says: imports. Drawn are {len(shown)} of {len(known)}: an arrow that others imply is left out.",
        "Every arrow points down, from layer to layer and within a layer.",
    ]
    if whole:
        notes.append("Yellow: packages of their own beside agent/. drivers imports none of the others.")
    return draw(
        Layers(
            TITLES[container],
            layers,
            LABELS[container],
            shown,
            CAPTIONS[container],
            frozenset(OUTSIDE),
            _drivers(graph) if whole else (),
            tuple(notes),
        )
    )


def _drivers(graph: grimp.ImportGraph) -> tuple[str, ...]:
    """What the box of the drivers says: who knows them by their interfaces alone, and who knows more of them."""
    near: set[str] = set()
    far: set[str] = set()
    for module in graph.modules:
        if module.startswith("drivers"):
            continue
        room = module.split(".")[1] if module.startswith("agent.") else module.split(".")[0]
        used = {one for one in graph.find_modules_directly_imported_by(module) if one.split(".")[0] == "drivers"}
        near |= {room} if used & set(DRIVER_INTERFACES) else set()
        far |= {room} if used - set(DRIVER_INTERFACES) else set()
    return (
        "drivers",
        *("cameras, scanners,", "relay boards, inputs,", "emulators", ""),
        *("Their interfaces", "(api, text) alone", "are known to:", *sorted(near - far), ""),
        *("More of them is", "known to:", *sorted(far)),
    )


def table(container: str) -> str:
    """The rooms of a package, from the top, each with what its face says."""
    rows = ["| layer | room | what it is for, and what it may touch |", "|--:|---|---|"]
    for number, layer in enumerate(layers_of(container), start=1):
        rows += [_row(str(number), f"{container}.{room}") for room in sorted(layer)]
    if container == "agent":
        rows += [_row("beside", package) for package in ("drivers", *OUTSIDE)]
    return "\n".join(rows)


def _row(layer: str, package: str) -> str:
    path = Path(*package.split("."))
    face = ast.get_docstring(ast.parse((ROOT / path / "__init__.py").read_text(encoding="utf-8")))
    if face is None:
        raise ValueError(f"{path}/__init__.py does not say what the room is for")
    return f"| {layer} | [`{path}`](../{path}) | {' '.join(face.split())} |"


def page(text: str) -> str:
    """The page with its tables written again. Raises ValueError where the place of one is missing."""
    for container in PICTURES:
        begin, end = f"<!-- rooms of {container} -->\n", f"<!-- end of {container} -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"docs/architecture.md has no place for the rooms of {container}")
        text = f"{before}{begin}\n{table(container)}\n\n{end}{after}"
    return text


def pictures() -> Mapping[Path, str]:
    """The files of the pictures, and what is in them."""
    graph = imports()
    return {path: picture(graph, container).svg() for container, path in PICTURES.items()}


def main() -> None:
    """Write pictures and page."""
    for path, text in pictures().items():
        path.write_text(text, encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
