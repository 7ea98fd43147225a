"""What all open pages of the console share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from agent.console.live.vehicles import Vehicles

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.console.dependencies import Gate


class Live:
    """The last vehicles. `stopping`: whether the server is to end, so that every live answer ends too."""

    def __init__(self, gate: Gate) -> None:
        self.vehicles = Vehicles(gate.journal, gate.loaded.settings.state.directory / "journal.db")
        self.stopping: Callable[[], bool] = lambda: False


async def _live(request: Request) -> Live:
    live: Live = request.app.state.live
    return live


AtLive = Annotated[Live, Depends(_live)]
"""The parameter by which a route gets it."""
