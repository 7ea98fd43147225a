"""The request that a gate makes, and the certificate that it gets for it: taken only when it is what was asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric import ec

LONGEST_CHAIN: Final = 6


class AnswerError(Exception):
    """A certificate is not what was asked for; the message says why. Nothing was written."""


def request_for(name: str, key: ec.EllipticCurvePrivateKey, subject: x509.Name | None = None) -> bytes:
    """A request (PKCS #10, DER) with the CN `name`; `subject`: the whole subject, as a renewal must repeat it."""
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) if subject is None else subject
    builder = x509.CertificateSigningRequestBuilder().subject_name(named)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def common_name(certificate: x509.Certificate) -> str:
    """The CN of a certificate; "" where it has none."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def checked_chain(
    answer: Sequence[x509.Certificate],
    key: ec.EllipticCurvePrivateKey,
    name: str,
    authorities: Sequence[x509.Certificate],
    utc: float,
) -> list[x509.Certificate]:
    """The certificate of our key, and those between it and an authority.

    `authorities`: what the proven server says of itself. `utc`: now, Unix seconds. Raises AnswerError.
    """
    info = PublicFormat.SubjectPublicKeyInfo
    own = key.public_key().public_bytes(Encoding.DER, info)
    ours = next((one for one in answer if one.public_key().public_bytes(Encoding.DER, info) == own), None)
    if ours is None:
        raise AnswerError(Text("the server gave a certificate for another key than that of the request"))
    if common_name(ours) != name:
        raise AnswerError(
            Text("the server gave a certificate for {found!r}, not for {name!r}", found=common_name(ours), name=name)
        )
    if ours.not_valid_after_utc <= datetime.fromtimestamp(utc, UTC):
        date = f"{ours.not_valid_after_utc:%Y-%m-%d}"
        raise AnswerError(Text("the certificate expired on {date}: is the clock right?", date=date))
    if not _for_clients(ours):
        raise AnswerError(Text("the certificate may not be used by a client (extended key usage)"))
    return _chain(ours, answer, authorities)


def issued_by(certificate: x509.Certificate, authorities: Sequence[x509.Certificate]) -> bool:
    """Whether one of these authorities has signed a certificate itself."""
    return any(_signed(certificate, one) for one in authorities)


def _chain(
    ours: x509.Certificate, answer: Sequence[x509.Certificate], authorities: Sequence[x509.Certificate]
) -> list[x509.Certificate]:
    chain = [ours]
    while not issued_by(chain[-1], authorities):
        above = next((one for one in answer if one not in chain and _signed(chain[-1], one)), None)
        if above is None or len(chain) == LONGEST_CHAIN:
            raise AnswerError(Text("the certificate is not from the authority that the server names"))
        chain.append(above)
    # Those between an issuing authority and its root are sent along, so that a broker that knows the root is content.
    while (
        above := next((one for one in authorities if one not in chain and _signed(chain[-1], one)), None)
    ) is not None and not _signed(above, above):
        chain.append(above)
    return chain


def _signed(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _for_clients(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return any(one in usage for one in (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE))
