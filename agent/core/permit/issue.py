"""Creates permits, for the issuing tool, demonstrations and tests. The caller passes the random bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.core.crypto import JwsType, cose, jws
from agent.core.permit import base45, claims, json_claims
from agent.core.permit.fields import ClaimsError
from agent.core.permit.parse import PREFIX
from agent.core.permit.permit_verification import MAX_TEXT
from agent.core.permit.trust import TrustEntry, TrustList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.core.crypto import SigningKey
    from agent.core.permit.claims import Permit

DAY_S = 86_400
KEY_LIFE_S = 90 * DAY_S
LIST_LIFE_S = 30 * DAY_S


def issue(permit: Permit, key: SigningKey, key_id: bytes | None = None) -> str:
    """Return the permit text that goes into the QR code, signed by the key; the permit's `key_id` is that of the key.

    `key_id`: another id to sign under, which is what a forger does; for tests and demonstrations.

    Raises:
        ClaimsError: a claim that a gate would refuse.
    """
    name = key_id or key.public.key_id
    payload = claims.encode(replace(permit, key_id=name))
    return _bounded((PREFIX + base45.encode(cose.sign(payload, key, key_id=name))).decode("ascii"))


def issue_jws(permit: Permit, key: SigningKey, key_id: bytes | None = None) -> str:
    """Return the same as a JSON Web Signature, for issuers and readers that have tools for those.

    Raises:
        ClaimsError: a claim that a gate would refuse.
    """
    name = key_id or key.public.key_id
    payload = json_claims.encode(replace(permit, key_id=name))
    return _bounded(jws.write(payload, key, name.hex(), JwsType.PERMIT))


def _bounded(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise ClaimsError(f"the text would have {len(text)} characters, and gates look at {MAX_TEXT} at most")
    return text


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs permits: a name, a key and the sites where it may."""

    name: str
    key: SigningKey
    sites: tuple[int, ...] = ()

    def entry(self, since: int, life_s: int = KEY_LIFE_S) -> TrustEntry:
        """Return the issuer's entry in a trust list: an active permit key from `since` (Unix seconds) on."""
        public = self.key.public
        return TrustEntry(public, public.key_id, self.name, self.sites, since, since + life_s)


def trust_list(issuers: Sequence[Issuer], since: int, version: int = 1, life_s: int = LIST_LIFE_S) -> TrustList:
    """Return a trust list of these issuers, issued at `since` (Unix seconds); `trust.seal` signs it."""
    return TrustList(version, since, since + life_s, tuple(issuer.entry(since) for issuer in issuers))
