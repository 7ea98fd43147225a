"""The command `gate-agent lists show`: the lists that this gate has, how old they are, and what that allows."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.configuration import DEFAULT_PATH, Configuration
from agent.cli.gate_registry import registry_of, settings_of
from agent.cli.terminal import echo, fail
from agent.clock import Clock
from agent.core.lists import standing_of
from agent.lists import REGISTRY, freshness_rules
from agent.store.errors import RegistryError

if TYPE_CHECKING:
    from agent.core.model import ListName
    from agent.settings import Settings
    from agent.store.registry import Registry

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86_400


def show(
    configuration: Configuration = DEFAULT_PATH,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON, for programs.")] = False,
) -> None:
    """Show the lists of this gate: versions, ages, who signed them, and whether they are fresh enough for all permits.

    The agent can run meanwhile.
    """
    settings = settings_of(configuration)
    path = settings.state.directory / REGISTRY
    if not path.exists():
        fail("lists show", FileNotFoundError(f"there is no {path} yet: no agent and no import has run here"))
    try:
        with registry_of(settings) as registry:
            found = _found(registry, settings, Clock().now().utc)
    except RegistryError as error:
        fail("lists show", error)
    echo(json.dumps(asdict(found), indent=2) if as_json else _text(found))


@dataclass(frozen=True, slots=True)
class ShownList:
    """One list. Times are Unix seconds. `issued_at`: its last update from central, None when it never said one."""

    list: str
    version: int
    rows: int
    issued_at: int | None
    age_s: int | None
    key: str | None
    source: str | None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """The lists of a gate, and what their age allows."""

    site: int
    state: str
    age_s: int | None
    required: tuple[str, ...]
    lists: tuple[ShownList, ...]


def _found(registry: Registry, settings: Settings, utc: float) -> Shown:
    trust, standings = registry.trust(), registry.standings()
    standing = standing_of(standings, trust, freshness_rules(settings), utc)
    last = {applied.name: applied for applied in registry.last_applied()}

    def shown(name: ListName, version: int, rows: int, issued_at: int, expires_at: int | None = None) -> ShownList:
        applied = last.get(name)
        return ShownList(
            name,
            version,
            rows,
            issued_at or None,
            round(utc - issued_at) if issued_at else None,
            None if applied is None else applied.key,
            None if applied is None else applied.source,
            expires_at,
        )

    trusted = (
        [] if trust is None else [shown("trust", trust.version, len(trust.entries), trust.issued_at, trust.expires_at)]
    )
    others = [shown(each.kind.value, each.version, each.rows, each.issued_at) for each in standings]
    return Shown(
        settings.gate.site,
        standing.state.value,
        None if standing.age_s is None else round(standing.age_s),
        tuple(kind.value for kind in settings.lists.require),
        (*trusted, *others),
    )


def _text(shown: Shown) -> str:
    rows = [("list", "version", "rows", "last update", "key", "from")]
    for each in shown.lists:
        said = "none yet" if each.issued_at is None else f"{_time(each.issued_at)}, {_age(each.age_s)} ago"
        until = "" if each.expires_at is None else f", valid until {_time(each.expires_at)}"
        rows.append((each.list, str(each.version), f"{each.rows:,}", said + until, each.key or "-", each.source or "-"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    needed = ", ".join(shown.required) or "only the trust list"
    return "\n".join([*lines, f"site {shown.site}: {shown.state}; needed: {needed}"])


def _time(utc: int) -> str:
    return datetime.fromtimestamp(utc, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _age(age_s: int | None) -> str:
    seconds = age_s or 0
    for unit, size in (("d", DAY_S), ("h", HOUR_S), ("min", MINUTE_S)):
        if abs(seconds) >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
