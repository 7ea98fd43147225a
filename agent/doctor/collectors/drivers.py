"""The drivers that installed packages bring: which, whose they are, and whether each can be loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.doctor.facts import DriverFacts
from drivers import registry
from drivers.driver_trial import DriverQuestion, faults_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def drivers(tried: Callable[[Sequence[DriverQuestion]], Sequence[str]] = faults_of) -> tuple[DriverFacts, ...]:
    """All of them, each loaded in a process of its own; none is started where there is none."""
    found = registry.outside()
    entries = sorted(found.entries.items())
    faults = tried([DriverQuestion(port, kind) for (port, kind), _ in entries]) if entries else ()
    usable = [
        DriverFacts(f"{port}.{kind}", str(entry.package), fault)
        for ((port, kind), entry), fault in zip(entries, faults, strict=True)
    ]
    rejected = [
        DriverFacts(one.declaration.name, str(one.declaration.package), one.reason, rejected=True)
        for one in found.rejected
    ]
    return (*usable, *rejected)


def declared_drivers() -> list[dict[str, Any]]:
    """What the packages declare, as JSON values, for a support bundle. Loads nothing."""
    found = registry.outside()
    return [
        {"driver": f"{port}.{kind}", "package": str(entry.package), "class": entry.path, "rejected": ""}
        for (port, kind), entry in sorted(found.entries.items())
    ] + [
        {
            "driver": one.declaration.name,
            "package": str(one.declaration.package),
            "class": one.declaration.target,
            "rejected": one.reason,
        }
        for one in found.rejected
    ]


def packages_with_drivers() -> tuple[str, ...]:
    """The names of the packages that declare drivers, also of those that are rejected."""
    found = registry.outside()
    packages = [entry.package for entry in found.entries.values()]
    packages += [one.declaration.package for one in found.rejected]
    return tuple(sorted({package.name for package in packages if package is not None}))
