"""Which machine this is to a software document: its release of Debian, its processor, and what is installed."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.core.software import Machine, is_version
from agent.store.durable_files import open_regular

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSIONS: Final = Path("/var/lib/gate-agent-versions")
"""Root's own: the floor below which nothing is installed without root's word, and updates of central's."""
FLOOR: Final = "floor"
UNREADABLE: Final = "?"
"""A floor that cannot be read: it counts as higher than everything."""
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_MOST_BYTES: Final = 200


def this_machine(
    installed: str, versions: Path = VERSIONS, release: Mapping[str, str] | None = None, processor: str = ""
) -> Machine | None:
    """This machine; None: it is no Debian. `installed`: the version of the agent's package.

    `release`, `processor`: as os-release and uname say, where another machine is asked about.
    """
    try:
        known = platform.freedesktop_os_release() if release is None else release
    except OSError:
        return None
    number = known.get("VERSION_ID", "")
    if known.get("ID") != "debian" or not number.isdecimal():
        return None
    name = processor or platform.machine()
    architecture = _ARCHITECTURES.get(name, name)
    return Machine(installed, _floor(versions), int(number), known.get("VERSION_CODENAME", ""), architecture)


def installed_version(tree: Path | None = None) -> str:
    """The version of the package that this process runs from; "" where it was not installed from one."""
    try:
        with open_regular((Path(sys.prefix) if tree is None else tree) / "version") as file:
            found = file.read(_MOST_BYTES).decode("ascii", "replace").strip()
    except OSError:
        return ""
    return found if is_version(found) else ""


def _floor(versions: Path) -> str:
    try:
        with open_regular(versions / FLOOR) as file:
            return file.read(_MOST_BYTES).decode("ascii", "replace").strip() or UNREADABLE
    except FileNotFoundError:
        return ""
    except OSError:
        return UNREADABLE
