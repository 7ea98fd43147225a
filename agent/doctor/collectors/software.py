"""Asks the service manager for the unit, and the machine for its versions."""

from __future__ import annotations

import platform
import shutil
import subprocess
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.doctor.facts import ConfigurationFacts, ProblemFacts, ServiceFacts, VersionFacts
from agent.i18n.recorded import recorded_text
from agent.service.systemd_unit import MANAGER, run_command, unit_properties
from agent.settings import SettingsError
from agent.software import VERSIONS, UpdateFilesError, last_outcome, pending_update
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.settings import LoadedSettings, Problem

MICROSECONDS: Final = 1_000_000
_STARTS: Final = frozenset({"enabled", "enabled-runtime", "static", "alias", "linked", "generated"})


def configuration(
    path: Path, load: Callable[[], LoadedSettings], running: Callable[[], str | None], *, fallback: bool = True
) -> ConfigurationFacts:
    """The configuration on the disk, by the loader of the service. `fallback`: as of the facts."""
    try:
        loaded = load()
    except SettingsError as error:
        errors, warnings = (_told(error.problems, severity, path) for severity in ("error", "warning"))
        return ConfigurationFacts(path, errors, warnings, None, running(), fallback=fallback)
    dry_run = tuple(name for name, lane in loaded.settings.lanes.items() if lane.dry_run)
    return ConfigurationFacts(path, (), _told(loaded.warnings, "warning", path), loaded.digest, running(), dry_run)


def service(manager: Path = MANAGER) -> ServiceFacts:
    """What the service manager says of the unit, and what it says of the unit's file."""
    if not manager.is_dir() or shutil.which("systemctl") is None:
        return ServiceFacts(manager=False)
    rows = unit_properties()
    if not rows:
        return ServiceFacts(manager=True, asked=False)
    unit = rows.get("FragmentPath", "")
    if not unit:
        return ServiceFacts(manager=True)
    restarts = rows.get("NRestarts", "")
    return ServiceFacts(
        manager=True,
        unit=Path(unit),
        unit_problems=verified(unit),
        enabled=rows.get("UnitFileState", "") in _STARTS,
        active=rows.get("ActiveState", ""),
        result=rows.get("Result", ""),
        restarts=int(restarts) if restarts.isdigit() else 0,
    )


def verified(unit: str) -> str:
    """What the offline check prints of a unit's file: it returns 0 for most mistakes and only prints them."""
    if shutil.which("systemd-analyze") is None:
        return ""
    try:
        done = run_command(("systemd-analyze", "verify", "--man=no", unit))
    except (OSError, subprocess.TimeoutExpired):  # as above
        return ""
    return " ".join(line.strip() for line in done.stderr.splitlines() if Path(unit).name in line)


def versions(running: Callable[[], str | None], kept: Path = VERSIONS) -> VersionFacts:
    """Which software this is. The installed version is read from the disk, where an update has put a new one.

    `kept`: the folder in which root's helper says how an update is.
    """
    installed = version("gate-agent")
    facts = VersionFacts(installed, running(), platform.python_version(), _system(), platform.release())
    try:
        pending, outcome = pending_update(kept), last_outcome(kept)
    except UpdateFilesError as error:
        return replace(facts, update="?", stage=str(error))
    if pending is not None:
        return replace(facts, update=pending.version, stage=Text.of_code(pending.stage))
    if outcome is None or outcome.applied or outcome.version.partition("+")[0] == installed:
        return facts
    why = recorded_text(outcome.detail, outcome.message) or str(outcome.code or "")
    return replace(facts, undone=outcome.version, why=why)


def _system() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return platform.machine()
    return f"{release.get('PRETTY_NAME', platform.system())} {platform.machine()}"


def _told(problems: Sequence[Problem], severity: str, path: Path) -> tuple[ProblemFacts, ...]:
    return tuple(
        ProblemFacts(problem.head, problem.brief(str(path))) for problem in problems if problem.severity == severity
    )
