"""The pages that are served, and the rule that each of their routes has exactly one guard."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Final

from fastapi.routing import APIRoute

from agent.console import pages
from agent.console.access.guards import GUARDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from fastapi import APIRouter
    from fastapi.dependencies.models import Dependant

UNGUARDED: Final = frozenset({"/healthz"})


class UnguardedRouteError(Exception):
    """A page has a route that would let in anybody."""


def page_modules() -> list[ModuleType]:
    """Every module of `agent.console.pages`, each with its `router`."""
    return [import_module(f"{pages.__name__}.{found.name}") for found in iter_modules(pages.__path__)]


def guards_of(route: APIRoute) -> list[str]:
    """The names of a route's guards."""
    return [guard.__name__ for guard in GUARDS for called in _called(route.dependant) if called is guard]


def see_guarded(router: APIRouter) -> None:
    """See that each route has exactly one guard. Raises UnguardedRouteError."""
    for route in router.routes:
        guards = guards_of(route) if isinstance(route, APIRoute) else []
        if len(guards) != 1 and getattr(route, "path", "") not in UNGUARDED:
            raise UnguardedRouteError(f"the route {route} must have exactly one guard of agent.console.access")


def _called(dependant: Dependant) -> Iterator[object]:
    for each in dependant.dependencies:
        yield each.call
        yield from _called(each)
