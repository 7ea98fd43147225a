"""Write docs/dependencies.md: each work of others that the product uses, why, its size, and what becomes of it.

Run `python -m tools.dependencies_page` in the environment of `make setup`. What a person has to say is in
packaging/dependencies.toml; sizes, licences and users are measured here.
"""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from importlib.metadata import distribution, packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from packaging.requirements import Requirement

from tools.deb.project import ROOT
from tools.deb.targets import LIBRARIES, NEEDED, RECOMMENDED, SUGGESTED
from tools.deb.third_party import licence_of, normal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE: Final = ROOT / "docs" / "dependencies.md"
WORDS: Final = ROOT / "packaging" / "dependencies.toml"
INTRODUCTION: Final = """# Dependencies

`python -m tools.dependencies_page` writes this page. Do not edit it. To change a reason or a plan, edit
`packaging/dependencies.toml`.

This page lists the work of others that a gate or central uses: why it is there, who maintains it, and what we do if
it is abandoned. Tools that only developers use are not here. They are in `pyproject.toml`, under `dependency-groups`.

Sizes are those of the installed files, without compiled Python (Linux, x86-64, Python 3.11). Debian packages have the
size that Debian 13 gives. "Keep a copy" means: we take the source into this repository under its licence, and fix
only what we need.

The Python packages of the agent are pinned by version and SHA-256 in `requirements.lock`. Each release has them
inside, so a gate downloads nothing. If one disappears, installed gates and existing releases do not change.
"""
_COLUMNS: Final = (
    "| name | why | size | licence | used in | kept by | if it is abandoned |\n|---|---|---|---|---|---|---|"
)
AGENT: Final = f"## Python packages of the agent\n\n{_COLUMNS}"
CENTRAL: Final = f"""
## Python packages of central

Only `gate-central` needs them (the extra `central`).

{_COLUMNS}"""
CONTRACTS: Final = f"""
## Python packages for authors of drivers

Only the contract suites need them (the extra `contracts`).

{_COLUMNS}"""
INDIRECT: Final = """
## What these packages need

They come with the packages above, and go when those go.

| name | size | licence | needed by | used in |
|---|---|---|---|---|"""
DEBIAN: Final = """
## Debian packages

The package of the agent requires the first group. It recommends the second, which apt installs if you do not refuse.
It suggests the third.

| name | group | why | size | licence | kept by | if it is abandoned |
|---|---|---|---|---|---|---|"""
FILES: Final = """
## Files inside the package

Scripts, icons, fonts and networks that the package of the agent contains. Each has a line with its SHA-256 in the
`manifest.toml` of its folder.

| file | why | size | licence | kept by | if it is abandoned |
|---|---|---|---|---|---|"""
_HOUSES: Final = ("agent", "central", "drivers", "sim")
EXTRAS: Final = ("central", "contracts")
_PYTHON: Final = {"python_version": "3.11", "python_full_version": "3.11.0"}
"""The page is about one version of Python, whichever writes it."""
_MANY: Final = 4


def page() -> str:
    """The whole page. Raises KeyError for a dependency without an entry in packaging/dependencies.toml."""
    words = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    users = importers()
    return "\n".join(
        [
            INTRODUCTION,
            AGENT,
            *_python(requirements(), words["python"], users),
            CENTRAL,
            *_python(requirements("central"), words["python"], users),
            CONTRACTS,
            *_python(requirements("contracts"), words["python"], users),
            INDIRECT,
            *_indirect(users),
            DEBIAN,
            *_debian(words["debian"]),
            FILES,
            *_files(words["file"]),
            "",
        ]
    )


def requirements(extra: str = "") -> list[str]:
    """The packages that pyproject.toml names: of the product, or of one of its extras."""
    return [normal(Requirement(line).name) for line in _lines(extra)]


def _lines(extra: str) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines: list[str] = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return lines


def debian_packages() -> dict[str, str]:
    """The Debian packages that the control file names, with their group; not the one that is only a role."""
    groups = {
        "required": ("python3", "libc6", *LIBRARIES, *NEEDED),
        "recommended": RECOMMENDED,
        "suggested": SUGGESTED,
    }
    return {
        name: group
        for group, alternatives in groups.items()
        for line in alternatives
        for name in line.split(" | ")
        if name != "time-daemon"
    }


