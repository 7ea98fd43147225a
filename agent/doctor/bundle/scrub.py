"""Takes out of every text of a bundle what must not leave the gate.

Secrets always, plates and VINs unless they are asked for.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from pydantic import BaseModel, SecretStr

from agent.core.events import masked_plate, masked_text
from agent.service.redaction import MASK, masked, sounds_secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from agent.settings import LoadedSettings

PLATE_FIELDS: Final = frozenset({"plate", "declared", "read"})
PERSONAL_FIELDS: Final = PLATE_FIELDS | {"vin", "vin_read"}
_SHORTEST: Final = 4

_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_COOKIE: Final = re.compile(r"(?P<before>\b(?:__Host-)?gate-(?:session|visit)=)[^;\s\"']+")
_HEADER: Final = re.compile(r"(?P<before>\b(?:authorization|x-csrf-token)[\"']?\s*[:=]\s*)[^\r\n\"']+", re.IGNORECASE)
_FIRST_CODE: Final = re.compile(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}\b")
"""As agent.console.access.bootstrap_code makes them: they stand in the log until the first admin is made."""
_ASSIGNED: Final = re.compile(
    r"(?P<before>\b\w*(?:password|passwd|secret|token)\w*[\"']?\s*[=:]\s*[\"']?)(?P<value>[^\s\"',;&]+)", re.IGNORECASE
)
_VIN: Final = re.compile(r"(?<![0-9A-Za-z])[A-HJ-NPR-Z0-9]{17}(?![0-9A-Za-z])")
"""Seventeen letters and digits without I, O and Q (ISO 3779)."""


class Scrubber:
    """Scrubs texts and JSON values. `plates`: whether plates and VINs stay."""

    def __init__(self, secrets: Iterable[str], *, plates: bool) -> None:
        # The longest first: one secret may be a part of another.
        self._secrets = tuple(sorted({one for one in secrets if len(one) >= _SHORTEST}, key=len, reverse=True))
        self._plates = plates
        self._known: set[str] = set()

    def learn(self, event: Mapping[str, Any]) -> None:
        """Note the plates that an event names, so that they are found in free texts too."""
        self._known.update(_plates_of(event))

    def text(self, text: str) -> str:
        """The text without what must not leave."""
        text = _PRIVATE_KEY.sub(f"{MASK} (a private key)", text)
        text = _COOKIE.sub(rf"\g<before>{MASK}", text)
        text = _HEADER.sub(rf"\g<before>{MASK}", text)
        text = _FIRST_CODE.sub(MASK, text)
        text = masked(text, self._secrets)
        text = _ASSIGNED.sub(_unless_masked, text)
        if self._plates:
            return text
        return _VIN.sub(lambda found: _masked_vin(found[0]), masked_text(text, self._known))

    def value(self, value: Any, name: str = "") -> Any:
        """A JSON value with every text in it scrubbed. `name`: the field that it stands in."""
        match value:
            case dict():
                return {key: self.value(inner, key) for key, inner in value.items()}
            case list() | tuple():
                return [self.value(inner, name) for inner in value]
            case str() if not self._plates and name in PERSONAL_FIELDS:
                return masked_plate(value)
            case str():
                return self.text(value)
            case _:
                return value

    def json(self, value: Any) -> bytes:
        """A JSON value, scrubbed, as a file."""
        return (json.dumps(self.value(value), ensure_ascii=False, indent=2, default=str) + "\n").encode()

    def line(self, value: Any) -> bytes:
        """A JSON value, scrubbed, as one line."""
        return (json.dumps(self.value(value), ensure_ascii=False) + "\n").encode()


def secrets_of(
    loaded: LoadedSettings | None, environment: Mapping[str, str], credentials: Path | None
) -> frozenset[str]:
    """Every secret that this process can know: of the settings, the environment and the credentials."""
    found = {value for name, value in environment.items() if sounds_secret(name)}
    if loaded is not None:
        found |= set(_of_settings(loaded.settings))
        found |= set(_of_document(loaded, loaded.document.data, ()))
    if credentials is not None and credentials.is_dir():
        found |= {line.strip() for file in _files(credentials) for line in _lines(file)}
    return frozenset(one for one in found if len(one) >= _SHORTEST)


def _of_settings(value: Any) -> Iterator[str]:
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case BaseModel():
            for _, inner in value:
                yield from _of_settings(inner)
        case dict():
            for inner in value.values():
                yield from _of_settings(inner)
        case list() | tuple():
            for inner in value:
                yield from _of_settings(inner)
        case _:
            pass


def _of_document(loaded: LoadedSettings, value: Any, path: tuple[str | int, ...]) -> Iterator[str]:
    """What the files say under keys that are not to be shown, such as those of drivers."""
    match value:
        case dict():
            for name, inner in value.items():
                yield from _of_document(loaded, inner, (*path, name))
        case list() | tuple():
            for number, inner in enumerate(value):
                yield from _of_document(loaded, inner, (*path, number))
        case str() if path and loaded.schema.hides(path, value):
            yield value
        case str() if "://" in value:
            yield from _of_url(value)
        case _:
            pass


def _of_url(url: str) -> Iterator[str]:
    """The password of a URL and what its query says under names that sound secret.

    Each as it stands there and as it is meant.
    """
    try:
        parts = urlsplit(url)
        named = [value for name, value in parse_qsl(parts.query) if sounds_secret(name)]
        found = [*named, *filter(None, (parts.password,))]
    except ValueError:  # no URL at all: the masking of texts has its own pattern
        return
    for secret in found:
        yield from {secret, unquote(secret), quote(secret)}


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file())


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # somebody else's credential: what cannot be read here cannot be in the bundle either
        return []


def _plates_of(value: Any, name: str = "") -> Iterator[str]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _plates_of(inner, key)
        case list():
            for inner in value:
                yield from _plates_of(inner, name)
        case str() if name in PLATE_FIELDS and value:
            yield value
        case _:
            pass


def _unless_masked(found: re.Match[str]) -> str:
    return found[0] if found["value"].startswith(MASK[0]) else f"{found['before']}{MASK}"


def _masked_vin(vin: str) -> str:
    """A VIN with its middle masked; a word or number of that length stays: a VIN has letters and digits."""
    return vin if vin.isdigit() or vin.isalpha() else masked_plate(vin)
