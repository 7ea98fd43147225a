"""Masking of plates in events, for sites where the full plate must not leave the gate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.core.events import AccessDecided, TransactionClosed

if TYPE_CHECKING:
    from agent.core.events import Draft

SHOWN = 2


def masked_plate(plate: str) -> str:
    """The plate with all but its first and last two characters replaced by `*`; short ones wholly."""
    if len(plate) <= 2 * SHOWN:
        return "*" * len(plate)
    return plate[:SHOWN] + "*" * (len(plate) - 2 * SHOWN) + plate[-SHOWN:]


def masked(draft: Draft) -> Draft:
    """The draft with every plate in it masked."""
    match draft.event:
        case AccessDecided() as event:
            permit = event.permit
            if permit is not None and permit.plate is not None:
                permit = permit.model_copy(update={"plate": masked_plate(permit.plate)})
            plate = event.plate
            if plate is not None:
                hidden = {"declared": masked_plate(plate.declared), "read": masked_plate(plate.read)}
                plate = plate.model_copy(update=hidden)
            return replace(draft, event=event.model_copy(update={"permit": permit, "plate": plate}))
        case TransactionClosed(plate=str() as plate) as event:
            return replace(draft, event=event.model_copy(update={"plate": masked_plate(plate)}))
        case _:
            return draft
