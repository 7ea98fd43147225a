"""The index of an apt repository: what `Release` says about its files, and `Packages` about its packages.

Nothing is verified here: the caller verifies the signature of `Release` first (DebianRepository/Format in the Debian
wiki).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SUM: Final = re.compile(r" ([0-9a-f]{64}) +(\d{1,15}) (\S{1,400})", re.ASCII)
_FIELD: Final = re.compile(r"([A-Za-z0-9-]{1,64}):[ \t]*(.*)", re.ASCII)


class RepositoryIndexError(ValueError):
    """A list of the repository is not of its form."""


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """What `Release` says of a file: its SHA-256, in hex, and its size."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ListedPackage:
    """A package in `Packages`. `path`: of its file, below the repository."""

    name: str
    version: str
    architecture: str
    path: str
    sha256: str
    bytes: int


def release_files(text: str) -> Mapping[str, IndexedFile]:
    """The files that a `Release` vouches for, by their path below it. Raises RepositoryIndexError."""
    found: dict[str, IndexedFile] = {}
    within = False
    for line in text.split("\n"):
        if not line.startswith(" "):
            within = line.strip() == "SHA256:"
        elif within and (one := _SUM.fullmatch(line)) is not None:
            found[one[3]] = IndexedFile(one[1], int(one[2]))
    if not found:
        raise RepositoryIndexError(Text("the index Release names no file by its SHA-256"))
    return found


def listed_packages(text: str) -> Iterator[ListedPackage]:
    """The packages of a `Packages`. Raises RepositoryIndexError."""
    for stanza in text.split("\n\n"):
        fields = {one[1].lower(): one[2].strip() for line in stanza.split("\n") if (one := _FIELD.fullmatch(line))}
        if not fields:
            continue
        try:
            yield ListedPackage(
                fields["package"],
                fields["version"],
                fields["architecture"],
                fields["filename"],
                fields["sha256"].lower(),
                int(fields["size"]),
            )
        except (KeyError, ValueError):
            raise RepositoryIndexError(Text("the index Packages holds an entry that is not a package")) from None
