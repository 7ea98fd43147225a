"""Asks the service manager for the unit, and the machine for its versions."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.doctor.facts import ConfigurationFacts, ServiceFacts, VersionFacts
from agent.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.settings import LoadedSettings, Problem

UNIT: Final = "gate-agent.service"
MANAGER: Final = Path("/run/systemd/system")
ASK_S: Final = 10.0
MICROSECONDS: Final = 1_000_000
_SHOWN: Final = ("FragmentPath", "UnitFileState", "ActiveState", "Result", "NRestarts", "WatchdogUSec")
_COMING_UP: Final = frozenset({"activating", "reloading"})
_STARTS: Final = frozenset({"enabled", "enabled-runtime", "static", "alias", "linked", "generated"})
_UNITS_OF_TIME: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}


def configuration(
    path: Path, load: Callable[[], LoadedSettings], running: Callable[[], str | None]
) -> ConfigurationFacts:
    """The configuration on the disk, by the loader of the service."""
    try:
        loaded = load()
    except SettingsError as error:
        errors, warnings = _lines(error.problems, "error"), _lines(error.problems, "warning")
        return ConfigurationFacts(path, errors, warnings, None, running())
    return ConfigurationFacts(path, (), _lines(loaded.warnings, "warning"), loaded.digest, running())


def service(manager: Path = MANAGER) -> ServiceFacts:
    """What the service manager says of the unit, and what it says of the unit's file."""
    if not manager.is_dir() or shutil.which("systemctl") is None:
        return ServiceFacts(manager=False)
    rows = _shown()
    if not rows:
        return ServiceFacts(manager=True, asked=False)
    unit = rows.get("FragmentPath", "")
    if not unit:
        return ServiceFacts(manager=True)
    restarts = rows.get("NRestarts", "")
    return ServiceFacts(
        manager=True,
        unit=Path(unit),
        complaints=verified(unit),
        enabled=rows.get("UnitFileState", "") in _STARTS,
        active=rows.get("ActiveState", ""),
        result=rows.get("Result", ""),
        restarts=int(restarts) if restarts.isdigit() else 0,
    )


def is_coming_up() -> bool:
    """Whether the service starts, or takes a new configuration, just now."""
    return _shown().get("ActiveState", "") in _COMING_UP


def service_watchdog_s() -> float | None:
    """Within which the service manager wants a sign of life of the unit; None: it wants none, or there is none."""
    return seconds(_shown().get("WatchdogUSec", ""))


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


def verified(unit: str) -> str:
    """What the offline check prints of a unit's file: it returns 0 for most mistakes and only prints them."""
    if shutil.which("systemd-analyze") is None:
        return ""
    try:
        done = run_command(("systemd-analyze", "verify", "--man=no", unit))
    except (OSError, subprocess.TimeoutExpired):  # as above
        return ""
    return " ".join(line.strip() for line in done.stderr.splitlines() if Path(unit).name in line)


def versions(running: Callable[[], str | None]) -> VersionFacts:
    """Which software this is. The installed version is read from the disk, where an update has put a new one."""
    return VersionFacts(version("gate-agent"), running(), platform.python_version(), _system(), platform.release())


def _system() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return platform.machine()
    return f"{release.get('PRETTY_NAME', platform.system())} {platform.machine()}"


def _shown() -> dict[str, str]:
    """Properties of the unit; empty where there is no service manager, or it does not answer this process."""
    if not MANAGER.is_dir() or shutil.which("systemctl") is None:
        return {}
    try:
        done = run_command(("systemctl", "show", UNIT, f"--property={','.join(_SHOWN)}"))
    except (OSError, subprocess.TimeoutExpired):  # a sandbox forbids it, or the manager is busy
        return {}
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {name: value for name, _, value in pairs}


def run_command(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command of the machine that only tells. Raises OSError or subprocess.TimeoutExpired."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "SYSTEMD_COLORS": "0"}
    return subprocess.run(  # noqa: S603 - commands and arguments are our own
        command, capture_output=True, text=True, errors="replace", timeout=ASK_S, check=False, env=environment
    )


def _lines(problems: Sequence[Problem], severity: str) -> tuple[str, ...]:
    return tuple(problem.head for problem in problems if problem.severity == severity)
