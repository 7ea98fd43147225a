"""Commands for tests: keys, bodies, and signed bytes, right or wrong as told."""

import base64
import json
import uuid

from agent.core.commands.check import CommandKey, ReceivedCommand, Situation
from agent.core.commands.command import LANE_COMMANDS
from agent.core.crypto import JwsType, jws
from agent.core.crypto.keys import SigningKey
from agent.core.model import CommandName

GATE = "khorgos-03"
UTC = 1_800_000_000
CHALLENGE = "c0ffee"
KEY = SigningKey.from_seed(bytes(range(32)))
OTHER_KEY = SigningKey.from_seed(bytes(range(1, 33)))
KID = "duty"
READER = "reader"
KEYS = {
    KID: CommandKey(KID, KEY.public, frozenset(CommandName)),
    READER: CommandKey(READER, OTHER_KEY.public, frozenset({CommandName.REPLAY})),
}


def body(name="open", **changes):
    """A body that is right for the gate of the tests."""
    made = {
        "id": str(uuid.uuid4()),
        "gate": GATE,
        "name": name,
        "operator": "officer 7",
        "cause": "test",
        "challenge": CHALLENGE,
        "counter": 1,
        "iat": UTC,
        "exp": UTC + 20,
    }
    if name in LANE_COMMANDS:
        made["lane"] = "in-1"
    return made | changes


def signed(fields, *, key=KEY, kid=KID):
    """The JWS of a body (a mapping, or the payload's bytes as they are)."""
    payload = fields if isinstance(fields, bytes) else json.dumps(fields, ensure_ascii=False).encode()
    return jws.sign(payload, key, kid, JwsType.COMMAND).encode()


def group_signed(fields, *, key=KEY, kid=KID, kind=JwsType.GROUP_COMMAND):
    """The JWS of a body to a group of gates."""
    return jws.sign(json.dumps(fields, ensure_ascii=False).encode(), key, kid, kind).encode()


def forged(header, payload, *, key=KEY):
    """A compact JWS with any header, really signed with Ed25519; one that names no type has that of commands."""
    if isinstance(header, dict):
        header = {"typ": JwsType.COMMAND.value} | header
    head = b".".join(
        coded(part if isinstance(part, bytes) else json.dumps(part).encode()) for part in (header, payload)
    )
    return head + b"." + coded(key.sign(head))


def coded(raw):
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def letter(payload, name="open", *, retained=False):
    return ReceivedCommand(name, payload, retained)


def situation(**changes):
    fields = {
        "lanes": ("in-1",),
        "utc": UTC + 1.0,
        "waited_s": 0.0,
        "max_life_s": 120,
        "challenges": (CHALLENGE,),
        "counter": 0,
    }
    return Situation(**(fields | changes))
