"""Vectors of the normal form of a plate, and of the kinds that a number may be of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from agent.core.permit import PLATE_KINDS
from agent.core.plates import FORMATS, STRICT, kinds_of, normalise

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXTS: Final = (
    *(
        "新A·12345",
        "新a 12345",
        " 新A-12345 ",
        "\uff2e\uff45\uff57 12345",
        "沪AD12345",
        "沪AD1234O",
        "京A12I45",
        "粤Z1234港",
    ),
    *("新A12345临", "临新A12345", "新A12345试", "使014578", "WJ京12345", "123 ABC 02", "A 123 BCD"),
    *("123АВС02", "А123ВС 777"),  # noqa: RUF001 - typed on a Cyrillic keyboard
    *("01 A 123 AA", "123OAB02", "12345", "ABC-1234", "İSTANBUL", "1234567890123"),
)
_CODES: Final[Mapping[str, int]] = {kind.value: code for code, kind in PLATE_KINDS.items()}


def vectors() -> dict[str, Any]:
    """What `plates.json` holds."""
    return {
        "about": "Plates as people write them, their normal form, and the numbers of the kinds with this form. "
        "`formats`: the characters that each place allows, in order. docs/permits.md has the rule.",
        "formats": [
            {
                "kind": _CODES[form.kind.value],
                "places": list(form.places),
                "mark": form.mark,
                "strict": form in STRICT,
            }
            for form in FORMATS
        ],
        "kinds": {str(code): kind.value for code, kind in PLATE_KINDS.items()},
        "cases": [
            {"text": text, "normal": normalise(text), "kinds": [_CODES[kind.value] for kind in kinds_of(text)]}
            for text in TEXTS
        ],
    }
