"""The VINs that a text may contain, as on codes on vehicles and makers' labels.

The code of a label has one of three forms. It is the VIN alone, or the VIN after a leading I, or a longer text of the
maker with the VIN as one field. The I is the data identifier of a VIN in ANSI MH10.8.2, which many cars have in Code
39. Nothing is invented: a VIN must have borders on both sides. 17 characters inside a longer run of letters and digits
are not a VIN.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_VINS: Final = 4
"""So many VINs of one text are told: who holds more than that says nothing of the vehicle in view."""
MOST_CHARACTERS: Final = 8192
"""So much of a text is looked at: more than any QR code (7089) or Data Matrix (3116) holds."""

LENGTH: Final = 17
_FORM: Final = re.compile(r"[0-9A-HJ-NPR-Z]{17}")
"""ISO 3779: no I, O and Q."""
_IDENTIFIER: Final = "I"
_SERIAL: Final = 4
"""ISO 3779: the last four characters of a VIN are digits. Asked for only where words are joined, and in long texts."""
_LONG: Final = 64
"""In more characters than that, 17 stand between borders by chance: in each fourth text of a permit's Base45."""
_MOST_PARTS: Final = 6
_FIELD: Final = re.compile(r"[0-9A-Z]+(?:[ \t-]+[0-9A-Z]+)*")
"""Words of letters and digits with blanks and hyphens between them; everything else is a border of a field."""
_WORD: Final = re.compile(r"[0-9A-Z]+")
_ESCAPED: Final = re.compile(r"%[0-9A-F]{2}")
_NAMES: Final = (("VIN",), ("VIN", "NO"), ("VIN", "CODE"), ("VIN", "NUMBER"))


def vins_in(text: str) -> tuple[str, ...]:
    """The VINs that the text holds, in capitals, in their order, each once; 4 at most.

    A word of 17 characters of ISO 3779, or of 18 with a leading I; or a field, or what follows the word VIN in it, that
    is one when its blanks and hyphens are taken out. In a text of more than 64 characters its last four are digits.
    """
    # Letters that become two in capitals, or those of other scripts that become Latin ones, would make something up.
    looked_at = "".join(one.upper() if one.isascii() else "\n" for one in text[:MOST_CHARACTERS])
    if "://" in looked_at:
        looked_at = _ESCAPED.sub("\n", looked_at)
    found: dict[str, None] = {}
    is_long = len(looked_at) > _LONG
    for field in _FIELD.finditer(looked_at):
        for vin in _vins_of_field(_WORD.findall(field.group())):
            if is_long and not vin[-_SERIAL:].isdigit():
                continue
            found[vin] = None
            if len(found) == MOST_VINS:
                return tuple(found)
    return tuple(found)


def _vins_of_field(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if vin := _bare(word):
            yield vin
    for name in ((), *_NAMES):
        parts = words[len(name) :]
        if tuple(words[: len(name)]) == name and 1 < len(parts) <= _MOST_PARTS:
            vin = _bare("".join(parts))
            if vin and vin[-_SERIAL:].isdigit():
                yield vin


def _bare(word: str) -> str:
    """The VIN that a word is, without its leading I; empty where it is none."""
    if len(word) == LENGTH + 1 and word.startswith(_IDENTIFIER):
        word = word[1:]
    return word if _FORM.fullmatch(word) else ""
