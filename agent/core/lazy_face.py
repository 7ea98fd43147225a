"""Makes the face of a room lazy: Python loads a module of the room when code first uses one of its names.

A face has its imports under `if TYPE_CHECKING:`, where type checkers and the import contracts read them. At run time
its `__getattr__` is a `lazy_face` (PEP 562), which reads the imports from the same text.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_IMPORT: Final = re.compile(r"^    from (?P<module>[\w.]+) import (?P<names>\([^)]*\)|.+)$", re.MULTILINE)
_NAME: Final = re.compile(r"(?P<there>\w+)(?: as (?P<here>\w+))?")


def lazy_face(room: str) -> Callable[[str], object]:
    """What gives the names of a room as its `__getattr__`: each is taken from its module when it is first asked for.

    It raises AttributeError for a name that the face does not import, and whatever the module raises while it loads.
    """

    @cache
    def places() -> Mapping[str, tuple[str, str]]:
        return _places(_text_of(room))

    def name_of_room(name: str) -> object:
        if name not in places():
            raise AttributeError(f"module {room!r} has no attribute {name!r}", name=name, obj=sys.modules[room])
        module, there = places()[name]
        found: object = getattr(import_module(module), there)
        setattr(sys.modules[room], name, found)
        return found

    return name_of_room


def _text_of(room: str) -> str:
    loader: Any = sys.modules[room].__loader__
    text: str | None = loader.get_source(room)
    if text is None:
        raise ImportError(f"expected the source of {room} beside its compiled form; install the package again")
    return text


def _places(text: str) -> dict[str, tuple[str, str]]:
    """For each name of a face with this text: its module, and how it is called there."""
    return {
        found["here"] or found["there"]: (line["module"], found["there"])
        for line in _IMPORT.finditer(text)
        for found in _NAME.finditer(line["names"])
    }
