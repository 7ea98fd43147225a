"""VINs as they are written, and how far two of them are apart."""

from __future__ import annotations

from typing import Final

from agent.core.permit import vin as vins

NEIGHBOURS_APART: Final = 2
"""Two VINs that differ in so many characters at most may be of one series: a maker counts in the last ones."""


def vin_text(text: str) -> str | None:
    """A text as VINs are written, capitals without blanks and dashes; None where it is no VIN.

    It takes nothing off and looks for nothing inside a longer text: that is for who read it.
    """
    plain = "".join(text.split()).replace("-", "").upper()
    return plain if vins.is_well_formed(plain) else None


def differences(a: str, b: str) -> int:
    """In how many characters two VINs differ."""
    return sum(x != y for x, y in zip(a, b, strict=True))
