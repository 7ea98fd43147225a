"""Files that somebody brings in the browser: a trust list, certificates and keys. Each is proved before it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from agent.core.crypto import KeyInvalidError
from agent.core.permit import TrustError, load, root_key
from agent.setup import AnswerError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LARGEST_FILE: Final = 256 * 1024


def see_trust_list(data: bytes, roots: Sequence[str]) -> None:
    """See that a trust list is signed by one of the root keys. Raises AnswerError."""
    try:
        load(data.strip() + b"\n", [root_key(one) for one in roots])
    except TrustError as error:
        raise AnswerError(Text("This is not a trust list of this issuer: {why}", why=str(error))) from None
    except KeyInvalidError as error:
        raise AnswerError(Text("Enter the root key of the issuer first: {why}", why=str(error))) from None


def see_certificates(files: Mapping[str, bytes], utc: float) -> dict[str, Text]:
    """What is wrong with sent certificates and keys, by field: `ca`, `certificate`, `key`. Nothing: they fit.

    `utc`: now, Unix seconds.
    """
    wrong = {
        name: Text("The file has no certificate in PEM format (it begins with -----BEGIN CERTIFICATE-----).")
        for name in ("ca", "certificate")
        if name in files and _certificate(files[name]) is None
    }
    for name in ("ca", "certificate"):
        found = _certificate(files[name]) if name in files and name not in wrong else None
        if found is not None and found.not_valid_after_utc.timestamp() <= utc:
            wrong[name] = Text("The certificate ended on {date}.", date=f"{found.not_valid_after_utc:%Y-%m-%d}")
    if ("certificate" in files) != ("key" in files):
        missing = "key" if "certificate" in files else "certificate"
        wrong.setdefault(missing, Text("Choose the certificate of the gate and its key together."))
    elif "key" in files and (trouble := _key_trouble(files["key"], _certificate(files["certificate"]))):
        wrong["key"] = trouble
    return wrong


def _certificate(data: bytes) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificates(data)[0]
    except ValueError:
        return None


def _key_trouble(data: bytes, certificate: x509.Certificate | None) -> Text | None:
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError):
        return Text("The file has no private key in PEM format without a password.")
    if certificate is not None and key.public_key() != certificate.public_key():
        return Text("The key does not belong to this certificate.")
    return None
