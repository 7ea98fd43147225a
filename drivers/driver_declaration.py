"""What is said of a driver before it is loaded: its port, its kind, where its class is, and whose it is.

Our own drivers and those of installed packages are declared in the same form and judged by the same rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PORTS: Final = ("camera", "relay", "inputs", "scanner", "sign", "voice", "witness")
"""What a driver can be, in the words of the configuration."""
SETTINGS: Final = "settings"
APART: Final = frozenset({"camera"})
"""Ports whose drivers are too heavy, or too exposed, to be loaded only to learn their settings."""
_FORM: Final = re.compile(r"(?P<port>[^.]+)\.(?P<kind>[^.]+)(?:\.(?P<part>[^.]+))?")
_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_TARGET: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_NEAR: Final = 0.55


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package (a distribution, in Python's words) that brings drivers."""

    name: str
    version: str

    @override
    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class Declaration:
    """`name` = PORT.KIND, or PORT.KIND.settings; `target` = MODULE:CLASS. `package`: None for one of ours."""

    name: str
    target: str
    package: Package | None = None


@dataclass(frozen=True, slots=True)
class DriverEntry:
    """One driver: `path` of its class, and of its settings model where that is not the `Settings` of the class.

    `package`: whose it is; None: it is ours.
    """

    port: str
    kind: str
    path: str
    settings: str = ""
    package: Package | None = None


@dataclass(frozen=True, slots=True)
class RejectedDeclaration:
    """A declaration that counts for nothing, and why. `port`, `kind`: as far as it names them."""

    declaration: Declaration
    reason: Text
    port: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class JudgedDeclarations:
    """The drivers that may be used, by port and kind, and what was rejected."""

    entries: Mapping[tuple[str, str], DriverEntry]
    rejected: tuple[RejectedDeclaration, ...]


def judged(declarations: Iterable[Declaration], taken: Mapping[tuple[str, str], Text]) -> JudgedDeclarations:
    """Which of these declarations count. `taken`: ports and kinds that nobody may declare again, and why not.

    Where two packages declare the same driver neither is used: which of them is meant, nobody can say.
    """
    rejected: list[RejectedDeclaration] = []
    found: dict[tuple[str, str], dict[str, list[Declaration]]] = {}
    for one in sorted(declarations, key=lambda each: (each.name, str(each.package), each.target)):
        match = _FORM.fullmatch(one.name)
        port, kind, part = match.group("port", "kind", "part") if match else ("", "", None)
        wrong = _fault(one, port, kind, part) or taken.get((port, kind))
        if wrong is not None:
            rejected.append(RejectedDeclaration(one, wrong, port, kind))
        else:
            found.setdefault((port, kind), {}).setdefault(part or "", []).append(one)
    entries: dict[tuple[str, str], DriverEntry] = {}
    for (port, kind), parts in found.items():
        entry = _entry(port, kind, parts)
        if isinstance(entry, Text):
            rejected += [RejectedDeclaration(one, entry, port, kind) for each in parts.values() for one in each]
        else:
            entries[port, kind] = entry
    return JudgedDeclarations(entries, tuple(rejected))


def _fault(one: Declaration, port: str, kind: str, part: str | None) -> Text | None:
    if not port or part not in {None, SETTINGS}:
        return Text("expected a name of the form PORT.KIND or PORT.KIND.settings, such as relay.my_board")
    if port not in PORTS:
        return _unknown_port(port)
    if _KIND.fullmatch(kind) is None:
        return Text(
            "expected a kind of small letters, digits and _, at most 32, not {kind!r}; such as my_board", kind=kind
        )
    if _TARGET.fullmatch(one.target) is None:
        return Text("expected MODULE:CLASS, such as my_package.my_board:MyBoard, not {target!r}", target=one.target)
    return None


def _unknown_port(port: str) -> Text:
    near = get_close_matches(port, PORTS, 1, _NEAR)
    there = Text("there is no port {port!r}; expected one of {ports}", port=port, ports=", ".join(PORTS))
    return Text('{message}; did you mean "{word}"?', message=there, word=near[0]) if near else there


def _entry(port: str, kind: str, parts: Mapping[str, list[Declaration]]) -> DriverEntry | Text:
    """The driver, or what is wrong with what was declared of it."""
    packages = sorted({str(one.package) for each in parts.values() for one in each})
    if len(packages) > 1:
        return Text("several packages declare this driver, so none is used: {packages}", packages=", ".join(packages))
    if any(len(each) > 1 for each in parts.values()):
        return Text("the package declares it more than once")
    if "" not in parts:
        return Text("the driver itself is not declared: add {port}.{kind}", port=port, kind=kind)
    if SETTINGS not in parts and port in APART:
        return Text(
            "its settings must be declared apart, in a module that loads nothing heavy: add {port}.{kind}.settings",
            port=port,
            kind=kind,
        )
    (driver,) = parts[""]
    settings = parts[SETTINGS][0].target if SETTINGS in parts else ""
    return DriverEntry(port, kind, driver.target, settings, driver.package)
