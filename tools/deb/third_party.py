"""The works of others in a package: Python packages, and what the manifests of our own folders name."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from typing import TYPE_CHECKING, Final

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from tools.deb.project import ROOT
from tools.deb.targets import BuildError

if TYPE_CHECKING:
    from pathlib import Path

_TEXTS: Final = re.compile(r"(^|/)(LICEN[CS]E|COPYING|NOTICE|ThirdPartyNotices)[^/]*$|/licenses/")
_KNOWN: Final = ROOT / "packaging" / "licences.toml"


@dataclass(frozen=True, slots=True)
class Work:
    """One work of others.

    `licence` is an SPDX expression; `files`: SHA-256 by path, of what is not Python; `texts`: its licences by their
    path, as they lie in the package. `origin`: where it is from; "" for a Python package.
    """

    name: str
    version: str
    licence: str
    origin: str
    files: dict[str, str]
    texts: dict[str, str]


def works(folder: Path) -> list[Work]:
    """All works of others in a folder of modules, by name. Raises BuildError for one without a licence."""
    found = [
        _packaged(distribution)
        for distribution in distributions(path=[str(folder)])
        if normal(distribution.name) != "gate-agent"
    ]
    for manifest in sorted(folder.glob("agent/**/manifest.toml")) + sorted(folder.glob("drivers/**/manifest.toml")):
        for file, entry in tomllib.loads(manifest.read_text(encoding="utf-8")).items():
            found.append(_listed(manifest, entry.get("file", file), entry, folder))
    return sorted(found, key=lambda work: work.name.lower())


def normal(name: str) -> str:
    """A name of a Python package in its one form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence_of(distribution: Distribution) -> str:
    """The licence of a Python package as an SPDX expression. Raises BuildError where neither it nor we name one."""
    known = {normal(name): str(licence) for name, licence in tomllib.loads(_KNOWN.read_text(encoding="utf-8")).items()}
    name = normal(distribution.name)
    fields = (distribution.metadata.get_all(field) or [""] for field in ("License-Expression", "License"))
    (expression, *_), (words, *_) = fields
    said = expression or known.get(name) or words
    try:
        return str(canonicalize_license_expression(said))
    except InvalidLicenseExpression as error:
        message = f"the licence of {name} is not known ({said[:60]!r}): read its text, and write it into {_KNOWN}"
        raise BuildError(message) from error


def _packaged(distribution: Distribution) -> Work:
    files = distribution.files or []
    texts = {
        str(file): file.locate().read_text(encoding="utf-8", errors="replace")  # type: ignore[attr-defined]
        for file in files
        if _TEXTS.search(str(file)) and file.suffix not in {".py", ".pyc"}
    }
    libraries = {str(file): _sum(file.locate()) for file in files if ".libs/" in str(file)}  # type: ignore[arg-type]
    return Work(normal(distribution.name), distribution.version, licence_of(distribution), "", libraries, texts)


def _listed(manifest: Path, file: str, entry: dict[str, str], folder: Path) -> Work:
    path = manifest.parent / file
    place = str(path.relative_to(folder))
    if _sum(path) != entry["sha256"]:
        raise BuildError(f"{place} is not what {manifest.name} beside it says: its SHA-256 is {_sum(path)}")
    text = manifest.parent / entry["licence_file"] if "licence_file" in entry else None
    return Work(
        entry.get("name", file),
        entry.get("version", ""),
        str(canonicalize_license_expression(entry["licence"].split(",")[0])),
        entry["origin"],
        {place: entry["sha256"]},
        {} if text is None else {str(text.relative_to(folder)): text.read_text(encoding="utf-8")},
    )


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
