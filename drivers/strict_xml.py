"""The small XML documents of cameras, read strictly: no document type, no entities, nothing that grows.

What expands entities or fetches files is never reached: a document type is refused at its first byte. Names come
without their name space, which some firmware writes and some does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn
from xml.parsers import expat

from drivers.text import Text
from drivers.untrusted_text import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_BYTES: Final = 64 * 1024
_BEFORE_LOCAL_NAME: Final = " "
_MARKS: Final = (b"<!DOCTYPE", b"<!ENTITY")
_NOT_TAKEN: Final = (
    "StartDoctypeDeclHandler",
    "EntityDeclHandler",
    "ExternalEntityRefHandler",
    "UnparsedEntityDeclHandler",
    "SkippedEntityHandler",
    "NotationDeclHandler",
    "AttlistDeclHandler",
    "ElementDeclHandler",
    "ProcessingInstructionHandler",
)


@dataclass(frozen=True, slots=True)
class XmlLimits:
    """The most that a document may have: bytes, elements in one another, and elements in all."""

    bytes: int = MOST_BYTES
    depth: int = 16
    elements: int = 1000


@dataclass(slots=True)
class Element:
    """An element: its name and its attributes' without their name spaces, its own text, and the elements in it."""

    name: str
    text: str = ""
    children: list[Element] = field(default_factory=list)
    attributes: Mapping[str, str] = field(default_factory=dict)

    def each(self, name: str) -> list[Element]:
        """All elements of this name in it."""
        return [one for one in self.children if one.name == name]

    def child(self, name: str) -> Element | None:
        """The element of this name in it. Raises DocumentError where there are two: which one is meant is not known."""
        found = self.each(name)
        if len(found) > 1:
            raise DocumentError(Text("XML that has the element {name} twice", name=name))
        return found[0] if found else None

    def words(self, *path: str) -> str:
        """The text of the element at this path of names, without blanks round it; empty where there is none."""
        at: Element | None = self
        for name in path:
            at = None if at is None else at.child(name)
        return "" if at is None else at.text.strip()


def read_xml(data: bytes, roots: Sequence[str], limits: XmlLimits | None = None) -> Element:
    """The root element, which has one of these names. In UTF-8, whatever the document says of itself.

    Raises DocumentError for anything else, for a document type, and above the bounds.
    """
    limits = limits or XmlLimits()
    if len(data) > limits.bytes:
        raise DocumentError(Text("XML of more than {most} bytes", most=limits.bytes))
    if any(mark in data for mark in _MARKS):
        _refuse()
    tree = _Tree(limits)
    parser = expat.ParserCreate("utf-8", _BEFORE_LOCAL_NAME)
    parser.buffer_text = True
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.text
    for name in _NOT_TAKEN:
        setattr(parser, name, _refuse)
    try:
        parser.Parse(data.strip(b"\r\n \t\0"), True)  # noqa: FBT003 - the name of the argument is the parser's own
    except expat.ExpatError:
        raise DocumentError(Text("not XML in UTF-8, or XML that is cut off")) from None
    if tree.root is None or tree.root.name not in roots:
        raise DocumentError(Text("XML of another kind; expected {roots}", roots=", ".join(roots)))
    return tree.root


def _refuse(*_what: object) -> NoReturn:
    raise DocumentError(Text("XML with a document type, an entity or an instruction, which no camera needs"))


class _Tree:
    def __init__(self, limits: XmlLimits) -> None:
        self.root: Element | None = None
        self._limits = limits
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = Element(_local(name), attributes={_local(key): value for key, value in attributes.items()})
        self._count += 1
        if len(self._open) >= self._limits.depth or self._count > self._limits.elements:
            raise DocumentError(Text("XML with too many elements, or nested too deeply"))
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append([])

    def end(self, _name: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def text(self, text: str) -> None:
        # Joined at the end: adding to a text again and again takes a time that grows with its square.
        self._texts[-1].append(text)


def _local(name: str) -> str:
    return name.rpartition(_BEFORE_LOCAL_NAME)[2]
