"""Personal values beside the event: the event contains only digests, so values can be erased and the chain stays.

The method is that of SD-JWT (RFC 9901, section 4.2). A disclosure is the base64url form of the JSON array [salt,
pointer, value]: 16 random bytes, the place of the value below `data` (RFC 6901), and the value. In place of the value,
the event has `sd:` and the base64url form of the SHA-256 of the disclosure's text. Anyone who has the disclosure can
prove the value. Without it, no one can guess the value, because the salt is gone too. No canonical form is needed,
because the hashed text is kept.

An event with such values has `sdalg` in its envelope. Every text in it that begins with `sd:` is a digest. An original
text that begins with `sd:` was hidden too.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BinasciiError
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

ALGORITHM: Final = "sha-256"
"""What `sdalg` says: the name of the hash in IANA's registry, as in SD-JWT."""
ATTRIBUTE: Final = "sdalg"
PREFIX: Final = "sd:"
SALT_BYTES: Final = 16
"""Of a salt: 128 bits, as RFC 9901, section 9.3, asks for."""
PERSONS: Final = frozenset({"operator", "person", "persons", "by", "address"})
"""The fields that name a person."""
FREE_TEXTS: Final = frozenset({"detail", "cause", "text", "commands", "before", "after"})
"""The fields, of whatever event, in which people, errors or settings may name a vehicle or a person."""
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+")
_TOKEN: Final = re.compile(r"sd:([A-Za-z0-9_-]{43})")
_IN_BYTES: Final = re.compile(rb'"sd:([A-Za-z0-9_-]{43})"')
_MARK: Final = f'"{ATTRIBUTE}":'.encode()
ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Subject(StrEnum):
    """What a personal value describes: a vehicle, a person, or both in a person's words."""

    VEHICLE = "vehicle"
    PERSON = "person"
    WORDS = "words"


class DisclosureFault(StrEnum):
    """Why a disclosure is none."""

    FORM = "form"
    NOT_NAMED = "not_named"
    OTHER_PLACE = "other_place"


_WORDS: Final = {
    DisclosureFault.FORM: "it is not the base64url form of [salt, pointer, value]",
    DisclosureFault.NOT_NAMED: "no value of the event has its digest",
    DisclosureFault.OTHER_PLACE: "it names another place than that of its digest",
}


class DisclosureInvalidError(ValueError):
    """A disclosure does not belong to its event; `fault` and the message say why."""

    def __init__(self, fault: DisclosureFault) -> None:
        super().__init__(_WORDS[fault])
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A hidden value. `digest`: of `text`, base64url; `text`: what proves it; `subject`: of what it tells."""

    digest: str
    text: str
    subject: Subject


@dataclass(frozen=True, slots=True)
class DisclosedValue:
    """What a disclosure says: the value and its place below `data`."""

    pointer: str
    value: str


@dataclass(frozen=True, slots=True)
class HiddenData:
    """The data of an event as it is chained, and what was hidden in it, in the order of the data."""

    data: str
    disclosures: tuple[Disclosure, ...]


def disclosure(salt: bytes, pointer: str, value: str, subject: Subject) -> Disclosure:
    """The disclosure of a value at a place below `data`. `salt`: `SALT_BYTES` fresh random bytes."""
    text = _base64url(ENCODER.encode([_base64url(salt), pointer, value]).encode())
    return Disclosure(digest_of_disclosure(text), text, subject)


def digest_of_disclosure(text: str) -> str:
    """The digest of a disclosure, as an event holds it behind `sd:`."""
    return _base64url(hashlib.sha256(text.encode("ascii")).digest())


def read_disclosure(text: str) -> DisclosedValue:
    """What a disclosure says. Raises DisclosureInvalidError."""
    said = None
    if _BASE64URL.fullmatch(text):
        try:
            said = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (BinasciiError, ValueError, RecursionError):
            said = None
    match said:
        case [str(), str(pointer), str(value)]:
            return DisclosedValue(pointer, value)
        case _:
            raise DisclosureInvalidError(DisclosureFault.FORM)


def may_hide(payload: bytes) -> bool:
    """Whether a stored event may have hidden values: cheap, and never false for one that has."""
    return _MARK in payload


def digests_in(payload: bytes) -> list[str]:
    """The digests of the hidden values of a stored event, in the order of its bytes; none where it hides nothing."""
    return [found.decode() for found in _IN_BYTES.findall(payload)] if may_hide(payload) else []


def digest_in(text: object) -> str | None:
    """The digest that replaces a value; None: it is a value, not a digest."""
    found = _TOKEN.fullmatch(text) if isinstance(text, str) else None
    return None if found is None else found[1]


def subject_of(pointer: str) -> Subject:
    """Of what the value at a place below `data` tells, by the names of its fields, for who has no model of it."""
    names = [name for name in pointer.split("/") if name and not name.isdigit()]
    if "message" in names or FREE_TEXTS.intersection(names[-1:]):
        return Subject.WORDS
    return Subject.PERSON if PERSONS.intersection(names[-1:]) else Subject.VEHICLE


def hidden_places(event: Mapping[str, Any]) -> dict[str, str]:
    """The places of the hidden values of an event below `data`, by their digests; none where it hides nothing."""
    if event.get(ATTRIBUTE) is None:
        return {}
    found = ((digest_in(text), pointer) for pointer, text in _texts(event.get("data"), ""))
    return {digest: pointer for digest, pointer in found if digest is not None}


def opened_values(event: Mapping[str, Any], disclosures: Iterable[str]) -> dict[str, str]:
    """The values that disclosures prove of an event, by their digests. Raises DisclosureInvalidError."""
    places = hidden_places(event)
    values: dict[str, str] = {}
    for text in disclosures:
        said = read_disclosure(text)
        digest = digest_of_disclosure(text)
        if digest not in places:
            raise DisclosureInvalidError(DisclosureFault.NOT_NAMED)
        if places[digest] != said.pointer:
            raise DisclosureInvalidError(DisclosureFault.OTHER_PLACE)
        values[digest] = said.value
    return values


def opened_event(event: Mapping[str, Any], values: Mapping[str, str], erased: str | None = None) -> dict[str, Any]:
    """An event with its values in place. `erased`: what stands for those that are not there; None: their digests."""
    if event.get(ATTRIBUTE) is None:
        return dict(event)

    def put_back(text: str) -> str:
        digest = digest_in(text)
        if digest is None:
            return text
        return values.get(digest, text if erased is None else erased)

    return {**event, "data": _replaced(event.get("data"), put_back)}


def normal_form(value: str) -> str:
    """What is compared of a plate, a VIN or a name: its letters and digits alone, in capitals (NFKC)."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", value).upper() if sign.isalnum())


def digest_of_value(value: str) -> str:
    """The SHA-256, in hex, of a value's normal form: by it an erasure names a value without telling it."""
    return hashlib.sha256(normal_form(value).encode()).hexdigest()


def _texts(tree: object, pointer: str) -> Iterator[tuple[str, str]]:
    match tree:
        case str():
            yield pointer, tree
        case dict():
            for name, inner in tree.items():
                yield from _texts(inner, f"{pointer}/{name}")
        case list():
            for number, inner in enumerate(tree):
                yield from _texts(inner, f"{pointer}/{number}")
        case _:
            pass


def _replaced(tree: Any, change: Callable[[str], str]) -> Any:
    match tree:
        case str():
            return change(tree)
        case dict():
            return {name: _replaced(inner, change) for name, inner in tree.items()}
        case list():
            return [_replaced(inner, change) for inner in tree]
        case _:
            return tree


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
