"""What systemd says of the agent's unit."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

UNIT: Final = "gate-agent.service"
MANAGER: Final = Path("/run/systemd/system")
ASK_S: Final = 10.0
_SHOWN: Final = ("FragmentPath", "UnitFileState", "ActiveState", "Result", "NRestarts", "WatchdogUSec")
_COMING_UP: Final = frozenset({"activating", "reloading"})
_UNITS_OF_TIME: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}


def unit_properties() -> dict[str, str]:
    """Properties of the unit; empty where there is no service manager, or it does not answer this process."""
    if not MANAGER.is_dir() or shutil.which("systemctl") is None:
        return {}
    try:
        done = run_command(("systemctl", "show", UNIT, f"--property={','.join(_SHOWN)}"))
    except (OSError, subprocess.TimeoutExpired):  # a sandbox forbids it, or the manager is busy
        return {}
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {name: value for name, _, value in pairs}


def is_coming_up() -> bool:
    """Whether the service starts, or takes a new configuration, just now."""
    return unit_properties().get("ActiveState", "") in _COMING_UP


def service_watchdog_s() -> float | None:
    """Within which the service manager wants a sign of life of the unit; None: it wants none, or there is none."""
    return seconds(unit_properties().get("WatchdogUSec", ""))


def seconds(text: str) -> float | None:
    """A length of time as systemctl shows it, such as "1min 15s", in seconds; None for none."""
    total = 0.0
    for part in text.split():
        digits = part.rstrip("abcdefghijklmnopqrstuvwxyz")
        factor = _UNITS_OF_TIME.get(part[len(digits) :])
        if factor is None or not digits.replace(".", "", 1).isdigit():
            return None
        total += float(digits) * factor
    return total or None


def run_command(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command of the machine that only tells. Raises OSError or subprocess.TimeoutExpired."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "SYSTEMD_COLORS": "0"}
    return subprocess.run(  # noqa: S603 - commands and arguments are our own
        command, capture_output=True, text=True, errors="replace", timeout=ASK_S, check=False, env=environment
    )
