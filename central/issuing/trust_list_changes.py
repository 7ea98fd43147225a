"""Changes to a trust list: the next version of it, with a key more, or one that must not be accepted any more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.core.permit import KeyStatus, TrustList

if TYPE_CHECKING:
    from agent.core.permit import TrustEntry


class KeyListError(ValueError):
    """A trust list cannot be changed so; the message says why."""


def renewed(trust: TrustList, now: int, life_s: int) -> TrustList:
    """Return the next version with the same keys, from `now` (Unix seconds) on, without those that ended long ago.

    A key that ended longer ago than the list itself lives is left out: no permit of it holds any more.
    """
    entries = tuple(entry for entry in trust.entries if entry.not_after + life_s > now)
    return TrustList(trust.version + 1, now, now + life_s, entries)


def with_key(trust: TrustList, entry: TrustEntry) -> TrustList:
    """Return the list with a key more.

    Raises:
        KeyListError: it is there already.
    """
    if any(entry.key == known.key for known in trust.entries):
        raise KeyListError(f"key {entry.key_id.hex()} is in the trust list already")
    return replace(trust, entries=(*trust.entries, entry))


def with_status(trust: TrustList, name: str, status: KeyStatus, reason: str) -> TrustList:
    """Return the list with a key disabled, revoked or active again. `name`: its id in hexadecimal digits.

    Raises:
        KeyListError: there is no such key, or it is revoked, from which none comes back.
    """
    wanted = name.lower()
    found = next((entry for entry in trust.entries if entry.key_id.hex() == wanted), None)
    if found is None:
        known = ", ".join(entry.key_id.hex() for entry in trust.entries)
        raise KeyListError(f"no key {name} in the trust list; there are {known or 'none'}")
    if found.status is KeyStatus.REVOKED and status is not KeyStatus.REVOKED:
        raise KeyListError(f"key {name} is revoked, and stays so; make a new key")
    changed = replace(found, status=status, reason=reason)
    return replace(trust, entries=tuple(changed if entry is found else entry for entry in trust.entries))
