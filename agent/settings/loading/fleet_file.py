"""The fleet documents that a gate keeps: one small file in its state directory, and a copy beside it.

The agent writes it (agent.fleet); the loader of the configuration reads it. Texts in it count only once they are
proven again.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from agent.core.fleet import HeldFleet, HeldFleetError, parsed_held
from agent.settings.toml.files import read_file
from drivers.text import Text, reason

if TYPE_CHECKING:
    from pathlib import Path

FOLDER: Final = "fleet"
FILES: Final = ("documents.json", "documents.copy.json")
LARGEST_HELD_BYTES: Final = 1 << 24


class FleetUnreadableError(OSError):
    """What the gate keeps of fleet documents is there and cannot be read."""


def read_held_fleet(state: Path) -> HeldFleet:
    """What is kept in a state directory; nothing where there is nothing. The copy is read where the file is damaged.

    Raises FleetUnreadableError.
    """
    problem: FleetUnreadableError | None = None
    for path in (state / FOLDER / name for name in FILES):
        try:
            return parsed_held(read_file(path, LARGEST_HELD_BYTES))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except HeldFleetError:
            problem = FleetUnreadableError(errno.EIO, Text("is damaged"), str(path))
        except OSError as error:
            why = Text("cannot be read: {why}", why=reason(error))
            problem = FleetUnreadableError(error.errno or errno.EIO, why, str(path))
    if problem is not None:
        raise problem
    return HeldFleet()
