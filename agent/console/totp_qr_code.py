"""The QR code by which an app on a telephone takes the secret of a second factor."""

from __future__ import annotations

import base64
from typing import Final

import segno
from markupsafe import Markup

from agent.console.access.totp import enrolment_uri

PIXELS: Final = 4
"""Of a module: the codes of usual names come out 200 to 300 px wide."""


def enrolment_code(secret: bytes, account: str, gate: str) -> Markup:
    """The code as SVG, dark on light whatever the theme of the page."""
    code = segno.make(enrolment_uri(secret, account, gate), error="m", micro=False)
    # This is drawn here: of the secret, and of names of letters, digits and . _ -
    return Markup(code.svg_inline(scale=PIXELS, border=4, light="white", omitsize=False))  # noqa: S704


def enrolment_text(secret: bytes) -> str:
    """The secret as apps take it by hand: Base32 (RFC 4648) in groups of four."""
    letters = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(letters[place : place + 4] for place in range(0, len(letters), 4))
