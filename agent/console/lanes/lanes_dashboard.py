"""The dashboard: a card for each lane, who needs an officer first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.console.lanes.lane_card import lane_card
from drivers.text import joined, ngettext

if TYPE_CHECKING:
    from agent.console.dependencies import Gate
    from agent.console.live.dependencies import Live
    from agent.console.live.viewer_texts import Words

_LOOKED_AT = 4
"""How many of the last vehicles of a lane a card looks at: the one that is there is among them."""


def lanes_board(gate: Gate, live: Live, words: Words) -> list[dict[str, Any]]:
    """The cards in their order; those of one rank as the configuration names them."""
    at, devices = gate.now().at, gate.devices.states
    cards = [
        lane_card(name, unit.view, live.vehicles.last(name, _LOOKED_AT), devices, gate.evidence, words, at)
        for name, unit in gate.lanes.items()
    ]
    return sorted(cards, key=lambda card: card["rank"])


def summary(cards: list[dict[str, Any]], words: Words) -> str:
    """How many lanes there are, and how many drivers wait for an officer."""
    waiting = sum(card["rank"] == 0 for card in cards)
    told = [ngettext("{count} lane.", "{count} lanes.", len(cards), count=len(cards))]
    if waiting:
        told.append(
            ngettext(
                "{count} driver is waiting for an officer.",
                "{count} drivers are waiting for an officer.",
                waiting,
                count=waiting,
            )
        )
    return words(joined(told, " "))
