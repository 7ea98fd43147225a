"""Hostile MQTT messages to every topic that a gate listens to: made from a seed, the same ones each time.

None of them may have an effect. A message that differs from a right one in a single thing is the most hostile kind, so
most are right commands with one thing wrong.
"""

import base64
import hashlib
import hmac
import json
import random
import uuid
from dataclasses import dataclass, replace

from tests.support.mqtt.commanding import GATE, KEY, KID, OTHER_KEY, READER, coded, forged, signed

ROOT = f"gate/v1/{GATE}"
NAMES = ("open", "hold", "release", "close", "lock", "unlock", "out_of_service", "in_service")
STRANGE_TOPICS = (
    f"{ROOT}/cmd",
    f"{ROOT}/cmd/",
    f"{ROOT}/cmd/open/now",
    f"{ROOT}/cmd/../open",
    f"{ROOT}/cmd/{'x' * 500}",
    f"{ROOT}/cmd/\u0444\u202e",
    f"{ROOT}/cmd/open ",
    f"{ROOT}/cmd/OPEN",
)
STRANGE_ANSWERS = (
    None,
    None,
    f"{ROOT}/status",
    "gate/v1/khorgos-04/res/open",
    f"{ROOT}/res/../status",
    "$SYS/x",
    f"{ROOT}/res/{'y' * 400}",
)


@dataclass(frozen=True)
class Assault:
    """One message, and what is wrong with it in a word."""

    kind: str
    topic: str
    payload: bytes
    retain: bool = False
    response_topic: str | None = None
    correlation: bytes | None = None


