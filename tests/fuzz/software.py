"""What is handed to the helper that installs software: requests, orders, and the lists of a repository."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from agent.core.fleet import DocumentRefusedError
from agent.core.software import (
    BeginRequest,
    Machine,
    RepositoryIndexError,
    SoftwareRequestError,
    WordRequest,
    chosen_package,
    compare_versions,
    listed_packages,
    parsed_order,
    parsed_request,
    release_files,
    request_bytes,
)
from tests.fuzz.mutations import spoilt
from tests.fuzz.target import Target

if TYPE_CHECKING:
    import random

_SHA = "0123456789abcdef" * 4
_HERE = Machine("0.5.0+deb13", "0.5.0+deb13", 13, "trixie", "amd64")
_ORDER = f"""version = "0.5.1"
floor = "0.4.0"
path = "releases/apt"
[window]
begin = "22:00"
end = "04:00"
[packages.deb13_amd64]
file = "gate-agent_0.5.1+deb13_amd64.deb"
sha256 = "{_SHA}"
bytes = 1000
""".encode()
_RELEASE = f"Suite: trixie\nSHA256:\n {_SHA} 1234 main/binary-amd64/Packages\n".encode()
_PACKAGES = (
    "Package: gate-agent\nVersion: 0.5.1+deb13\nArchitecture: amd64\n"
    f"Filename: pool/main/gate-agent_0.5.1+deb13_amd64.deb\nSize: 1000\nSHA256: {_SHA}\n\n"
).encode()
_REQUESTS = (
    request_bytes(BeginRequest(document="a.b.c", connected=True)).strip(),
    request_bytes(WordRequest(at_rest=True, connected=False)).strip(),
)


def _leads_elsewhere(data: bytes) -> bool:
    """Whether an order that is understood is older than what runs, or leads out of the repository."""
    try:
        chosen = chosen_package(parsed_order(data.decode("utf-8", "replace")), _HERE)
    except DocumentRefusedError:
        return False
    if chosen is None:
        return False
    parts = f"{chosen.path}/{chosen.file}".split("/")
    return compare_versions(chosen.version, _HERE.installed) <= 0 or ".." in parts or chosen.path.startswith("/")


def _is_misread(data: bytes) -> bool:
    """A request that is understood is one that says just that."""
    try:
        request = parsed_request(data)
    except SoftwareRequestError:
        return False
    return json.loads(data).get("op") != request.op


def _list(rng: random.Random) -> bytes:
    return spoilt(rng, rng.choice((_RELEASE, _PACKAGES)))


def _vouches_for_nonsense(data: bytes) -> bool:
    """Whether a list names what has no SHA-256, or a size that is none."""
    text = data.decode("utf-8", "replace")
    try:
        named = [one.sha256 for one in release_files(text).values()]
    except RepositoryIndexError:
        named = []
    try:
        sizes = [one.bytes for one in listed_packages(text)]
    except RepositoryIndexError:
        sizes = []
    return any(len(bytes.fromhex(one)) != len(_SHA) // 2 for one in named) or any(size < 0 for size in sizes)


SOFTWARE: dict[str, Target] = {
    "orders of software": Target(lambda rng: spoilt(rng, _ORDER), _leads_elsewhere, 0.005),
    "lists of a repository": Target(_list, _vouches_for_nonsense, 0.005),
    "requests to the software helper": Target(lambda rng: spoilt(rng, rng.choice(_REQUESTS)), _is_misread, 0.005),
}
