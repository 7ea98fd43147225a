"""What is attacked: how inputs are made for each reader, and what its answer says."""

from __future__ import annotations

import base64
import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.core.crypto import cbor, cose
from agent.core.lists.chunks import read_chunk, unpack_chunk
from agent.core.lists.codec import decode_row, encode_row
from agent.core.lists.errors import ListError
from agent.core.lists.signed_list import open_delta, open_head
from agent.core.model.reasons import Reason
from agent.core.permit import base45, claims, json_claims, trust
from agent.core.permit.fields import ClaimsError
from agent.core.permit.permit_verification import verify_permit
from agent.core.permit.trust import TrustError
from tests.fuzz import corpus
from tests.fuzz.anchors import ANCHORS
from tests.fuzz.cameras import CAMERAS
from tests.fuzz.mutations import random_item, spliced, spoilt
from tests.fuzz.onvif import ONVIF
from tests.fuzz.software import SOFTWARE
from tests.fuzz.target import Target
from tests.fuzz.wires import WIRES
from tests.support.pki.permits import KEY, NOW

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


# ---------------------------------------------------------------------------------------------- permit texts


def _permit_accepted(text: bytes) -> bool:
    result = verify_permit(text, corpus.CONTEXT, corpus.TRUST, NOW, corpus.BY_REFERENCE)
    return result.reason is Reason.OK and text not in corpus.ISSUED


def _spoilt_text(texts: tuple[bytes, ...], alphabet: bytes) -> Callable[[random.Random], bytes]:
    def make(rng: random.Random) -> bytes:
        one = rng.choice(texts)
        if rng.random() < 0.2:
            return spliced(rng, one, rng.choice(texts))
        return spoilt(rng, one, alphabet)

    return make


def _spoilt_message(rng: random.Random) -> bytes:
    """A text whose characters are right and whose message is spoilt."""
    message = base45.decode(rng.choice(corpus.SIGNED)[4:])
    return b"GP1:" + base45.encode(spoilt(rng, message))


def _random_text(rng: random.Random) -> bytes:
    size = rng.choice((rng.randrange(40), rng.randrange(701), rng.randrange(3000)))
    head = rng.choice((b"", b"GP1:", b"GPR:", b"GP2:", b"eyJ", b"HC1:", b"GTL1:", b"https://", b"GP"))
    match rng.randrange(3):
        case 0:
            return head + rng.randbytes(size)
        case 1:
            return head + bytes(rng.choices(base45.ALPHABET, k=size))
        case _:
            return head + bytes(rng.choices(_LETTERS + b"..", k=size))


def _foreign_signed(rng: random.Random) -> bytes:
    """Claims changed and signed anew by a stranger, under his own or the issuer's name."""
    permit = _changed_permit(rng)
    ec = rng.random() < 0.3
    signer = corpus.STRANGER_EC if ec else corpus.STRANGER
    name = rng.choice((corpus.EC if ec else KEY, signer, corpus.LISTS)).public.key_id
    if rng.random() < 0.5:
        return b"GP1:" + base45.encode(cose.sign(claims.encode(permit), signer, key_id=name))
    header = {"alg": signer.algorithm.names[0], "kid": name.hex(), "typ": "gate-permit+jwt"}
    message = _b64(json.dumps(header).encode()) + b"." + _b64(json_claims.encode(permit))
    return message + b"." + _b64(signer.sign(message))


def _wrong_context(rng: random.Random) -> bytes:
    """Claims signed by a key of the trust list that may not: for lists, or in another context."""
    payload = claims.encode(_changed_permit(rng))
    signer, context = rng.choice(
        ((corpus.LISTS, b""), (KEY, b"gate trust list 1"), (corpus.EC, b"x"), (corpus.ROOT, b""))
    )
    name = rng.choice((signer, KEY)).public.key_id
    return b"GP1:" + base45.encode(cose.sign(payload, signer, context, name))


