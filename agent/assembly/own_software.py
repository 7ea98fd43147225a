"""Puts together the part of the gate that updates its own software."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.software import (
    SPOOL,
    VERSIONS,
    Fetching,
    RepositorySource,
    SoftwareDependencies,
    SoftwareService,
    ask_software_helper,
    installed_version,
    is_pending,
    this_machine,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.fleet import FleetRules
    from agent.core.model import Instant
    from agent.fleet import FleetStore
    from agent.settings import Settings

KEYRING: Final = Path("/usr/share/keyrings/gate-agent-archive-keyring.gpg")
KILOBYTE: Final = 1000


def software_service(  # noqa: PLR0913 - one argument a thing that it stands on
    settings: Settings,
    store: FleetStore,
    rules: FleetRules,
    *,
    is_connected: Callable[[], bool],
    reload: Callable[[], None],
    now: Callable[[], Instant],
    trusted_utc: Callable[[], float | None],
) -> SoftwareService:
    """The service, not started. Whether this agent came from a package is looked at now: an update changes the files.

    Arguments as of SoftwareDependencies.
    """
    version = installed_version()
    wanted = settings.software
    sources = [RepositorySource(url, wanted.ca_file) for url in wanted.repositories]
    dependencies = SoftwareDependencies(
        store=store,
        rules=rules,
        machine=(lambda: this_machine(version)) if version else (lambda: None),
        fetching=lambda pause: Fetching(
            settings.state.directory / SPOOL, sources, wanted.rate_kb_s * KILOBYTE, pause, KEYRING
        ),
        is_pending=lambda: is_pending(VERSIONS),
        ask=ask_software_helper,
        is_connected=is_connected,
        reload=reload,
        now=now,
        trusted_utc=trusted_utc,
    )
    return SoftwareService(dependencies)
