"""When all ends that the gate goes by: its certificates, the authorities it trusts, the trust list and its keys."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from agent.core.model import ExpiryKind
from agent.core.permit.trust import KeyStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from agent.core.permit.trust import TrustList

RENEWED_AT: Final = 2 / 3
JITTER: Final = 0.05
MOST_KEYS: Final = 16
"""Of the trust list, those that end first: the message must stay small."""
_SCALE: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class Expiry:
    """What ends when. Times are Unix seconds. `ends_utc`: None where it cannot be read.

    `subject`: the section of the configuration that names a certificate, or the id of a key. `renews_utc`: when the
    gate asks for the next certificate, None where it does not. `trouble`: why the last attempt failed, "" for nothing.
    """

    kind: ExpiryKind
    subject: str
    ends_utc: float | None
    renews_utc: float | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ExpiryFile:
    """A file with certificates. `own`: the first one counts; else the one that ends first. `renewed`: by the gate."""

    kind: ExpiryKind
    subject: str
    path: Path
    own: bool
    renewed: bool = False


def renewal_utc(certificate: x509.Certificate) -> float:
    """When a certificate is due, Unix seconds: after two thirds of its life, and up to a twentieth of it later.

    By a draw that stays the same for a certificate, so that a fleet that was enrolled on one day does not come at once.
    """
    begins = certificate.not_valid_before_utc.timestamp()
    life_s = certificate.not_valid_after_utc.timestamp() - begins
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    return begins + life_s * (RENEWED_AT + JITTER * int.from_bytes(digest[:4], "big") / _SCALE)


@dataclass(frozen=True, slots=True)
class ExpiryTable:
    """Reads the dates when asked; a file that has not changed is not parsed again. For all threads.

    `trust`: the trust list, None for none. `troubles`: why the renewal of a subject failed last.
    """

    files: Sequence[ExpiryFile]
    trust: Callable[[], TrustList | None]
    troubles: Callable[[], Mapping[str, str]] = dict
    _read: dict[Path, tuple[tuple[int, int, int], tuple[float, float]]] = field(default_factory=dict)

    def now(self) -> tuple[Expiry, ...]:
        """All dates, certificates first."""
        troubles = self.troubles()
        return (*(self._of_file(one, troubles) for one in self.files), *_of_trust(self.trust()))

    def _of_file(self, one: ExpiryFile, troubles: Mapping[str, str]) -> Expiry:
        try:
            ends, due = self._dates(one)
        except (OSError, ValueError):
            return Expiry(one.kind, one.subject, None, trouble=troubles.get(one.subject, ""))
        renewed = one.renewed
        return Expiry(
            one.kind, one.subject, ends, due if renewed else None, troubles.get(one.subject, "") if renewed else ""
        )

    def _dates(self, one: ExpiryFile) -> tuple[float, float]:
        """When it ends and when it is due. Raises OSError, ValueError."""
        found = one.path.stat()
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        known = self._read.get(one.path)
        if known is None or known[0] != stamp:
            chain = x509.load_pem_x509_certificates(one.path.read_bytes())
            counts = chain[0] if one.own else min(chain, key=lambda each: each.not_valid_after_utc)
            known = (stamp, (counts.not_valid_after_utc.timestamp(), renewal_utc(counts)))
            self._read[one.path] = known
        return known[1]


def _of_trust(trust: TrustList | None) -> tuple[Expiry, ...]:
    if trust is None:
        return ()
    held = sorted(
        (entry for entry in trust.entries if entry.status is KeyStatus.ACTIVE), key=lambda entry: entry.not_after
    )
    return (
        Expiry(ExpiryKind.TRUST_LIST, "trust_list", float(trust.expires_at)),
        *(Expiry(ExpiryKind.ISSUER_KEY, entry.key_id.hex(), float(entry.not_after)) for entry in held[:MOST_KEYS]),
    )
