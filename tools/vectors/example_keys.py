"""The keys of the vectors. Their private halves are public: they protect nothing."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from agent.core.crypto import Algorithm, SigningKey, kid_of

if TYPE_CHECKING:
    from collections.abc import Mapping

Vectors = dict[str, Any]


def _seed(name: str) -> bytes:
    return sha256(f"gate vectors, key {name}".encode()).digest()


def _key(name: str, algorithm: Algorithm = Algorithm.ED25519) -> SigningKey:
    return SigningKey.from_seed(_seed(name), algorithm)


ROOT: Final = _key("root")
ISSUER: Final = _key("issuer")
ISSUER_P256: Final = _key("issuer p256", Algorithm.ES256)
REVOKED: Final = _key("revoked issuer")
EXPIRED: Final = _key("expired issuer")
LISTS: Final = _key("lists")
STOLEN_LISTS: Final = _key("stolen lists")
OLD_LISTS: Final = _key("old lists")
COMMANDS: Final = _key("commands")
OPENER: Final = _key("opener")
GATE: Final = _key("gate")
ACKNOWLEDGER: Final = _key("acknowledger")
FLEET: Final = _key("fleet")
POLICY: Final = _key("policy")
STRANGER: Final = _key("stranger")

_NAMES: Final[Mapping[str, tuple[SigningKey, str]]] = {
    "root": (ROOT, "signs trust lists; pinned by the gate"),
    "issuer": (ISSUER, "signs permits"),
    "issuer p256": (ISSUER_P256, "signs permits"),
    "revoked issuer": (REVOKED, "signed permits; revoked in the trust list"),
    "expired issuer": (EXPIRED, "signed permits; expired in the trust list"),
    "lists": (LISTS, "signs heads and deltas of lists"),
    "stolen lists": (STOLEN_LISTS, "signed lists; disabled in the trust list"),
    "old lists": (OLD_LISTS, "signed lists; expired in the trust list"),
    "commands": (COMMANDS, "signs every command"),
    "opener": (OPENER, "may sign only `open`"),
    "gate": (GATE, "the gate's own key; signs checkpoints"),
    "acknowledger": (ACKNOWLEDGER, "the key of central; signs acknowledgements"),
    "fleet": (FLEET, "signs fleet documents of both kinds"),
    "policy": (POLICY, "signs only fleet documents of the kind policy"),
    "stranger": (STRANGER, "not trusted by anyone"),
}


def vectors() -> Vectors:
    """What `keys.json` holds: each key with all its names."""
    return {
        "about": "The keys of these vectors, with their private halves, so that you can sign. Never trust these keys.",
        "keys": [
            {
                "name": name,
                "use": use,
                "algorithm": key.algorithm.value,
                "seed": _seed(name).hex(),
                "public": key.public.raw.hex(),
                "key_id": key.public.key_id.hex(),
                "kid": kid_of(key.public),
                "fingerprint": sha256(key.public.raw).hexdigest(),
            }
            for name, (key, use) in _NAMES.items()
        ],
    }
