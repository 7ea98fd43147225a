"""Vectors of the trust list: one that holds, and one of each way in which a text is none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from agent.core.crypto import cbor, cose
from agent.core.permit import KeyStatus, Purpose, TrustEntry, TrustError, TrustFault, TrustList, base45, load, seal
from agent.core.permit.trust import _list_value
from tools.vectors import example_keys as keys

if TYPE_CHECKING:
    from agent.core.crypto import SigningKey

AT: Final = 1_795_500_000
DAY_S: Final = 86_400
SITE: Final = 9411
OLDEST: Final = 7
CONTEXT: Final = b"gate trust list 1"


def _entry(key: SigningKey, issuer: str, purpose: Purpose = Purpose.PERMITS, **more: Any) -> TrustEntry:
    entry = TrustEntry(key.public, key.public.key_id, issuer, (SITE,), AT - 30 * DAY_S, AT + 60 * DAY_S)
    return replace(entry, purpose=purpose, **more)


TRUST: Final = TrustList(
    OLDEST,
    AT - DAY_S,
    AT + 29 * DAY_S,
    (
        _entry(keys.ISSUER, "KHE"),
        _entry(keys.ISSUER_P256, "KHE", sites=()),
        _entry(keys.REVOKED, "KHE", status=KeyStatus.REVOKED, reason="leaked"),
        _entry(keys.EXPIRED, "KHE", not_after=AT - DAY_S),
        _entry(keys.LISTS, "central", Purpose.LISTS),
        _entry(keys.STOLEN_LISTS, "central", Purpose.LISTS, status=KeyStatus.DISABLED, reason="stolen laptop"),
        _entry(keys.OLD_LISTS, "central", Purpose.LISTS, not_after=AT - DAY_S),
    ),
)
TEXT: Final = seal(TRUST, keys.ROOT)


def written(trust: TrustList) -> dict[str, Any]:
    """A trust list as JSON: byte strings in hexadecimal digits, words for numbers that stand for words."""
    return {
        "version": trust.version,
        "issued_at": trust.issued_at,
        "expires_at": trust.expires_at,
        "entries": [
            {
                "key_id": entry.key_id.hex(),
                "algorithm": entry.key.algorithm.identifiers[0],
                "key": entry.key.raw.hex(),
                "issuer": entry.issuer,
                "sites": list(entry.sites),
                "not_before": entry.not_before,
                "not_after": entry.not_after,
                "status": entry.status.value,
                "reason": entry.reason,
                "purpose": entry.purpose.value,
            }
            for entry in trust.entries
        ],
    }


def _sealed(trust: TrustList, root: SigningKey = keys.ROOT, context: bytes = CONTEXT, **more: bytes) -> bytes:
    """The text of a trust list that nobody has checked."""
    return b"GTL1:" + base45.encode(cose.sign(cbor.encode(_list_value(trust)), root, context, **more))


def _texts() -> dict[str, tuple[bytes, TrustFault | None]]:
    first, *others = TRUST.entries
    renamed = replace(TRUST, entries=(replace(first, key_id=b"\x01\x02\x03\x04"), *others))
    with_root = replace(TRUST, entries=(*TRUST.entries, _entry(keys.ROOT, "KHE")))
    twice = replace(TRUST, entries=(first, first))
    pinned = keys.ROOT.public.key_id
    return {
        "it holds": (TEXT, None),
        "it holds, with a line feed at its end": (TEXT + b"\n", None),
        "a newer version without entries holds": (seal(replace(TRUST, version=8, entries=()), keys.ROOT), None),
        "no trust list": (b"GP1:" + TEXT[5:], TrustFault.NOT_A_TRUST_LIST),
        "a small letter": (TEXT[:-1] + b"a", TrustFault.ENCODING_INVALID),
        "cut short": (TEXT[:-3], TrustFault.STRUCTURE_INVALID),
        "signed by a key that is not pinned": (_sealed(TRUST, keys.STRANGER), TrustFault.ROOT_UNKNOWN),
        "signed by another key under the id of the root": (
            _sealed(TRUST, keys.STRANGER, key_id=pinned),
            TrustFault.SIGNATURE_INVALID,
        ),
        "signed in no context": (_sealed(TRUST, context=b""), TrustFault.SIGNATURE_INVALID),
        "a key id that is not of its key": (_sealed(renamed), TrustFault.CONTENT_INVALID),
        "the root among the entries": (_sealed(with_root), TrustFault.CONTENT_INVALID),
        "a key twice": (_sealed(twice), TrustFault.CONTENT_INVALID),
        "it ends before it begins": (_sealed(replace(TRUST, expires_at=AT - DAY_S)), TrustFault.CONTENT_INVALID),
        "older than the one in use": (seal(replace(TRUST, version=6), keys.ROOT), TrustFault.ROLLED_BACK),
    }


def verdict(text: bytes) -> dict[str, Any]:
    """What a gate says to the text, that has the version OLDEST and pins the root."""
    try:
        return {"holds": written(load(text, [keys.ROOT.public], OLDEST))}
    except TrustError as error:
        return {"refused": error.fault.value}


def vectors() -> dict[str, Any]:
    """What `trust-list.json` holds. Raises ValueError where the gate says something else than is expected."""
    cases = []
    for name, (text, fault) in _texts().items():
        said = verdict(text)
        if said.get("refused") != (fault and fault.value):
            raise ValueError(f"trust list, {name}: {said}")
        cases.append({"name": name, "text": text.decode("ascii"), "expect": said})
    return {
        "about": "Texts of trust lists, and the answer of a gate that pins this root and uses this version.",
        "root": keys.ROOT.public.raw.hex(),
        "oldest": OLDEST,
        "cases": cases,
    }
