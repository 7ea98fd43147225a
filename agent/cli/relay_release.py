"""Releasing every relay of a configuration's boards, each board on a thread of its own, without the agent's parts."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from agent.cli.configuration import relay_boards
from agent.service.parallel import Job
from drivers import registry
from drivers.api import Delivery, DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.settings import Device, UsableConfiguration
    from drivers.api import RelayPort

    Release = Job[tuple[bool, str]]
    """The release of one board; its result: whether it is proved, and what to say of it."""

TRIES = 3
LAST_TRY_S = 1.0
"""After so long no further try begins: the agent's start waits for boards that are away, too."""
WITHIN_S = 5.0


def boards_of(configuration: UsableConfiguration) -> dict[str, Device]:
    """The relay boards of a configuration, by where they are; one of lanes in dry run alone is none of the agent's."""
    lanes = {name: lane for name, lane in configuration.loaded.settings.lanes.items() if not lane.dry_run}
    return {place: lanes[names[0]].relay for place, names in relay_boards(lanes).items()}


def begin_release(boards: Mapping[str, Device]) -> dict[str, Release]:
    """Begin to release the boards, by where they are. Each lets its port go at the end, whatever came of it."""
    # On a thread each: a board that hangs must not keep the others energised.
    return {
        place: Job(f"release {place}", partial(_released, partial(registry.relay, board.kind, board.table)))
        for place, board in boards.items()
    }


def wait_for_releases(releases: Mapping[str, Release]) -> None:
    """Wait until all have ended, at most WITHIN_S together: a process that ends before ends them, too."""
    deadline = time.monotonic() + WITHIN_S
    for release in releases.values():
        release.ended(deadline - time.monotonic())


def _released(make: Callable[[], RelayPort]) -> tuple[bool, str]:
    try:
        relay = make()
    except DeviceError as error:
        return False, f"not released: {error}"
    begun, words = time.monotonic(), ""
    for number in range(TRIES):
        if number and time.monotonic() - begun > LAST_TRY_S:
            break
        # Each try opens the port again: the first answer may be garbled, and an unknown device is sent nothing.
        try:
            relay.open()
            if relay.all_off() is Delivery.DELIVERED:
                return True, "released"
            words = "was told to release its relays, but does not confirm it"
        except DeviceError as error:
            words = f"not released: {error}"
        finally:
            relay.close()
    return False, words
