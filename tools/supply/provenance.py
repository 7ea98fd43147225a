"""Where a release comes from: an in-toto statement with SLSA's provenance.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md and https://slsa.dev/spec/v1.1/provenance

It is signed as the other files are, by a detached OpenPGP signature: one key, and one command to check all of them.
What it says is what the one who builds says of the own build (SLSA build level 1): a build service that nobody can
steer would be needed for more.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypedDict
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://slsa.dev/provenance/v1"
BUILD_TYPE: Final = "urn:gate-agent:make-release:v1"
UNNAMED_BUILDER: Final = "urn:gate-agent:builder:unnamed"
LOCKS: Final = ("requirements.lock", "requirements-dev.lock", "pyproject.toml")
_SCP_ADDRESS: Final = re.compile(r"^(?:[^@/]+@)?(?P<host>[^:/]+):(?P<path>.+)$")


class Resource(TypedDict, total=False):
    """A file or a checkout that is named by its digest (in-toto's ResourceDescriptor)."""

    name: str
    uri: str
    digest: dict[str, str]


@dataclass(frozen=True, slots=True)
class Origin:
    """What was built, by whom and when.

    `source`: where the repository lies; `commit`: its SHA-1; `tag`: "" where the commit has none. `clean`: whether the
    checkout had nothing beside it. `builder`: a URI. `epoch`, `began`, `ended`: Unix seconds.
    """

    version: str
    source: str
    commit: str
    tag: str
    clean: bool
    builder: str
    epoch: int
    began: float
    ended: float


def statement(subjects: dict[str, str], origin: Origin, dependencies: list[Resource]) -> str:
    """The statement, as JSON. `subjects`: SHA-256 in hex by the name of each file that was made."""
    content = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(subjects.items())],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "source": origin.source,
                    "ref": f"refs/tags/{origin.tag}" if origin.tag else "",
                    "version": origin.version,
                },
                "internalParameters": {
                    "sourceDateEpoch": origin.epoch,
                    "checkoutHadOnlyTheCommit": origin.clean,
                    "system": _system(),
                    "python": platform.python_version(),
                },
                "resolvedDependencies": [
                    {"uri": f"git+{origin.source}", "digest": {"gitCommit": origin.commit}},
                    *dependencies,
                ],
            },
            "runDetails": {
                "builder": {"id": origin.builder},
                "metadata": {"startedOn": _moment(origin.began), "finishedOn": _moment(origin.ended)},
            },
        },
    }
    return json.dumps(content, indent=1) + "\n"


def locked(root: Path) -> list[Resource]:
    """The files that pin what was fetched for a build."""
    return [{"name": name, "digest": {"sha256": sha256(root / name)}} for name in LOCKS]


def debian_packages(bundles: list[Path]) -> list[Resource]:
    """Debian's packages in the bundles, each once."""
    found: dict[str, Resource] = {}
    for bundle in bundles:
        with tarfile.open(bundle) as archive:
            for member in archive:
                if "/debian/" in member.name and (file := archive.extractfile(member)) is not None:
                    name = member.name.rsplit("/", 1)[-1]
                    found[name] = {"name": name, "digest": {"sha256": hashlib.sha256(file.read()).hexdigest()}}
    return [found[name] for name in sorted(found)]


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def public_address(remote: str) -> str:
    """The address of a git repository without names and passwords in it; git@host:path as a URI."""
    if "://" not in remote:
        found = _SCP_ADDRESS.match(remote)
        return f"ssh://{found['host']}/{found['path']}" if found else remote
    parts = urlsplit(remote)
    host = parts.hostname or ""
    return parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host, query="", fragment="").geturl()


def _system() -> str:
    release = platform.freedesktop_os_release()
    return f"{release.get('ID', '')} {release.get('VERSION_ID', '')} {platform.machine()}"


def _moment(time: float) -> str:
    return datetime.fromtimestamp(int(time), UTC).isoformat().replace("+00:00", "Z")
