"""What the permit commands share: options, times, and how they fail."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from agent.clock import Clock
from agent.core.permit import PermitForm
from central.issuing import moment_of

HOUR_S = 3600

Source = Annotated[
    str, typer.Argument(help='The text of the QR code, a file that contains it, or "-" for standard input.')
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class TextForm(StrEnum):
    """The forms in which a permit is a text. By its plate, it has none: only its declaration is published."""

    SIGNED = PermitForm.SIGNED.value
    JWS = PermitForm.JWS.value
    REFERENCE = PermitForm.REFERENCE.value

    @property
    def permit_form(self) -> PermitForm:
        """The same among all forms."""
        return PermitForm(self.value)


def time_of(text: str | None) -> int:
    """The Unix seconds that an option names, else those of the computer's clock. A wrong one is a matter of usage."""
    if text is None:
        return int(Clock().now().utc)
    try:
        return moment_of(text)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is not a time; give Unix seconds or 2026-11-24T08:00:00+08:00") from None
