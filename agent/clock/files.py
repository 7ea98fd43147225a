"""Two small files beside the journal: the last look at the clock, and a technician's statement that a floor is wrong.

The look counts only while the computer runs on (its monotonic clock and its boot id are those of the kernel), so it
need not survive a power cut. A reset is left by `gate-agent clock reset-floor`, taken by the agent, and told in an
event.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from dataclasses import asdict, dataclass
from functools import partial
from math import inf, isfinite
from pathlib import Path
from sys import float_info
from typing import Any, Final

from agent.core.clock import Anchor, LastObservation
from agent.core.model import Instant
from agent.service.cleanup import on_failure
from agent.store.durable_files import open_regular

log = logging.getLogger(__name__)

ANCHOR: Final = "clock-anchor.json"
RESET: Final = "clock-floor-reset.json"
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
LONGEST: Final = 4096
CAUSE_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class FloorReset:
    """A technician says that the time was `utc` (Unix seconds) when this was given, and that the floor is wrong."""

    utc: float
    operator: str
    cause: str


class ClockFiles:
    """The two files in the folder of the agent's state.

    `boot_id`: which run of the computer this is; the kernel's where it is not given. Without one no look is kept.
    """

    def __init__(self, folder: Path, boot_id: str | None = None) -> None:
        self._folder = folder
        self._boot_id = _boot_id() if boot_id is None else boot_id

    @property
    def run_known(self) -> bool:
        """Whether a restart of the agent can be told from one of the computer."""
        return bool(self._boot_id)

    def last_look(self) -> LastObservation | None:
        """The last look of this run of the computer; None when there is none, or it cannot be read."""
        try:
            found = _read(self._folder / ANCHOR)
            if not self._boot_id or found["boot_id"] != self._boot_id:
                return None
            seen = Instant(_number(found["at"]), _number(found["utc"], least=-inf))
            if found["error_s"] is None:
                return LastObservation(seen, None)
            error_s = _number(found["error_s"])
            until = inf if found["until"] is None else _number(found["until"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s is not used: %s", self._folder / ANCHOR, error)
            return None
        return LastObservation(seen, Anchor(seen, error_s, until))

    def keep(self, last: LastObservation) -> None:
        """Keep it for the next process of this run of the computer, also that nothing holds any more.

        Raises OSError.
        """
        path = self._folder / ANCHOR
        if not self._boot_id:
            path.unlink(missing_ok=True)
            return
        anchor = last.anchor
        seen = last.seen if anchor is None else anchor.now
        said = {
            "boot_id": self._boot_id,
            "at": seen.at,
            "utc": seen.utc,
            "error_s": None if anchor is None else anchor.error_s,
            "until": anchor.until if anchor is not None and isfinite(anchor.until) else None,
        }
        _write(path, said)

    def reset(self) -> FloorReset | None:
        """The reset that waits; None when none does. Raises OSError, and ValueError for a file that is none."""
        try:
            found = _read(self._folder / RESET)
            return FloorReset(_number(found["utc"]), _text(found["operator"]), _text(found["cause"]))
        except FileNotFoundError:
            return None
        except (KeyError, TypeError) as error:
            raise ValueError(f"it does not say what to do: {error}") from error

    def ask_reset(self, reset: FloorReset) -> None:
        """Leave a reset for the agent to take. Raises OSError."""
        _write(self._folder / RESET, asdict(reset))

    def drop_reset(self) -> None:
        """Take the reset away: it is done, or no reset. Raises OSError."""
        (self._folder / RESET).unlink(missing_ok=True)


def _boot_id() -> str:
    """The kernel's id of this run of the computer; "" where a sandbox hides it."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError as error:
        log.warning("the clock is not trusted over a restart of the agent: %s", error)
        return ""


def _read(path: Path) -> dict[str, Any]:
    with open_regular(path) as file:
        text = file.read(LONGEST + 1)
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} bytes")
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("it is too deeply nested") from None
    if not isinstance(found, dict):
        raise TypeError("it holds no JSON object")
    return found


def _write(path: Path, said: dict[str, Any]) -> None:
    """Replace the file in one step: a reader sees the old one or the new one, whole."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with on_failure(partial(Path(name).unlink, missing_ok=True)):
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(said, file, ensure_ascii=False)
        Path(name).replace(path)


def _number(value: object, least: float = 0.0) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        # Compared before it becomes a float: an integer can be larger than any.
        or not max(least, -float_info.max) <= value <= float_info.max
    ):
        raise ValueError(f"{value!r} is no time")
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value) > CAUSE_CHARACTERS:
        raise ValueError("its texts are not ones that an event can tell")
    return value
