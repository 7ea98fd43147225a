"""What programs of this machine ask first: which lanes there are."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from agent.console.access import Viewer  # noqa: TC001 - FastAPI reads the annotations
from agent.console.dependencies import AtGate  # noqa: TC001

router = APIRouter()


@router.get("/api/lanes")
async def lanes(gate: AtGate, _person: Viewer) -> dict[str, Any]:
    """The gate, and its lanes with their cameras."""
    settings = gate.loaded.settings
    names = {name: {"cameras": [camera.id for camera in lane.cameras]} for name, lane in settings.lanes.items()}
    return {"gate": settings.gate.id, "lanes": names}
