"""People and a central system that may change the trust anchors of a gate, and what they sign."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from hashlib import sha256

from agent.core.anchors import sign_document
from agent.core.crypto import SigningKey
from agent.settings import anchors_of

UTC = 1_796_000_000.0
GATE = "gate-7"


def key(name):
    """The private key of somebody, always the same."""
    return SigningKey.from_seed(sha256(f"{name} of the tests".encode()).digest())


def public(name):
    """The public half, in hex."""
    return key(name).public.raw.hex()


ROOT_KEY, OTHER_ROOT_KEY = public("issuer"), public("another issuer")


def tables(**changed):
    """The tables of a gate's anchors: two persons, and a command key that may sign documents."""
    found = {
        "version": 1,
        "anchors": {
            "gate": GATE,
            "number": 5,
            "sealed": True,
            "persons": [{"name": name, "public_key": public(name)} for name in ("aigul", "bolat")],
            "document_keys": ["central"],
        },
        "permits": {"root_keys": [ROOT_KEY]},
        "commands": {
            "keys": [
                {"id": "central", "public_key": public("central"), "may": ["replay"]},
                {"id": "office", "public_key": public("office"), "may": ["open"]},
            ]
        },
    }
    for name, value in changed.items():
        found["anchors"][name] = value
    return found


def held(**changed):
    """The anchors of these tables."""
    return anchors_of(tables(**changed))


def document(anchors, **changed):
    """The bytes of a document that gives the gate another root key."""
    said = {
        "gate": anchors.gate,
        "number": anchors.number + 1,
        "before": anchors.digest,
        "iat": int(UTC) - 10,
        "exp": int(UTC) + 3600,
        "cause": "a new issuer",
        "changes": {"permits.root_keys": [OTHER_ROOT_KEY]},
        **changed,
    }
    return json.dumps(said).encode()


def jws_of(payload, signer, header):
    """A compact JWS with whatever header, written by hand: what the agent itself would never write."""
    head = json.dumps({"alg": "EdDSA", **header}).encode()
    message = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in (head, payload))
    return (message + b"." + urlsafe_b64encode(signer.sign(message)).rstrip(b"=")).decode()


def signed(payload, *signers):
    """A signed text of each: "person:aigul" signs with the key of aigul."""
    return tuple(sign_document(payload, key(signer.partition(":")[2]), signer) for signer in signers)
