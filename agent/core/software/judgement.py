"""Judges whether a machine may install an ordered package: the right package, and never an older version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.fleet import DocumentFault, DocumentRefusedError
from agent.core.software.debian_version import compare_versions, is_version
from agent.core.software.order import package_version
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.software.order import SoftwareOrder


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine with the agent. `installed`: the version of its package. `floor`: the highest that was in use, "" none.

    `release`: of Debian, such as 13; `suite`: its name, such as "trixie"; `architecture`: as dpkg names it.
    """

    installed: str
    floor: str
    release: int
    suite: str
    architecture: str

    @property
    def target(self) -> str:
        """As a software document names this kind of machine."""
        return f"deb{self.release}_{self.architecture}"


@dataclass(frozen=True, slots=True)
class ChosenPackage:
    """The package that this machine is to install, from the repository at `path`."""

    version: str
    architecture: str
    suite: str
    path: str
    file: str
    sha256: str
    bytes: int


def chosen_package(order: SoftwareOrder, machine: Machine) -> ChosenPackage | None:
    """The package to install; None: it is installed already. Raises DocumentRefusedError."""
    found = order.packages.get(machine.target)
    if found is None:
        raise DocumentRefusedError(
            DocumentFault.OTHER_ARCHITECTURE,
            Text(
                "it has no package for {target}, only for {others}",
                target=machine.target,
                others=", ".join(sorted(order.packages)),
            ),
        )
    version = package_version(order.version, machine.release)
    floor = "" if order.floor is None else package_version(order.floor, machine.release)
    if version == machine.installed:
        return None
    check_versions(version, machine, floor)
    return ChosenPackage(
        version, machine.architecture, machine.suite, order.path, found.file, found.sha256, found.bytes
    )


def check_versions(version: str, machine: Machine, floor: str = "") -> None:
    """See that a version is newer than what is installed, and below no floor. Raises DocumentRefusedError.

    `floor`: of the document. A floor of the machine that cannot be read counts as higher.
    """
    if compare_versions(version, machine.installed) <= 0:
        raise DocumentRefusedError(
            DocumentFault.DOWNGRADE,
            Text(
                "version {version} is not newer than {installed}, which is installed",
                version=version,
                installed=machine.installed,
            ),
        )
    for limit in (machine.floor, floor):
        if limit and (not is_version(limit) or compare_versions(version, limit) < 0):
            raise DocumentRefusedError(
                DocumentFault.BELOW_FLOOR,
                Text("version {version} is below the floor {floor}", version=version, floor=limit),
            )
