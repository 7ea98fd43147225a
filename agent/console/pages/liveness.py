"""Whether the console is up: the one answer that needs no login."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

router = APIRouter()


@router.get("/healthz", response_class=PlainTextResponse)
async def probe() -> str:
    """Say that it is up, and nothing else."""
    return "up\n"
