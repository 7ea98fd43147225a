"""Drift: what the gate sets otherwise than its fleet documents, and who did that."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from agent.core.fleet import LONGEST_VALUE, FleetDifference
from agent.settings import HistoryError
from drivers.text import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.settings import History, LocalDifference


def drift_of(differences: Sequence[LocalDifference], history: History) -> tuple[FleetDifference, ...]:
    """The drift of a configuration, with who changed each key last, as far as its history knows."""
    if not differences:
        return ()
    try:
        known = history.generations()
    except HistoryError:
        known = []
    people = {key: one.who for one in known for key in one.changed}
    return tuple(
        FleetDifference(
            key=one.key,
            document=one.place,
            wanted=shortened(one.wanted, LONGEST_VALUE),
            local=shortened(one.local, LONGEST_VALUE),
            counts=one.counts,
            person=people.get(one.key, ""),
        )
        for one in differences
    )


def digest_of(drift: Sequence[FleetDifference]) -> str:
    """What tells one drift from another; "" for none."""
    if not drift:
        return ""
    return hashlib.sha256("\n".join(one.model_dump_json() for one in drift).encode()).hexdigest()
