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


def see_certificates(files: Mapping[str, bytes]) -> dict[str, Text]:
    """What is wrong with sent certificates and keys, by field: `ca`, `certificate`, `key`. Nothing: they fit."""
    wrong: dict[str, Text] = {}
    own = None
    for name in ("ca", "certificate"):
        if name in files:
            try:
                found = x509.load_pem_x509_certificates(files[name])
            except ValueError:
                wrong[name] = Text(
                    "The file has no certificate in PEM form (it begins with -----BEGIN CERTIFICATE-----)."
                )
                continue
            own = found[0] if name == "certificate" else own
    if ("certificate" in files) != ("key" in files):
        missing = "key" if "certificate" in files else "certificate"
        wrong.setdefault(missing, Text("Choose the certificate of the gate and its key together."))
    elif "key" in files:
        try:
            key = load_pem_private_key(files["key"], None)
        except (ValueError, TypeError):
            wrong["key"] = Text("The file has no private key in PEM form without a password.")
        else:
            if own is not None and key.public_key() != own.public_key():
                wrong["key"] = Text("The key is not the one of this certificate.")
    return wrong
