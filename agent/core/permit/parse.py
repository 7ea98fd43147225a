"""Parses signed permit texts, `GP1:` and JSON Web Signatures, as far as that is possible without the key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.core.crypto import Algorithm, JwsType, cose, jws
from agent.core.permit import base45, claims, json_claims
from agent.core.permit.claims import PermitForm
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.crypto import PublicKey
    from agent.core.permit.claims import Permit

PREFIX: Final = b"GP1:"
JWS_START: Final = b"eyJ"
"""How the Base64 of a JSON object begins, and with it every compact JWS."""

_JWS_DOTS = 2
_KEY_ID_DIGITS = range(8, 17, 2)
_DIGITS = frozenset("0123456789abcdef")


class EncodingError(ValueError):
    """The characters are not those of the form. The message never repeats them."""


class StructureError(ValueError):
    """What the characters stand for is not built as the form says. The message never repeats it."""


@dataclass(frozen=True, slots=True)
class OpenedPermit:
    """A signed text taken apart; nothing is verified.

    `algorithms`: those that accept the name in its header; none where nobody does. `holds`: whether the signature is a
    key's. `permit`: reads the claims, to be called when it holds; raises ClaimsError.
    """

    key_id: bytes
    algorithms: frozenset[Algorithm]
    holds: Callable[[PublicKey], bool]
    permit: Callable[[], Permit]


def is_jws(payload: bytes) -> bool:
    """Say whether a text looks like a compact JWS."""
    return payload.startswith(JWS_START) and payload.count(b".") == _JWS_DOTS


def open_text(payload: bytes, form: PermitForm) -> OpenedPermit:
    """Take a text of a signed form apart.

    Raises:
        EncodingError: a character that the form does not have, or a spelling that no encoder makes.
        StructureError: the message inside is not of the one shape that permits have.
    """
    return _open_jws(payload) if form is PermitForm.JWS else _open_signed(payload)


def _open_signed(payload: bytes) -> OpenedPermit:
    try:
        signed = cose.parse(base45.decode(payload[len(PREFIX) :]))
    except base45.Base45Error as error:
        raise EncodingError(str(error)) from None
    except cose.CoseError as error:
        raise StructureError(str(error)) from None
    accepting = frozenset(algorithm for algorithm in Algorithm if signed.algorithm in algorithm.identifiers)
    return OpenedPermit(signed.key_id, accepting, signed.holds, lambda: claims.decode(signed.payload, signed.key_id))


def _open_jws(payload: bytes) -> OpenedPermit:
    if not payload.isascii():
        raise EncodingError(Text("a character that is not ASCII"))
    try:
        signed = jws.read(payload.decode("ascii"), JwsType.PERMIT)
    except jws.JwsSpellingError as error:
        raise EncodingError(str(error)) from None
    except jws.JwsError as error:
        raise StructureError(str(error)) from None
    name, algorithm = signed.header.get("kid"), signed.header["alg"]
    if not isinstance(name, str) or len(name) not in _KEY_ID_DIGITS or not _DIGITS.issuperset(name):
        raise StructureError(Text("its key id is not 4 to 8 bytes in small hexadecimal digits"))
    key_id = bytes.fromhex(name)
    accepting = frozenset(each for each in Algorithm if algorithm in each.names)
    return OpenedPermit(key_id, accepting, signed.holds, lambda: json_claims.decode(signed.payload, key_id))