def _changed_permit(rng: random.Random) -> claims.Permit:
    permit = rng.choice((corpus.SMALL, corpus.FULL))
    return replace(
        permit,
        permit_id=rng.randbytes(8),
        max_uses=rng.randint(1, 1000),
        expires_at=permit.expires_at + rng.randrange(10**6),
        lane_mask=rng.getrandbits(32),
    )


def _issuer_signed(rng: random.Random) -> bytes:
    """Whatever an issuer's own key signs: it may be good; it must not do harm."""
    payload = spoilt(rng, claims.encode(_changed_permit(rng))) if rng.random() < 0.7 else _random_cbor(rng)
    if rng.random() < 0.5:
        return b"GP1:" + base45.encode(cose.sign(payload[:400], KEY))
    header = {"alg": "EdDSA", "kid": KEY.public.key_id.hex(), "typ": "gate-permit+jwt"}
    said = spoilt(rng, json_claims.encode(_changed_permit(rng)))
    message = _b64(json.dumps(header).encode()) + b"." + _b64(said)
    return message + b"." + _b64(KEY.sign(message))


def _issuer_accepted(text: bytes) -> bool:
    """Of what the issuer signed, only what has the one form of claims may pass."""
    result = verify_permit(text, corpus.CONTEXT, corpus.TRUST, NOW, corpus.BY_REFERENCE)
    if result.reason is not Reason.OK or result.permit is None or text.startswith(b"eyJ"):
        return False
    return claims.encode(result.permit) != cose.parse(base45.decode(text[4:])).payload


def _b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


# ------------------------------------------------------------------------------------------------- the layers


def _random_cbor(rng: random.Random) -> bytes:
    data = _cbor(random_item(rng))
    return spoilt(rng, data) if rng.random() < 0.5 else data


def _cbor(item: object) -> bytes:
    try:
        return cbor.encode(item)  # type: ignore[arg-type]
    except cbor.CborError:
        return b"\xa1\x01\x02"


def _cbor_accepted(data: bytes) -> bool:
    try:
        return cbor.encode(cbor.decode(data)) != data
    except cbor.CborError:
        return False


def _base45_accepted(text: bytes) -> bool:
    try:
        return base45.encode(base45.decode(text)) != text
    except base45.Base45Error:
        return False


def _random_base45(rng: random.Random) -> bytes:
    text = base45.encode(rng.randbytes(rng.randrange(300)))
    return spoilt(rng, text, base45.ALPHABET)


def _cose_accepted(data: bytes) -> bool:
    try:
        signed = cose.parse(data)
    except cose.CoseError:
        return False
    rebuilt = b"\xd2" + cbor.encode([signed.protected, {}, signed.payload, signed.signature])
    held = any(signed.holds(key.public) for key in (KEY, corpus.EC, corpus.LISTS))
    return rebuilt != data or (held and data not in _MESSAGES)


_MESSAGES = frozenset(base45.decode(text[4:]) for text in corpus.SIGNED)


def _spoilt_cose(rng: random.Random) -> bytes:
    if rng.random() < 0.3:
        parts = [_cbor(random_item(rng, 5)), {}, rng.randbytes(20), rng.randbytes(rng.choice((63, 64, 65)))]
        return b"\xd2" + _cbor(parts)
    return spoilt(rng, rng.choice(tuple(_MESSAGES)))


# --------------------------------------------------------------------------------------------------- the lists


def _spoilt_of(originals: tuple[bytes, ...], signer_context: bytes = b"") -> Callable[[random.Random], bytes]:
    def make(rng: random.Random) -> bytes:
        one = rng.choice(originals)
        if signer_context and rng.random() < 0.2:
            signed = cose.parse(one)
            key = rng.choice((corpus.STRANGER, KEY, corpus.ROOT))
            context = rng.choice((signer_context, b""))
            name = rng.choice((key, corpus.LISTS)).public.key_id
            return cose.sign(spoilt(rng, signed.payload), key, context, name)
        return spliced(rng, one, rng.choice(originals)) if rng.random() < 0.2 else spoilt(rng, one)

    return make


