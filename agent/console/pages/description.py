"""The OpenAPI description of the console, for admins and for tests."""

from typing import Any

from fastapi import APIRouter, Request

from agent.console.access import Admin

router = APIRouter()


@router.get("/api/openapi.json")
def describe(request: Request, _person: Admin) -> dict[str, Any]:
    """Every address with what it takes (OpenAPI 3.1)."""
    description: dict[str, Any] = request.app.openapi()
    return description
