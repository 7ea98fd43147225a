"""The text of a software document, made of a repository of releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.fleet import DocumentRefusedError
from agent.core.software import RepositoryIndexError, listed_packages, package_version, parsed_order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.core.software import ListedPackage

LARGEST_BYTES = 8 << 20


class SoftwareTextError(ValueError):
    """No text can be made of a repository; says why."""


def software_text(repository: Path, version: str, *, path: str = "", floor: str = "") -> str:
    """The order of a version, with every package of it that the repository lists. Raises SoftwareTextError, OSError.

    `repository`: the folder with `dists`. `path`: where it is below the address that the gates know. Each package is
    named with its release of Debian, its processor, and what the list says of it; gates check who signed the list.
    """
    lines = [f'version = "{version}"']
    lines += [f'floor = "{floor}"'] if floor else []
    lines += [f'path = "{path}"'] if path else []
    found = sorted((target, one) for target, one in _packages(repository, version))
    if not found:
        raise SoftwareTextError(f"{repository} lists no package of gate-agent {version}")
    for target, one in found:
        lines += [
            "",
            f"[packages.{target}]",
            f'file = "{one.path.rpartition("/")[2]}"',
            f'sha256 = "{one.sha256}"',
            f"bytes = {one.bytes}",
        ]
    text = "\n".join(lines) + "\n"
    try:
        parsed_order(text)
    except DocumentRefusedError as error:
        raise SoftwareTextError(str(error)) from None
    return text


def _packages(repository: Path, version: str) -> Iterator[tuple[str, ListedPackage]]:
    for file in sorted(repository.glob("dists/*/main/binary-*/Packages")):
        with file.open("rb") as stream:
            text = stream.read(LARGEST_BYTES).decode("utf-8", "replace")
        try:
            for one in listed_packages(text):
                release = one.version.rpartition("+deb")[2]
                if release.isdecimal() and one.version == package_version(version, int(release)):
                    yield f"deb{release}_{one.architecture}", one
        except RepositoryIndexError as error:
            raise SoftwareTextError(f"{file}: {error}") from None