def _trust_accepted(text: bytes) -> bool:
    try:
        trust.load(text, [corpus.ROOT.public])
    except TrustError:
        return False
    return text.removesuffix(b"\n").removesuffix(b"\r") not in corpus.TRUST_TEXTS


def _head_accepted(data: bytes) -> bool:
    try:
        open_head(data, corpus.TRUST, corpus.SITE, NOW)
    except ListError:
        return False
    return data not in corpus.HEADS


def _delta_accepted(data: bytes) -> bool:
    try:
        open_delta(data, corpus.TRUST, corpus.SITE, NOW)
    except ListError:
        return False
    return data not in corpus.DELTAS


def _chunk_accepted(data: bytes) -> bool:
    taken = False
    for chunk in corpus.CHUNKS:
        try:
            unpack_chunk(data, chunk.ref)
            taken = taken or data != chunk.data
        except ListError:
            continue
    with contextlib.suppress(ListError):
        read_chunk(data)  # what a key of the lists would have to have signed
    return taken


def _row(rng: random.Random) -> bytes:
    kind = rng.randrange(3)
    data = spoilt(rng, rng.choice(corpus.ROWS[kind][1])) if rng.random() < 0.8 else _random_cbor(rng)
    return bytes([kind]) + data


def _row_accepted(data: bytes) -> bool:
    try:
        return encode_row(decode_row(corpus.ROWS[data[0] % 3][0], data[1:])) != data[1:]
    except ListError:
        return False


def _claims_accepted(data: bytes) -> bool:
    try:
        return claims.encode(claims.decode(data, KEY.public.key_id)) != data
    except ClaimsError:
        return False


_CHUNK_DATA = tuple(chunk.data for chunk in corpus.CHUNKS)

_PERMITS_AND_LISTS: dict[str, Target] = {
    "GP1 texts": Target(_spoilt_text(corpus.SIGNED, base45.ALPHABET), _permit_accepted, 0.15),
    "GP1 messages": Target(_spoilt_message, _permit_accepted, 0.15),
    "JWS texts": Target(_spoilt_text(corpus.JWS, _LETTERS + b"."), _permit_accepted, 0.10),
    "GPR texts": Target(_spoilt_text(corpus.REFERENCES, b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"), _permit_accepted, 0.05),
    "random texts": Target(_random_text, _permit_accepted, 0.10),
    "strangers' signatures": Target(_foreign_signed, _permit_accepted, 0.08),
    "keys of other purposes": Target(_wrong_context, _permit_accepted, 0.02),
    "the issuer's nonsense": Target(_issuer_signed, _issuer_accepted, 0.05, bound=False),
    "claims": Target(lambda rng: spoilt(rng, claims.encode(_changed_permit(rng))), _claims_accepted, 0.03),
    "CBOR": Target(_random_cbor, _cbor_accepted, 0.07),
    "Base45": Target(_random_base45, _base45_accepted, 0.04),
    "COSE": Target(_spoilt_cose, _cose_accepted, 0.05),
    "trust lists": Target(_spoilt_of(corpus.TRUST_TEXTS), _trust_accepted, 0.03),
    "list heads": Target(_spoilt_of(corpus.HEADS, b"gate list head 1"), _head_accepted, 0.03),
    "list deltas": Target(_spoilt_of(corpus.DELTAS, b"gate list delta 1"), _delta_accepted, 0.02),
    "list chunks": Target(_spoilt_of(_CHUNK_DATA), _chunk_accepted, 0.01),
    "list rows": Target(_row, _row_accepted, 0.02),
}
_OTHERS = WIRES | CAMERAS | ONVIF | ANCHORS | SOFTWARE
_LEFT = 1 - sum(target.share for target in _OTHERS.values())
TARGETS = {name: replace(each, share=each.share * _LEFT) for name, each in _PERMITS_AND_LISTS.items()} | _OTHERS
"""Everything that reads bytes of strangers; the shares make one."""
