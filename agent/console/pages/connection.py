"""The page Connection: how the gate stands with central, with the site's broker, with its clock and its lists."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from agent.console.access import Role, Technician, Viewer
from agent.console.dependencies import AtGate, Gate
from agent.console.navigation import Nav, Place
from agent.console.page import render
from agent.core.permit import TrustList
from agent.doctor import CertificateFacts, agent_user, tls_facts
from agent.store.errors import JournalError, RegistryError
from agent.store.journal import JournalReader, Recorded
from drivers.text import Text

router = APIRouter()
NAV = Nav(Place.HEALTH, 30, "/connection", Text("Connection"), Role.VIEWER)

DAY_S: Final = 86_400.0
FEW_DAYS: Final = 30
"""From when on a certificate that ends is told of."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for central.

    `age_s`: of the oldest that waits; `acknowledged_age_s`: of the newest that does not; None: none.
    """

    head: int = 0
    watermark: int = 0
    age_s: float | None = None
    acknowledged_age_s: float | None = None
    trouble: str = ""

    @property
    def waiting(self) -> int:
        """Events that central has not acknowledged."""
        return self.head - self.watermark


@dataclass(frozen=True, slots=True)
class List:
    """A list. `age_s`: since central's last word on it; None: there is none. `required`: the gate cannot do without."""

    name: str
    version: int
    rows: int | None
    age_s: float | None
    required: bool


def _shown(gate: AtGate) -> dict[str, Any]:
    """What is shown and kept fresh."""
    now, settings, health = gate.now(), gate.loaded.settings, gate.health()
    view, trust = gate.link(), gate.clock.trust()
    lists, trouble = _lists(gate, now.utc)
    site = health.get("site")
    return {
        "mqtt": settings.mqtt,
        "view": view,
        "since_s": None if view is None else now.at - view.since_at,
        "queue": _queue(gate, now.utc),
        "clock": trust,
        "utc": now.utc,
        "lists": lists,
        "lists_trouble": trouble,
        "lists_state": gate.lists.status().get("state"),
        "site": site if isinstance(site, dict) and site else None,
        "site_brokers": settings.site.brokers,
    }


Shown = Annotated[dict[str, Any], Depends(_shown)]


@router.get("/connection", response_class=HTMLResponse)
def connection(request: Request, gate: AtGate, _person: Viewer, shown: Shown) -> HTMLResponse:
    """The page."""
    facts = tls_facts(gate.loaded.settings, agent_user(), gate.now().utc)
    certificates = [(one, _days(one, facts.now)) for one in facts.certificates]
    return render(request, "connection.html", certificates=certificates, keys=facts.keys, few_days=FEW_DAYS, **shown)


@router.get("/live/connection", response_class=HTMLResponse)
def live(request: Request, _person: Viewer, shown: Shown) -> HTMLResponse:
    """What changes; a fragment."""
    return render(request, "connection_live.html", **shown)


@router.post("/connection/measure", response_class=HTMLResponse)
def measure(request: Request, gate: AtGate, person: Technician) -> HTMLResponse:
    """Ask every broker, over the gate's own session where there is one, and tell how long it took.

    Waits for them, seconds.
    """
    found = gate.diagnostics.brokers()
    gate.audit(person, "connection.measured", detail=Text("{count} brokers", count=len(found)))
    return render(request, "connection_measured.html", found=found)


def _queue(gate: Gate, utc: float) -> Queue:
    try:
        with JournalReader(gate.loaded.settings.state.directory / "journal.db") as reader:
            now = reader.standing()
            first, last = (
                next(iter(reader.events(seq, seq)), None) for seq in (now.watermark + 1, max(now.watermark, 1))
            )
    except JournalError as error:
        return Queue(trouble=str(error))
    waits, acknowledged = _age_s(first, utc), _age_s(last if now.watermark else None, utc)
    return Queue(now.head.seq, now.watermark, waits, acknowledged)


def _age_s(one: Recorded | None, utc: float) -> float | None:
    """Seconds since an event was recorded; None without one, and for one that was damaged."""
    if one is None:
        return None
    try:
        return max(0.0, utc - datetime.fromisoformat(json.loads(one.payload)["time"]).timestamp())
    except (ValueError, KeyError, TypeError):
        return None


def _lists(gate: Gate, utc: float) -> tuple[list[List], str]:
    required = {kind.value for kind in gate.loaded.settings.lists.require}
    try:
        trust, standings = gate.lists.registry.trust(), gate.lists.registry.standings()
    except RegistryError as error:
        return [], str(error)
    held = {one.kind.value: one for one in standings}
    rows = [_trust(trust)]
    rows += [
        List(name, one.version, one.rows, max(0.0, utc - one.issued_at), name in required) for name, one in held.items()
    ]
    rows += [List(name, 0, None, None, required=True) for name in sorted(required - set(held))]
    return rows, ""


def _trust(trust: TrustList | None) -> List:
    if trust is None:
        return List("trust", 0, None, None, required=True)
    return List("trust", trust.version, len(trust.entries), None, required=True)


def _days(one: CertificateFacts, now: datetime) -> float | None:
    return None if one.ends is None else (one.ends - now).total_seconds() / DAY_S
