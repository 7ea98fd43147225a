"""What differs between two configurations, as events tell it: every key, with its values or their fingerprints."""

from __future__ import annotations

import hmac
import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from agent.core.events import VALUE_BYTES, ChangedKey, key_fingerprint
from agent.settings.editing.proposal import differences, set_values
from agent.settings.loading.origin import key_origins
from agent.settings.toml.plain_value import toml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.settings.loading.load import LoadedSettings
    from agent.settings.loading.origin import KeyOrigin

PUBLIC_KEYS: Final = frozenset({"public_key", "root_keys"})
"""The last parts of the keys that hold public keys, in hex."""


def recorded_changes(
    before: LoadedSettings | None, after: LoadedSettings, fingerprint_key: bytes
) -> tuple[ChangedKey, ...]:
    """Every key whose value is another, secrets too, in the order of the models.

    `before` None: every key that is set. `fingerprint_key`: with which secrets are hashed; only the gate has it.
    """
    told = _Told(fingerprint_key)
    new = set_values(after)
    if before is None:
        return tuple(
            told.change(one.key, (None, None), (one, new.get(one.key)), hidden=False)
            for one in key_origins(after)
            if one.origin is not None
        )
    old = set_values(before)
    return tuple(
        told.change(one.key, (one.before, old.get(one.key)), (one.after, new.get(one.key)), hidden=one.is_hidden)
        for one in differences(before, after)
    )


class _Told:
    """Says values as events may have them."""

    def __init__(self, fingerprint_key: bytes) -> None:
        self._key = fingerprint_key

    def change(
        self, key: str, before: tuple[KeyOrigin | None, Any], after: tuple[KeyOrigin | None, Any], *, hidden: bool
    ) -> ChangedKey:
        """`before`, `after`: what is shown of the value, and the value as it was set. `hidden`: see `Difference`."""
        was, was_prints = self._side(key, *before, hidden=hidden)
        will, will_prints = self._side(key, *after, hidden=hidden)
        return ChangedKey(
            key=key, before=was, after=will, before_fingerprints=was_prints, after_fingerprints=will_prints
        )

    def _side(
        self, key: str, origin: KeyOrigin | None, raw: Any, *, hidden: bool
    ) -> tuple[str | None, tuple[str, ...]]:
        if origin is None or origin.value is None:
            return None, ()
        if origin.secret or hidden:
            return None if origin.secret else _bounded(toml(origin.value))[0], (self._of_secret(raw),)
        text, fingerprints = _bounded(toml(origin.value))
        return text, _of_public_keys(key, origin.value) or fingerprints

    def _of_secret(self, raw: Any) -> str:
        text = json.dumps(raw, sort_keys=True, default=str)
        return f"hmac-sha256:{hmac.new(self._key, text.encode(), sha256).hexdigest()}"


def _bounded(text: str) -> tuple[str | None, tuple[str, ...]]:
    """The text, where it is not too long, else its fingerprint."""
    if len(json.dumps(text)) <= VALUE_BYTES:
        return text, ()
    return None, (f"sha256:{sha256(text.encode()).hexdigest()}",)


def _of_public_keys(key: str, value: Any) -> tuple[str, ...]:
    if key.rpartition(".")[2] not in PUBLIC_KEYS:
        return ()
    keys: Sequence[str] = value if isinstance(value, list) else [value]
    return tuple(f"sha256:{key_fingerprint(bytes.fromhex(one))}" for one in keys)
