"""The text of a configuration file as it may be shown: with its secrets masked, and put back where they still stand.

Comments are not looked into but for what looks like a key with a secret.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from agent.service.redaction import MASK, masked_urls, sounds_secret, url_secrets
from agent.settings.toml.change import ChangeError
from agent.settings.toml.includes import dotted
from agent.settings.toml.key_positions import places
from agent.settings.toml.plain_value import toml
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.settings.model.key_lookup import Schema
    from agent.settings.toml.key_positions import Path

_LINE = re.compile(r"^(?P<before>[\s#]*(?P<key>[\w.\"'-]+)\s*=\s*)(?P<value>\S.*)$", re.MULTILINE)


def masked_text(text: str, schema: Schema) -> str:
    """The text with every secret masked. Of one that is no TOML, every line whose key sounds like a secret is."""
    spans = [(start, end, toml(shown)) for _, start, end, value, shown in _hidden(text, schema) if value != shown]
    raw, kept, at = text.encode(), b"", 0
    for start, end, shown in sorted(spans):
        kept += raw[at:start] + shown.encode()
        at = end
    return masked_urls(_LINE.sub(_masked_line, (kept + raw[at:]).decode()))


def restored_text(text: str, original: str, schema: Schema) -> str:
    """The text with the secrets of the original where it has their masks. `schema`: of the original.

    Raises ChangeError for a mask that stands for no secret, or for one of several.
    """
    if MASK not in text:
        return text
    known = list(_hidden(original, schema))
    old = original.encode()
    raw, kept, at = text.encode(), b"", 0
    for path, start, end, value in sorted(_values(text), key=lambda one: one[1]):
        if isinstance(value, str) and MASK in value:
            found = {(o, e) for p, o, e, _, shown in known if shown == value and p == path}
            found = found or {(o, e) for p, o, e, _, shown in known if shown == value and p[-1] == path[-1]}
            secrets = {old[o:e] for o, e in found}
            if len(secrets) != 1:
                raise ChangeError(
                    Text("{key} is masked, and its previous value is unknown: enter it again", key=dotted(path))
                )
            kept += raw[at:start] + secrets.pop()
            at = end
    return (kept + raw[at:]).decode()


def _hidden(text: str, schema: Schema) -> Iterator[tuple[Path, int, int, str, str]]:
    """Each value that holds a secret: its path, where it stands, and how it may be shown."""
    for path, start, end, value in _values(text):
        if isinstance(value, str):
            shown = MASK if schema.hides(path, value) and value else masked_urls(value)
            if shown != value:
                yield path, start, end, value, shown


def _values(text: str) -> Iterator[tuple[Path, int, int, Any]]:
    """Every value that is no table, with its offsets in the UTF-8 text; none of a text that cannot be read."""
    try:
        data = tomllib.loads(text)
    except ValueError:
        return
    for path, place in places(text).items():
        value: Any = data
        for part in path:
            value = value[part]
        if place.value_start < place.value_end and not isinstance(value, dict | list):
            yield path, place.value_start, place.value_end, value


def _masked_line(line: re.Match[str]) -> str:
    last = line["key"].strip("\"'").rpartition(".")[2]
    is_file = last.endswith(("_file", "_keys"))
    is_comment = line["before"].lstrip().startswith("#")
    quoted = line["value"].startswith(('"', "'"))
    if not sounds_secret(last) or is_file or MASK in line["value"] or not (is_comment or quoted) or not quoted:
        return line[0]
    return f'{line["before"]}"{MASK}"'


def restored_value(text: str, original: str) -> str:
    """A text with the passwords of the original's addresses where it has their masks.

    Raises ChangeError where they are not as many.
    """
    if MASK not in text:
        return text
    secrets = url_secrets(original)
    if text.count(MASK) != len(secrets):
        raise ChangeError(Text("a masked password is in a place that had none: enter it again"))
    for secret in secrets:
        text = text.replace(MASK, secret, 1)
    return text
