"""Vehicles and devices as a journal tells of them, at times that a test chooses."""

from __future__ import annotations

from itertools import count

from agent.core.events import (
    AccessDecided,
    AccessGranted,
    DeviceChanged,
    Draft,
    PermitPresented,
    PlateRecord,
    TransactionClosed,
    VehiclePresent,
)
from agent.core.model import Outcome, Reason, Verdict

MATCH = PlateRecord(verdict="MATCH", declared="京A12345", read="京A12345", score=9.0, frames=3)
_serials = count(1)


class Visit:
    """One vehicle at a lane: each call adds an event so many seconds after its arrival. `drafts`: all of them."""

    def __init__(self, utc, lane="out", seen_by="inputs"):
        self.utc, self.lane = utc, lane
        self.transaction = f"{next(_serials):020d}"
        self.drafts = []
        self.add(VehiclePresent(seen_by=seen_by), 0.0)

    def add(self, event, after_s):
        self.drafts.append(Draft(event, self.lane, self.transaction, self.utc + after_s))
        return self

    def code(self, after_s, camera="front"):
        return self.add(PermitPresented(length=300, digest="aa", engine="zxing", camera=camera), after_s)

    def decided(self, verdict, reason, after_s, plate=MATCH):
        return self.add(AccessDecided(verdict=verdict, reason=reason, checks=(), plate=plate), after_s)

    def granted(self, after_s, by="permit"):
        return self.add(AccessGranted(grant=f"{self.transaction}-1", by=by), after_s)

    def closed(self, outcome, reason, after_s):
        return self.add(
            TransactionClosed(outcome=outcome, reason=reason, assumed=False, duration_s=after_s), after_s
        ).drafts


def passes(utc, lane="out", wait_s=6.0):
    """One that passes by its permit at the first try."""
    visit = Visit(utc, lane).code(wait_s - 0.5).decided(Verdict.PASS, Reason.OK, wait_s).granted(wait_s)
    return visit.closed(Outcome.PASSED, Reason.OK, wait_s + 15)


def refused(utc, reason=Reason.EXPIRED, lane="out"):
    """One that the gate turns away."""
    return Visit(utc, lane).code(2.0).decided(Verdict.DENY, reason, 3.0).closed(Outcome.DENIED, reason, 3.0)


def by_officer(utc, lane="out", officer_s=30.0):
    """One whose plate was not read for sure, and that an officer lets pass."""
    unsure = MATCH.model_copy(update={"verdict": "UNSURE"})
    visit = Visit(utc, lane).code(1.0)
    visit.decided(Verdict.RETRY, Reason.PLATE_UNSURE, 2.0, unsure)
    visit.decided(Verdict.MANUAL, Reason.PLATE_UNSURE, 5.0, unsure)
    visit.granted(5.0 + officer_s, by="operator")
    return visit.closed(Outcome.OVERRIDDEN, Reason.PLATE_UNSURE, 50.0 + officer_s)


def device(utc, state, name="out/front", family="camera", lane="out"):
    """A device changes its state."""
    return [Draft(DeviceChanged(device=name, family=family, state=state), lane, None, utc)]
