"""Labels for codes on the pages: states, roles, and kinds of events."""

from agent.console.labels import (
    barrier,
    configuration,
    connection,
    devices,
    events,
    health,
    lane,
    notifications,
    numbers,
    people,
)

__all__ = [
    "barrier",
    "configuration",
    "connection",
    "devices",
    "events",
    "health",
    "lane",
    "notifications",
    "numbers",
    "people",
]
