"""The service's credentials, as root's commands see them.

systemd hands them to the service alone. A command of root takes the rights of the agent's user before it opens anything
of the gate, and that user cannot read where they are kept: so they are read at the command's start.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.service.privileges import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

DIRECTORY_VARIABLE: Final = "CREDENTIALS_DIRECTORY"
STORE: Final = Path("/etc/credstore")
UNIT: Final = "gate-agent"
NAMES: Final = ("mqtt.password", "mail.password", "webhook.secret")
"""Those that the unit of the service loads."""
LONGEST: Final = 65536
_HELD: Final[dict[Path, bytes]] = {}


def hold_credentials(store: Path = STORE) -> None:
    """Keep what root may read there and the service would be given. Nothing where systemd gives credentials itself."""
    _HELD.clear()
    if os.geteuid() != ROOT or DIRECTORY_VARIABLE in os.environ:
        return
    for name in NAMES:
        path = store / f"{UNIT}.{name}"
        try:
            with path.open("rb") as stream:
                _HELD[path] = stream.read(LONGEST + 1)
        except (FileNotFoundError, PermissionError):  # not set up; or a unit of root's that may not see the store
            continue


def held_credentials() -> Mapping[Path, bytes]:
    """The content of the files that are held, at most a byte more than the longest."""
    return dict(_HELD)
