"""Draw the packages and their imports, and write the tables of docs/architecture.md. Run `make architecture`.

The pictures are docs/images/architecture.svg and docs/images/architecture-core.svg. The layers come from the import
contracts in pyproject.toml. The code calls a package in a layer a room.
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
"""Packages beside agent/. Only the command line imports them, so the picture shows them in its layer."""
DRIVER_INTERFACES: Final = ("drivers.api", "drivers.text")
LABELS: Final = {
    "agent": (
        "programs",
        "pages and reports",
        "the work of a gate",
        "devices,\nconnections, data",
        "basis",
        "pure rules",
    ),
    "agent.core": (
        "contract, reports",
        "rules",
        "messages, VINs",
        "signed documents,\ntrust",
        "clock, encodings,\nplates",
        "plain values",
    ),
}
CAPTIONS: Final = {
    "agent": {
        "anchors": "trust anchors on disk",
        "assembly": "starts all parts",
        "barrier": "moves the relays",
        "broker": "addresses, TLS, topics",
        "central": "permits, lists, events",
        "cli": "the commands",
        "clock": "time, and its trust",
        "console": "technician's pages",
        "core": "pure: no I/O, no clock",
        "devices": "connects devices",
        "doctor": "finds problems",
        "enrolment": "gets certificates",
        "fleet": "documents of central",
        "i18n": "texts in 4 languages",
        "lane": "runs one lane",
        "lists": "receives signed lists",
        "mqtt": "sends events",
        "notifications": "sends notices",
        "numbers": "counts events",
        "observability": "metrics, logs",
        "recording": "writes the journal",
        "setup": "steps of the setup",
        "replay": "judges again",
        "service": "workers, watchdog",
        "settings": "the configuration",
        "sim": "demo, physics, fleet",
        "site": "other gates of the site",
        "software": "updates the agent",
        "store": "journal, registry",
        "uploads": "sends pictures",
        "vision": "camera processes",
        "voice": "recorded speech",
    },
    "agent.core": {
        "anchors": "who may change trust",
        "clock": "trust in the clock",
        "commands": "signed commands",
        "contract": "schemas, AsyncAPI",
        "crypto": "CBOR, COSE, JWS",
        "decision": "the ordered checks",
        "detail": "texts in records",
        "events": "types, hash chain",
        "fleet": "fleet documents",
        "lane": "step function",
        "lists": "rows, chunks, heads",
        "model": "times, reasons, rows",
        "notices": "notices for people",
        "numbers": "tallies of events",
        "permit": "text, claims, checks",
        "plates": "vote and match",
        "replay": "judges again",
        "site": "claims on a use",
        "software": "stages of an update",
        "trust_state": "is any data lost",
        "vin_match": "VINs against one",
    },
}
TITLES: Final = {
    "agent": "The packages of the gate agent, and what they import",
    "agent.core": "The packages of agent/core, and what they import",
}
PICTURES: Final = {
    "agent": IMAGES / "architecture.svg",
    "agent.core": IMAGES / "architecture-core.svg",
}


def imports() -> grimp.ImportGraph:
    """All imports of the product, including those for type annotations."""
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def layers_of(container: str) -> list[list[str]]:
    """The layers of a package from its import contract, top first. Single modules are left out."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    (layers,) = (each["layers"] for each in contracts if each["type"] == "layers" and each["containers"] == [container])
    folder = ROOT.joinpath(*container.split("."))
    rooms = ([room for room in re.split(r"\s*[:|]\s*", layer) if (folder / room).is_dir()] for layer in layers)
    return [layer for layer in rooms if layer]


def arrows(graph: grimp.ImportGraph, container: str, rooms: Iterable[str]) -> set[tuple[str, str]]:
    """Pairs of rooms: the first imports the second."""
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
    """The picture of the rooms of a package. Raises KeyError if a room has no caption."""
    layers = layers_of(container)
    whole = container == "agent"
    if whole:
        layers[0] += OUTSIDE
    known = arrows(graph, container, [room for layer in layers for room in layer])
    shown = implied_left_out(known)
    notes = [
        f"An arrow means: imports. {len(shown)} of {len(known)} imports are drawn: other arrows imply the rest.",
        "Every arrow points down, between layers and within a layer.",
    ]
    if whole:
        notes.append("Yellow: separate packages beside agent/. drivers imports none of the other packages.")
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
    """The text of the drivers box: which packages import only the interfaces, and which import more."""
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
        *("cameras, scanners,", "relay boards, inputs,", "signs, voices,", "witnesses, emulators", ""),
        *("Imported by these", "packages.", "", "Only api and text:", *sorted(near - far), ""),
        *("Other modules too:", *sorted(far)),
    )


def table(container: str) -> str:
    """A Markdown table of the rooms of a package, top layer first, each with the docstring of its face."""
    rows = ["| layer | package | what it is for, and what it may touch |", "|--:|---|---|"]
    for number, layer in enumerate(layers_of(container), start=1):
        rows += [_row(str(number), f"{container}.{room}") for room in sorted(layer)]
    if container == "agent":
        rows += [_row("beside", package) for package in ("drivers", *OUTSIDE)]
    return "\n".join(rows)


def _row(layer: str, package: str) -> str:
    path = Path(*package.split("."))
    face = ast.get_docstring(ast.parse((ROOT / path / "__init__.py").read_text(encoding="utf-8")))
    if face is None:
        raise ValueError(f"{path}/__init__.py has no docstring")
    return f"| {layer} | [`{path}`](../{path}) | {' '.join(face.split())} |"


def page(text: str) -> str:
    """The page with new tables. Raises ValueError if the place of a table is missing."""
    for container in PICTURES:
        begin, end = f"<!-- rooms of {container} -->\n", f"<!-- end of {container} -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"docs/architecture.md has no place for the rooms of {container}")
        text = f"{before}{begin}\n{table(container)}\n\n{end}{after}"
    return text


def pictures() -> Mapping[Path, str]:
    """The path and the content of each picture."""
    graph = imports()
    return {path: picture(graph, container).svg() for container, path in PICTURES.items()}


def main() -> None:
    """Write the pictures and the page."""
    for path, text in pictures().items():
        path.write_text(text, encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