def vendored() -> dict[str, tuple[Path, str]]:
    """The files of others in our folders, by name: each with its path and its licence."""
    found = {}
    for house in _HOUSES:
        for manifest in sorted((ROOT / house).rglob("manifest.toml")):
            for key, entry in tomllib.loads(manifest.read_text(encoding="utf-8")).items():
                path = manifest.parent / entry.get("file", key)
                found[path.name] = (path, entry["licence"].split(",")[0])
    return found


def _python(names: list[str], words: Mapping[str, Any], users: Mapping[str, list[str]]) -> Iterator[str]:
    for name in sorted(names):
        entry = words[name]
        yield (
            f"| {name} | {entry['why']} | {_size(name)} | {licence_of(distribution(name))} | {_used(users[name])} "
            f"| {entry['keeper']} | {entry['plan']} |"
        )


def _indirect(users: Mapping[str, list[str]]) -> Iterator[str]:
    direct = [line for extra in ("", *EXTRAS) for line in _lines(extra)]
    waiting = [Requirement(line) for line in direct]
    needed_by: defaultdict[str, set[str]] = defaultdict(set)
    while waiting:
        parent = waiting.pop()
        for line in distribution(parent.name).requires or []:
            child = Requirement(line)
            if _applies(child, parent.extras):
                if normal(child.name) not in needed_by:
                    waiting.append(child)
                needed_by[normal(child.name)].add(normal(parent.name))
    for name in sorted(needed_by.keys() - {normal(Requirement(line).name) for line in direct}):
        yield (
            f"| {name} | {_size(name)} | {licence_of(distribution(name))} | {', '.join(sorted(needed_by[name]))} "
            f"| {_used(users[name])} |"
        )


def _applies(child: Requirement, extras: set[str]) -> bool:
    return child.marker is None or any(child.marker.evaluate({**_PYTHON, "extra": one}) for one in ("", *extras))


def _debian(words: Mapping[str, Any]) -> Iterator[str]:
    for name, group in debian_packages().items():
        entry = words[name]
        yield (
            f"| {name} | {group} | {entry['why']} | {_written(entry['installed_kib'] * 1024)} | {entry['licence']} "
            f"| {entry['keeper']} | {entry['plan']} |"
        )


def _files(words: Mapping[str, Any]) -> Iterator[str]:
    for name, (path, licence) in vendored().items():
        entry = words[name]
        place = f"`{path.relative_to(ROOT)}`"
        yield (
            f"| {place} | {entry['why']} | {_written(path.stat().st_size)} | {licence} | {entry['keeper']} "
            f"| {entry['plan']} |"
        )


def importers() -> Mapping[str, list[str]]:
    """Which packages of ours import each Python package."""
    names = {module: [normal(one) for one in owners] for module, owners in packages_distributions().items()}
    found: defaultdict[str, set[str]] = defaultdict(set)
    for house in _HOUSES:
        for path in (ROOT / house).rglob("*.py"):
            place = ".".join(path.relative_to(ROOT).parts[:-1][:3])
            for module in _imported(ast.parse(path.read_text(encoding="utf-8"))):
                for owner in names.get(module, ()):
                    found[owner].add(place)
    return defaultdict(list, {name: sorted(places) for name, places in found.items()})


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name.split(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def _used(places: list[str]) -> str:
    if not places:
        return "-"
    rest = len(places) - _MANY
    shown = places if rest <= 1 else places[:_MANY]
    return ", ".join(f"`{place}`" for place in shown) + (f" and {rest} more" if rest > 1 else "")


def _size(name: str) -> str:
    files = (file.locate() for file in distribution(name).files or [] if file.suffix != ".pyc")
    return _written(sum(Path(str(file)).stat().st_size for file in files if Path(str(file)).is_file()))


def _written(size: int) -> str:
    kilobytes = size / 1000
    return f"{kilobytes / 1000:.1f} MB" if kilobytes >= 1000 else f"{kilobytes:.0f} kB"  # noqa: PLR2004 - 1 MB


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
