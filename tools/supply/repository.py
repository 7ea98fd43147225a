"""The apt repository of a release: a folder that any web server, mirror or USB stick can offer.

Made by Debian's own apt-ftparchive, which keeps no database (Debian 12 and 13 both have it). reprepro and aptly do, and
what they publish then depends on what they have published before.
"""

from __future__ import annotations

import gzip
import os
import shutil
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

from tools.deb.project import run
from tools.deb.targets import SUITES, TARGETS

if TYPE_CHECKING:
    from pathlib import Path

    from tools.deb.targets import Target

FOLDER: Final = "apt"
COMPONENT: Final = "main"
ORIGIN: Final = "gate-agent"
SIGNED: Final = ("InRelease", "Release.gpg")
_DAY_S: Final = 24 * 3600
# SHA-256 is what apt of both releases asks for; the older ones prove nothing.
_SUMS: Final = tuple(f"--option=APT::FTPArchive::{name}=false" for name in ("MD5", "SHA1", "SHA512"))


@dataclass(frozen=True, slots=True)
class Validity:
    """From when a repository's lists are good, and for how long: Unix seconds, and days."""

    time: int
    days: int


def lay_out_repository(folder: Path, packages: dict[Target, Path], validity: Validity) -> list[Path]:
    """Make the repository in a new folder: pool, and a suite with its lists for each release of Debian, unsigned.

    `packages`: the file of each target. Returns the Release file of each suite. Raises BuildError.
    """
    for target, package in packages.items():
        place = folder / _pool(target.release) / package.name
        place.parent.mkdir(parents=True, exist_ok=True)
        _link(package, place)
    for release in sorted({target.release for target in packages}):
        for architecture in _architectures(packages, release):
            listed = run(["apt-ftparchive", "--arch", architecture, *_SUMS, "packages", _pool(release)], folder)
            lists = suite(folder, release) / COMPONENT / f"binary-{architecture}"
            lists.mkdir(parents=True)
            (lists / "Packages").write_text(listed, encoding="utf-8")
            (lists / "Packages.gz").write_bytes(gzip.compress(listed.encode(), 9, mtime=0))
    return write_releases(folder, validity)


def write_releases(folder: Path, validity: Validity) -> list[Path]:
    """Write the Release file of each suite anew and return them; what signed the old ones goes. Raises BuildError.

    The format: DebianRepository/Format in the wiki of Debian
    """
    written = []
    for release in sorted(SUITES):
        place = suite(folder, release)
        if not place.is_dir():
            continue
        for name in ("Release", *SIGNED):
            (place / name).unlink(missing_ok=True)
        architectures = sorted(path.name.removeprefix("binary-") for path in (place / COMPONENT).glob("binary-*"))
        fields = {
            "Origin": ORIGIN,
            "Label": ORIGIN,
            "Suite": SUITES[release],
            "Codename": SUITES[release],
            "Date": _date(validity.time),
            # Who holds the mirror cannot keep gates on an old release for longer without apt saying so.
            "Valid-Until": _date(validity.time + validity.days * _DAY_S),
            # Without it there is no such field; by it alone, in seconds, it would count from now.
            "ValidTime": str(validity.days * _DAY_S),
            "Architectures": " ".join(architectures),
            "Components": COMPONENT,
            "Description": f"Gate agent for Debian {release}",
        }
        options = [f"--option=APT::FTPArchive::Release::{name}={value}" for name, value in fields.items()]
        text = run(["apt-ftparchive", *_SUMS, *options, "release", "."], place)
        (place / "Release").write_text(text, encoding="utf-8")
        written.append(place / "Release")
    return written


def suite(folder: Path, release: int) -> Path:
    """Where the lists for a release of Debian lie in a repository."""
    return folder / "dists" / SUITES[release]


def packages_of(dist: Path) -> dict[Target, Path]:
    """The packages in a folder, by their targets."""
    found = {}
    for target in TARGETS.values():
        for path in dist.glob(f"gate-agent_*+deb{target.release}_{target.architecture}.deb"):
            found[target] = path
    return found


def _pool(release: int) -> str:
    return f"pool/{SUITES[release]}/{COMPONENT}"


def _architectures(packages: dict[Target, Path], release: int) -> list[str]:
    return sorted(target.architecture for target in packages if target.release == release)


def _link(package: Path, place: Path) -> None:
    """The same file in both places; a copy where the file system has no second names."""
    try:
        os.link(package, place)
    except OSError:
        shutil.copy2(package, place)


def _date(time: int) -> str:
    """Unix seconds as apt writes them."""
    return formatdate(time, usegmt=True).replace("GMT", "UTC")