class Hostile:
    """Makes assaults.

    `body(name)` gives a body that is right at this moment; `taken` is a command that was obeyed before.
    """

    def __init__(self, seed, body, stream, head, taken):
        self._random = random.Random(seed)  # noqa: S311 - the same ones each time
        self._body, self._stream, self._head, self._taken = body, stream, head, taken
        self._commands = [
            self._noise, self._huge, self._empty, self._flipped, self._swapped, self._cut, self._foreign_gate,
            self._foreign_key, self._unknown_key, self._not_permitted, self._expired, self._from_tomorrow,
            self._immortal, self._old_challenge, self._used_counter, self._replayed, self._retained, self._wrong_topic,
            self._nested_body, self._nested_header, self._great_numbers, self._twice, self._no_number, self._surrogate,
            self._no_algorithm, self._public_secret, self._tricky_header, self._wild_field, self._no_lane,
            self._json_form, self._other_type,
        ]  # fmt: skip
        self._acks = [
            self._ack_noise, self._ack_beyond, self._ack_foreign, self._ack_wild, self._ack_huge, self._ack_nested,
        ]  # fmt: skip

    def __iter__(self):
        return self

    def __next__(self):
        chosen = self._random
        make = chosen.choice(self._acks if chosen.random() < 0.15 else self._commands)
        assault = replace(make(), kind=make.__name__.strip("_"))
        if assault.topic.startswith(f"{ROOT}/cmd/") and chosen.random() < 0.3:
            length = chosen.choice((0, 1, 16, 256, 257, 5000))
            answer = chosen.choice(STRANGE_ANSWERS)
            assault = replace(assault, response_topic=answer, correlation=chosen.randbytes(length))
        return assault

    # ---------------------------------------------------------------------------------------------- bytes without sense

    def _to(self, name, payload, **more):
        return Assault("", f"{ROOT}/cmd/{name}", payload, **more)

    def _any(self, payload):
        return self._to(self._random.choice((*NAMES, "replay", "nothing")), payload)

    def _noise(self):
        return self._any(self._random.randbytes(self._random.randrange(1, 400)))

    def _huge(self):
        return self._any(self._random.choice((b"a", b"{", b".", b"\x00")) * 65_536)

    def _empty(self):
        return self._any(b"")

    # ------------------------------------------------------------------------------------ right commands, almost

    def _right(self, **changes):
        name = self._random.choice(NAMES)
        return name, self._body(name) | changes

    def _flipped(self):
        name, fields = self._right()
        payload = bytearray(signed(fields))
        place = self._random.randrange(len(payload))
        payload[place] ^= 1 << self._random.randrange(8)
        return self._to(name, bytes(payload))

    def _swapped(self):
        name, fields = self._right()
        first, second = (signed(each).split(b".") for each in (fields, self._body(name)))
        first[self._random.choice((1, 2))] = second[self._random.choice((1, 2))]
        return self._to(name, b".".join(first))

    def _cut(self):
        name, fields = self._right()
        payload = signed(fields)
        return self._to(name, payload[: self._random.randrange(len(payload))])

    def _foreign_gate(self):
        name, fields = self._right(gate="khorgos-04")
        return self._to(name, signed(fields))

    def _foreign_key(self):
        name, fields = self._right()
        return self._to(name, signed(fields, key=OTHER_KEY))

    def _unknown_key(self):
        name, fields = self._right()
        return self._to(name, signed(fields, kid=self._random.choice(("", "root", "../duty", "DUTY", "x" * 300))))

    def _not_permitted(self):
        name, fields = self._right()
        return self._to(name, signed(fields, key=OTHER_KEY, kid=READER))

    def _expired(self):
        name, fields = self._right()
        back = self._random.randrange(21, 10**6)
        return self._to(name, signed(fields | {"iat": fields["iat"] - back - 20, "exp": fields["exp"] - back}))

    def _from_tomorrow(self):
        name, fields = self._right()
        return self._to(name, signed(fields | {"iat": fields["iat"] + 86_400, "exp": fields["exp"] + 86_400}))

    def _immortal(self):
        name, fields = self._right()
        return self._to(name, signed(fields | {"exp": fields["iat"] + self._random.randrange(121, 10**9)}))

    def _old_challenge(self):
        name, fields = self._right(challenge=self._random.randbytes(16).hex())
        return self._to(name, signed(fields))

    def _used_counter(self):
        name, fields = self._right(counter=1)
        return self._to(name, signed(fields))

    def _replayed(self):
        return self._to("open", self._taken)

    def _retained(self):
        name, fields = self._right()
        return self._to(name, signed(fields), retain=True)

    def _wrong_topic(self):
        name, fields = self._right()
        payload = signed(fields)
        if self._random.random() < 0.5:
            return Assault("", self._random.choice(STRANGE_TOPICS), payload)
        return self._to(self._random.choice([other for other in NAMES if other != name]), payload)

    def _no_lane(self):
        name, fields = self._right(
            lane=self._random.choice(("in-2", "IN-1", "in-1/", "../in-1", "'; DROP TABLE events"))
        )
        return self._to(name, signed(fields))

    # ------------------------------------------------------------------------------------------- an insider's bodies

    def _nested_body(self):
        depth = self._random.choice((50, 500, 2500))
        opening, closing = self._random.choice(((b"[", b"]"), (b'{"a":', b"}")))
        return self._any(signed(opening * depth + b"1" + closing * depth))

    def _great_numbers(self):
        name, fields = self._right()
        text = json.dumps(fields).replace(
            f'"counter": {fields["counter"]}', f'"counter": {"9" * self._random.choice((20, 400, 4999))}'
        )
        return self._to(name, signed(text.encode()))

    def _twice(self):
        name, fields = self._right()
        double = self._random.choice((b'"lane":"in-1"', b'"name":"open"', b'"counter":99', b'"arguments":{}'))
        return self._to(name, signed(json.dumps(fields | {"arguments": {}}).encode()[:-1] + b"," + double + b"}"))

    def _no_number(self):
        name, fields = self._right()
        wrong = self._random.choice(("NaN", "Infinity", "-Infinity", "1e999", "-0", "0x10", "1.5"))
        return self._to(name, signed(json.dumps(fields).replace(f'"iat": {fields["iat"]}', f'"iat": {wrong}').encode()))

    def _surrogate(self):
        name, fields = self._right()
        wrong = self._random.choice(
            (rb"\ud800", rb"\udc00\ud800", b"\xed\xa0\x80", b"\xff", rb"\u0000", b"\xc0\x80", rb"\u202e")
        )
        return self._to(name, signed(json.dumps(fields).encode().replace(b"officer", wrong)))

    def _wild_field(self):
        name, fields = self._right()
        wild = self._random.choice((None, True, [], {}, "", "x" * 300, -1, 10**30, 1.5, {"a": [1]}, "\u0000"))
        field = self._random.choice(
            ("id", "gate", "name", "operator", "cause", "challenge", "counter", "iat", "exp", "lane", "x")
        )
        return self._to(name, signed(fields | {field: wild}))

    # -------------------------------------------------------------------------------------------------- tricks of JWS

    def _nested_header(self):
        name, fields = self._right()
        header = self._random.choice((b"[" * 200, b'{"alg":' * 60, b'{"kid":' + b"[" * 300))
        return self._to(name, forged(header, json.dumps(fields).encode()))

    def _no_algorithm(self):
        name, fields = self._right()
        header = {"alg": self._random.choice(("none", "None", "NONE", "", None, 0)), "kid": KID}
        return self._to(name, coded(json.dumps(header).encode()) + b"." + coded(json.dumps(fields).encode()) + b".")

    def _public_secret(self):
        name, fields = self._right()
        head = coded(json.dumps({"alg": "HS256", "kid": KID}).encode()) + b"." + coded(json.dumps(fields).encode())
        secret = self._random.choice((KEY.public.raw, KEY.public.raw.hex().encode(), base64.b64encode(KEY.public.raw)))
        return self._to(name, head + b"." + coded(hmac.new(secret, head, hashlib.sha256).digest()))

    def _tricky_header(self):
        name, fields = self._right()
        trick = self._random.choice(
            (
                {"crit": ["exp"], "exp": 1},
                {"b64": False, "crit": ["b64"]},
                {"jku": "http://127.0.0.1:1/keys.json"},
                {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": coded(OTHER_KEY.public.raw).decode()}},
                {"x5u": "http://127.0.0.1:1/"},
                {"x5c": ["AAAA"]},
                {"kid": [KID]},
                {"kid": {"a": KID}},
                {"zip": "DEF"},
            )
        )
        return self._to(name, forged({"alg": "EdDSA", "kid": KID} | trick, json.dumps(fields).encode()))

    def _json_form(self):
        name, fields = self._right()
        head, body, signature = signed(fields).decode().split(".")
        form = {"payload": body, "signatures": [{"protected": head, "signature": signature}]}
        return self._to(name, json.dumps(form).encode())

    def _other_type(self):
        name, fields = self._right()
        types = ("gate-checkpoint+jwt", "gate-permit+jwt", "gate-acknowledgement+jwt", "JWT", "", None, 5, [])
        header = {"alg": "EdDSA", "kid": KID, "typ": self._random.choice(types)}
        return self._to(name, forged(header, json.dumps(fields).encode()))

    # ----------------------------------------------------------------------------------------------- acknowledgements

    def _ack(self, payload):
        return Assault("", f"{ROOT}/ack", payload if isinstance(payload, bytes) else json.dumps(payload).encode())

    def _ack_noise(self):
        return self._ack(self._random.randbytes(self._random.randrange(200)))

    def _ack_beyond(self):
        return self._ack({"stream": self._stream, "seq": self._head + self._random.choice((10_000, 10**9, 2**63 - 1))})

    def _ack_foreign(self):
        return self._ack(
            {"stream": str(uuid.UUID(int=self._random.getrandbits(128))), "seq": self._random.randrange(9)}
        )

    def _ack_wild(self):
        wild = self._random.choice((-1, None, "1", 1.5, True, 2**63, 10**400, [], {}))
        return self._ack({"stream": self._stream, "seq": wild})

    def _ack_huge(self):
        return self._ack(b'{"stream":"' + b"s" * 65_000 + b'","seq":1}')

    def _ack_nested(self):
        return self._ack(b"[" * self._random.choice((100, 1000)))
