"""The drivers that installed packages declare: their entry points of the group `gate_agent.drivers`.

Only what is installed beside the agent counts; nothing is looked for anywhere else, and nothing is loaded here.

    [project.entry-points."gate_agent.drivers"]
    "relay.my_board" = "my_package.my_board:MyBoard"
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution, distributions
from typing import TYPE_CHECKING, Final

from drivers.driver_declaration import Declaration, Package

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import Distribution

GROUP: Final = "gate_agent.drivers"
_FILE: Final = "entry_points.txt"


def declarations() -> tuple[Declaration, ...]:
    """What all installed packages declare, as it is now. Reads one small file of each package."""
    found: dict[str, tuple[Declaration, ...]] = {}
    for one in distributions():
        # Most packages declare nothing of ours: what is slow, to read all that they say of themselves, is left out.
        if GROUP in (one.read_text(_FILE) or "") and (name := one.metadata["Name"]):
            found.setdefault(_normal(name), tuple(_of(name)))
    return tuple(each for declared in found.values() for each in declared)


def _of(name: str) -> Iterator[Declaration]:
    """What the package of this name declares: the one that is imported, where several lie on the path."""
    try:
        package = distribution(name)
    except PackageNotFoundError:  # it went a moment ago
        return
    yield from _declared(package, Package(name, package.metadata["Version"] or "?"))


def _declared(found: Distribution, package: Package) -> Iterator[Declaration]:
    section = ""
    for line in (found.read_text(_FILE) or "").splitlines():
        words = line.strip()
        if words.startswith("["):
            section = words.strip("[] ")
        elif section == GROUP and words and not words.startswith(("#", ";")):
            # One that has no target is a declaration too: it is judged, and told of.
            name, _, target = words.partition("=")
            yield Declaration(name.strip(), target.partition("[")[0].strip(), package)


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
