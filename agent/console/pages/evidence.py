"""The pictures kept as evidence."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as InPath
from fastapi.responses import Response

from agent.console.access import Person, Viewer  # noqa: TC001 - FastAPI reads the annotations
from agent.console.dependencies import AtGate, Gate  # noqa: TC001
from agent.console.errors import RefusedError
from agent.console.view_log import AtViews, ViewLog, viewer_of
from agent.core.model import small_pictures_of
from agent.store.errors import EvidenceError
from drivers.text import Text

router = APIRouter()


class Size(StrEnum):
    """The small pictures inside one, as they lie in it."""

    SMALL = "small"
    MEDIUM = "medium"


Sha256 = Annotated[str, InPath(pattern="^[0-9a-f]{64}$")]


@router.get("/evidence/{sha256}")
def evidence(sha256: Sha256, gate: AtGate, views: AtViews, person: Viewer) -> Response:
    """A picture that is kept as evidence. Who looks at it is recorded."""
    return _answer(_looked_at(sha256, gate, views, person))


@router.get("/evidence/{sha256}/{size}")
def smaller(sha256: Sha256, size: Size, gate: AtGate, views: AtViews, person: Viewer) -> Response:
    """The small picture inside it, for a row or a card; itself where none is inside. Who looks at it is recorded."""
    jpeg = _looked_at(sha256, gate, views, person)
    inside = dict(zip(Size, small_pictures_of(jpeg), strict=False))
    return _answer(inside.get(size, jpeg))


def _looked_at(sha256: str, gate: Gate, views: ViewLog, person: Person) -> bytes:
    """A picture, and that it was looked at. Raises RefusedError where it is not kept."""
    try:
        jpeg = gate.evidence.get(sha256)
    except EvidenceError:
        raise RefusedError(
            HTTPStatus.INTERNAL_SERVER_ERROR, Text("This picture cannot be read from the disk, or was altered there.")
        ) from None
    if jpeg is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("This picture is not kept any more."))
    views.note(viewer_of(person), "pictures", sha256)
    views.tell_due()
    return jpeg


def _answer(jpeg: bytes) -> Response:
    return Response(jpeg, media_type="image/jpeg", headers={"cache-control": "private, max-age=3600, immutable"})
