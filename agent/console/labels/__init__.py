"""What the pages call what the code knows by a code: states, roles, kinds of events."""

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
