"""Strips: a bar that is filled in part, and a row of times with its gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from agent.console.charts.columns import HATCH, fill

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH: Final = 480
HEIGHT: Final = 18
_LEAST_PX: Final = 2.0
_HEAD: Final = Markup('<svg class="uptime" viewBox="0 0 {} {}" preserveAspectRatio="none" {}>{}</svg>')
_PART: Final = Markup('<rect {} x="{}" y="0" width="{}" height="{}"/>')


def bar(kind: str, share: float) -> Markup:
    """A bar that is filled so far, 0 to 1; the words beside it say the same."""
    length = max(_LEAST_PX, share * WIDTH) if share else 0.0
    parts = _PART.format(fill("f0"), 0, WIDTH, HEIGHT) + _PART.format(fill(kind), 0, round(length, 1), HEIGHT)
    return _HEAD.format(WIDTH, HEIGHT, Markup('aria-hidden="true"'), parts)


def uptime(words: str, shares: Sequence[float | None]) -> Markup:
    """A row of times, each with the share in which something was connected; None: not known, an empty place."""
    place = WIDTH / max(1, len(shares))
    parts = [_PART.format(fill("f0"), 0, WIDTH, HEIGHT)]
    for number, share in enumerate(shares):
        if share is None:
            continue
        left, down = number * place, (1 - share) * place
        down = min(place, max(_LEAST_PX, down)) if down > 0 else 0.0
        parts.append(_PART.format(fill("f1"), round(left, 1), round(place - down + 0.3, 1), HEIGHT))
        if down:
            parts.append(_PART.format(fill(HATCH), round(left + place - down, 1), round(down, 1), HEIGHT))
    label = Markup('role="img" aria-label="{}"').format(words)
    return _HEAD.format(WIDTH, HEIGHT, label, Markup("").join(parts))
