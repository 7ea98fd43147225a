"""An authenticator of software: it makes passkeys and signs with them, as a telephone does (WebAuthn Level 2)."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
NOBODY = bytes(16)


def text_of(data):
    return urlsafe_b64encode(data).decode().rstrip("=")


def bytes_of(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """One passkey of ES256. `make` and `use` answer as a browser at `origin` does, unless something else is given."""

    def __init__(self, name, origin, count=0):
        self.name, self.origin, self.count = name, origin, count
        self.id = secrets.token_bytes(32)
        self._key = ec.generate_private_key(ec.SECP256R1())

    def make(self, challenge, *, form="none", **instead):
        """The answer to navigator.credentials.create: JSON, as passkeys.js sends it."""
        numbers = self._key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = NOBODY + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(public)
        data = self._data(PRESENT | VERIFIED | ATTESTED, instead.pop("name", self.name)) + attested
        attestation = cbor2.dumps({"fmt": form, "attStmt": {}, "authData": data})
        said = self._client_data("webauthn.create", challenge, **instead)
        return self._answer(clientDataJSON=said, attestationObject=attestation)

    def use(self, challenge, *, flags=PRESENT | VERIFIED, name=None, key=None, **instead):
        """The answer to navigator.credentials.get. `key`: another private key that signs."""
        if self.count:
            self.count += 1
        data = self._data(flags, name or self.name)
        said = self._client_data("webauthn.get", challenge, **instead)
        signed = data + hashlib.sha256(said).digest()
        signature = (key or self._key).sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._answer(clientDataJSON=said, authenticatorData=data, signature=signature)

    def _data(self, flags, name):
        return hashlib.sha256(name.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client_data(self, kind, challenge, origin=None):
        said = {"type": kind, "challenge": text_of(challenge), "origin": origin or self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _answer(self, **response):
        fields = {name: text_of(value) for name, value in response.items()}
        return json.dumps({"id": text_of(self.id), "rawId": text_of(self.id), "type": "public-key", "response": fields})
