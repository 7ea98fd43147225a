"""The lists of a gate, put together: the registry, who takes lists in, and who looks after them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from agent.core.lists import FreshnessRules
from agent.core.permit import root_key
from agent.lists.intake import ListIntake
from agent.lists.monitor import ListMonitor
from agent.lists.mqtt_sync import ListSync
from agent.lists.trust_copy import TrustCopy
from agent.lists.trust_file import TrustFile
from agent.store.errors import RegistryError
from agent.store.registry import ChunkSpool, Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.clock import Clock
    from agent.core.events import Event
    from agent.core.lists import DataState
    from agent.lists.monitor import Reloaded
    from agent.mqtt import MqttClient
    from agent.service.worker import Worker
    from agent.settings import Settings

log = logging.getLogger(__name__)

REGISTRY: Final = "registry.db"
INCOMING: Final = "lists"
"""The registry's file and the folder of chunks on their way, in the folder of the gate's state."""

MEGABYTE: Final = 1 << 20


class ListService:
    """Owns the registry. `start` after the journal can be written, `stop` before it is closed, `close` last of all."""

    def __init__(self, settings: Settings, clock: Clock, note: Callable[[Event], None]) -> None:
        """Open the registry, and start nothing. Raises RegistryError and OSError.

        `note` records an event; it is called from `start` on.
        """
        self.rules = freshness_rules(settings)
        self.registry = open_registry(settings, clock)
        self._gate, self._now = settings.gate, clock.now
        self._intake = ListIntake(
            self.registry,
            ChunkSpool(settings.state.directory / INCOMING),
            clock.now,
            note,
            copy=TrustCopy(copy_folders(settings)),
        )
        feed = None if settings.permits.trust_list is None else TrustFile(settings.permits.trust_list)
        self._monitor = ListMonitor(self.registry, self._intake, self.rules, clock.now, note, feed=feed)

    @property
    def state(self) -> DataState | None:
        """What the age of the lists allows; None before the start, or while it cannot be known."""
        return self._monitor.state

    def sync(self, client: MqttClient) -> ListSync:
        """Who keeps the lists in step over this client, which has not started yet.

        To be started and stopped with it.
        """
        return ListSync(self._gate.id, self._gate.site, client, self._intake, self._now)

    def reload(self) -> Reloaded:
        """Read the trust list's file again."""
        return self._monitor.reload()

    def status(self) -> dict[str, object]:
        """The state and the versions, as JSON values for birth and status."""
        standing = self._monitor.standing
        if standing is None:
            return {"state": None}
        versions = {kind.value: version for kind, version in standing.versions.items()}
        return {"state": standing.state.value, "trust": standing.trust, **versions}

    def versions(self) -> dict[str, int] | None:
        """The versions of all lists that are here, the trust list too; None before the start, or where unknown."""
        if self._monitor.standing is None:
            return None
        try:
            trust, standings = self.registry.trust(), self.registry.standings()
        except RegistryError as error:
            log.error("the lists of the gate cannot be read: %s", error)  # noqa: TRY400 - told, not a bug
            return None
        held = {standing.kind.value: standing.version for standing in standings}
        return held if trust is None else {"trust": trust.version, **held}

    def start(self) -> None:
        """Take the trust list's file in, tell how fresh the lists are, and begin to look after them."""
        self._monitor.start()

    def stop(self) -> bool:
        """Stop to look after them, within a bounded time; whether that is done. They can still be asked."""
        return self._monitor.stop()

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The thread that looks after them."""
        return (self._monitor.worker,)

    def close(self) -> None:
        """Close the registry."""
        self.registry.close()


def open_registry(settings: Settings, clock: Clock) -> Registry:
    """The gate's registry, also beside another process that has it open. Raises RegistryError and OSError."""
    return Registry.open(
        settings.state.directory / REGISTRY,
        settings.gate.site,
        [root_key(text) for text in settings.permits.root_keys],
        settings.lists.max_mb * MEGABYTE,
        utc=clock.now().utc,
        latest=clock.latest,
    )


def copy_folders(settings: Settings) -> list[Path]:
    """Where copies of the trust list lie: with the state, and with the head file, which outlives the state."""
    head_file = settings.state.head_file
    return [settings.state.directory, *([] if head_file is None else [head_file.parent])]


def freshness_rules(settings: Settings) -> FreshnessRules:
    """What the gate asks of its lists."""
    lists = settings.lists
    return FreshnessRules(lists.fresh_s, lists.stale_ok_s, lists.known_only_s, frozenset(lists.require))
