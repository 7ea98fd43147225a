"""How different two VINs are: makers count in the last characters, so new cars in a row have VINs in sequence."""

from __future__ import annotations

from typing import Final

NEIGHBOURS_APART: Final = 2
"""Two VINs that differ in so many characters at most may be of one series."""


def differences(a: str, b: str) -> int:
    """In how many characters two VINs differ."""
    return sum(x != y for x, y in zip(a, b, strict=True))
