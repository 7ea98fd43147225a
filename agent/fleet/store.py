"""What the gate holds of fleet documents, on the disk: each step whole, in two copies, before the next is made."""

from __future__ import annotations

import logging
import threading
import uuid
from typing import TYPE_CHECKING, Final

from agent.core.fleet import HeldFleet, held_bytes
from agent.settings import FLEET_FILES, FLEET_FOLDER, FleetUnreadableError, read_held_fleet
from agent.settings import replace_file as _replace_file
from agent.store.durable_files import set_aside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = logging.getLogger(__name__)

PROCESS: Final = uuid.uuid4().hex
"""Names this process: what another one began and did not end was cut off."""


class FleetStore:
    """Safe to use from several threads of the one process that runs the gate. All methods may raise OSError.

    `process`: which process this is.
    """

    _lock: Final = threading.Lock()

    def __init__(
        self,
        state: Path,
        process: str = PROCESS,
        replace_file: Callable[[Path, bytes, None], None] = _replace_file,
    ) -> None:
        self._state = state
        self.process = process
        self._replace = replace_file

    def held(self) -> HeldFleet:
        """What is held. Where both copies are damaged they are put aside, and nothing is held any more."""
        try:
            return read_held_fleet(self._state)
        except FleetUnreadableError as error:
            log.critical("the fleet documents are lost; the broker sends the retained ones again: %s", error)
            for name in FLEET_FILES:
                path = self._state / FLEET_FOLDER / name
                if path.exists():
                    set_aside(path)
            return HeldFleet()

    def change(self, step: Callable[[HeldFleet], HeldFleet]) -> HeldFleet:
        """Make a step, and keep it; what is held then."""
        with self._lock:
            before = self.held()
            after = step(before)
            if after != before:
                folder = self._state / FLEET_FOLDER
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                for name in FLEET_FILES:
                    self._replace(folder / name, held_bytes(after), None)
            return after
