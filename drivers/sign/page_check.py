"""Whether a page is one that the sign can show: asked before a byte of it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.api import DeviceMisconfiguredError
from drivers.text import Text

if TYPE_CHECKING:
    from drivers.api import SignPage, SignPort


def check_page(sign: SignPort, page: SignPage) -> None:
    """Raise DeviceMisconfiguredError for a page of more lines, other characters or a longer time than the sign has."""
    there = sign.capabilities
    if len(page.lines) > there.lines:
        message = Text("the page has {count} lines, the sign {lines}", count=len(page.lines), lines=there.lines)
        raise DeviceMisconfiguredError(message)
    if not 1 <= page.dark_after_s <= there.longest_s:
        raise DeviceMisconfiguredError(
            Text(
                "expected a time after which the page goes dark of 1 to {longest} s; got {seconds}",
                longest=there.longest_s,
                seconds=page.dark_after_s,
            )
        )
    for line in page.lines:
        if not sign.can_show(line.text):
            raise DeviceMisconfiguredError(
                Text("the sign cannot show {text!r}: it lacks a character or room", text=line.text)
            )
    if page.spoken and not sign.can_speak(page.spoken):
        raise DeviceMisconfiguredError(Text("the sign cannot say {text!r}", text=page.spoken))
