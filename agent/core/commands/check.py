"""Judges a command in two steps: first the signer and the content, then whether the gate may obey it now.

Between the steps, the caller looks whether it has already answered the same bytes. The checks run in the order of
`Refusal`, and the first that fails decides. Nothing here raises, whatever the bytes are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from agent.core.commands.body import COMMAND_BODY, GateBody
from agent.core.commands.command import Command, Refusal
from agent.core.commands.group_body import GROUP_BODY
from agent.core.crypto import JwsError, JwsFault, JwsType, jws
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pydantic import TypeAdapter

    from agent.core.commands.body import CommandBody
    from agent.core.commands.group_body import GroupBody
    from agent.core.crypto import PublicKey
    from agent.core.model import CommandName, TraceContext

BYTES_LIMIT: Final = 8_192
DETAIL_LIMIT: Final = 200
CLOCK_SKEW_S: Final = 30
"""How far ahead of the gate's clock the signer's may be. Behind costs the command a part of its life."""

_FAULTS: Final = {
    JwsFault.NOT_A_JWS: Refusal.NOT_A_JWS,
    JwsFault.ALG_NOT_ALLOWED: Refusal.ALG_NOT_ALLOWED,
    JwsFault.WRONG_TYPE: Refusal.WRONG_TYPE,
    JwsFault.SIGNATURE_INVALID: Refusal.SIGNATURE_INVALID,
}


@dataclass(frozen=True, slots=True)
class CommandKey:
    """A key that may sign commands."""

    id: str
    public: PublicKey
    may: frozenset[CommandName]


@dataclass(frozen=True, slots=True)
class ReceivedCommand:
    """What came in: the last part of the topic, the bytes, and whether the retain flag was set.

    `group`: the group of gates whose topic it came by; empty: the gate's own.
    """

    name: str
    payload: bytes
    retained: bool
    group: str = ""


@dataclass(frozen=True, slots=True)
class Proved:
    """A command whose signature holds and whose body is whole. `digest`: SHA-256 of its bytes, in hex.

    `typed`: its header says that it is a command. Where not, it may be one that was obeyed before there were types: its
    repeat is answered as it was, and `judge` refuses it.
    """

    body: CommandBody | GroupBody
    key: CommandKey
    digest: str
    typed: bool = True

    @property
    def group(self) -> str:
        """The group of gates of which it is ordered; empty: of this gate alone."""
        return getattr(self.body, "group", "")


@dataclass(frozen=True, slots=True)
class RefusedCommand:
    """A command that is not obeyed. `command`, `key` and `trace` are known only where the signature held."""

    code: Refusal
    detail: str
    command: str | None = None
    key: str | None = None
    trace: TraceContext | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """What a command is compared with.

    `utc`: Unix seconds, or None while the clock is not synchronised: then only the challenge says that a command is
    fresh. `waited_s`: since it came in. `challenges`: those that are accepted now. `counter`: the highest that was
    accepted of its key, 0 for none.
    """

    lanes: Collection[str]
    utc: float | None
    waited_s: float
    max_life_s: int
    challenges: Collection[str]
    counter: int


def prove(
    received: ReceivedCommand, gate: str, keys: Mapping[str, CommandKey], may_verify: Callable[[], bool] = lambda: True
) -> Proved | RefusedCommand:
    """Read a command and prove who says it; up to WRONG_TOPIC.

    `may_verify` is asked just before the costly part; where it says no, the command is RATE_LIMITED.
    """
    text = _text(received)
    if isinstance(text, RefusedCommand):
        return text
    # There were never commands to groups without a type.
    wanted, untyped = (JwsType.GROUP_COMMAND, False) if received.group else (JwsType.COMMAND, True)
    try:
        typed = jws.is_typed(text)
        kid = jws.key_named_by(text, wanted, untyped=untyped)
        key = keys.get(kid)
        if key is None:
            return RefusedCommand(Refusal.KEY_UNKNOWN, Text("no key of this id is in the gate's settings"))
        if not may_verify():
            return RefusedCommand(Refusal.RATE_LIMITED, Text("too many signatures to check: send it again in a moment"))
        payload = jws.verified(text, key.public, wanted, untyped=untyped)
    except JwsError as error:
        return RefusedCommand(_FAULTS[error.fault], _unproved(error))
    found = _understood(payload, key, received, gate)
    return found if isinstance(found, RefusedCommand) else replace(found, typed=typed)


def _understood(payload: bytes, key: CommandKey, received: ReceivedCommand, gate: str) -> Proved | RefusedCommand:
    body = _body(payload, GROUP_BODY if received.group else COMMAND_BODY)
    if isinstance(body, str):
        return RefusedCommand(Refusal.BODY_INVALID, body, key=key.id)
    refusal = _misdirected(body, received, gate)
    if refusal is not None:
        return RefusedCommand(*refusal, command=body.id, key=key.id, trace=body.trace)
    return Proved(body, key, sha256(received.payload).hexdigest())


def judge(proved: Proved, situation: Situation) -> Command | RefusedCommand:
    """Whether a command that was proved may be obeyed now: WRONG_TYPE where it has none, else from NOT_PERMITTED on."""
    body = proved.body
    refusal = (
        _untyped(proved)
        or _forbidden(proved)
        or _untimely(body, situation)
        or _stale(body, situation)
        or _homeless(body, situation)
    )
    if refusal is not None:
        return RefusedCommand(*refusal, command=body.id, key=proved.key.id, trace=body.trace)
    return Command(
        id=body.id,
        key=proved.key.id,
        counter=body.counter,
        name=body.name,
        lane=body.lane,
        operator=body.operator,
        cause=body.cause,
        issued_at=body.iat,
        expires_at=body.exp,
        arguments=body.arguments.model_dump(),
        trace=body.trace,
        group=proved.group,
    )


_Fault = tuple[Refusal, str]


def _text(received: ReceivedCommand) -> str | RefusedCommand:
    if received.retained:
        return RefusedCommand(Refusal.RETAINED, Text("it was published with the retain flag: publish without"))
    if len(received.payload) > BYTES_LIMIT:
        return RefusedCommand(Refusal.OVERSIZE, Text("it has more than {bytes_limit} bytes", bytes_limit=BYTES_LIMIT))
    try:
        return received.payload.decode("ascii")
    except UnicodeDecodeError:
        return RefusedCommand(Refusal.NOT_A_JWS, Text("not a compact JWS: it holds bytes beyond ASCII"))


def _unproved(error: JwsError) -> str:
    """What is wrong, without any text of the sender's: nobody knows who that is."""
    if error.fault is JwsFault.ALG_NOT_ALLOWED:
        return Text("its algorithm is neither Ed25519 nor EdDSA")
    return str(error).partition(":")[0]


def _body(payload: bytes, form: TypeAdapter[CommandBody] | TypeAdapter[GroupBody]) -> CommandBody | GroupBody | str:
    """The body, or what is wrong with it. Names that come twice are refused: two readers may see two commands."""
    try:
        json.loads(payload, object_pairs_hook=_unique)
        return form.validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return _short(f"{place}: {first['msg']}" if place else first["msg"])
    except (ValueError, RecursionError) as error:
        return _short(Text("no JSON object of a command: {error}", error=error))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def _misdirected(body: CommandBody | GroupBody, received: ReceivedCommand, gate: str) -> _Fault | None:
    if isinstance(body, GateBody):
        if body.gate != gate:
            return Refusal.WRONG_GATE, Text("it is for gate {gate}, this is {own}", gate=body.gate, own=gate)
    elif body.group != received.group:
        return Refusal.WRONG_GROUP, Text(
            "it is for the group {group}, this is the topic of {topic}", group=body.group, topic=received.group
        )
    if body.name.value != received.name:
        return Refusal.WRONG_TOPIC, Text("{name} belongs to the topic cmd/{name}", name=body.name.value)
    return None


def _untyped(proved: Proved) -> _Fault | None:
    if proved.typed:
        return None
    return Refusal.WRONG_TYPE, Text("its header does not say that it is a {jws_type}", jws_type=JwsType.COMMAND.value)


def _forbidden(proved: Proved) -> _Fault | None:
    if proved.body.name not in proved.key.may:
        return Refusal.NOT_PERMITTED, Text(
            "the key {id} may not sign {name}", id=proved.key.id, name=proved.body.name.value
        )
    return None


def _untimely(body: CommandBody | GroupBody, situation: Situation) -> _Fault | None:
    life_s = body.exp - body.iat
    if situation.utc is None and not isinstance(body, GateBody):
        return Refusal.CLOCK_UNSURE, Text(
            "this gate's clock is not synchronized, and only the time of a command to a group proves that it is fresh"
        )
    if situation.utc is not None:
        if body.iat > situation.utc + CLOCK_SKEW_S:
            return Refusal.NOT_YET_VALID, Text(
                "it was made {iat} s in the future of this clock", iat=f"{body.iat - situation.utc:.0f}"
            )
        if situation.utc >= body.exp:
            return Refusal.EXPIRED, Text("it expired {utc} s ago by this clock", utc=f"{situation.utc - body.exp:.0f}")
    if situation.waited_s >= life_s:
        return Refusal.EXPIRED, Text(
            "it waited {waited_s} s for the commands before it", waited_s=f"{situation.waited_s:.0f}"
        )
    if life_s > situation.max_life_s:
        return Refusal.LIFE_TOO_LONG, Text(
            "it is valid for {life_s} s, longer than {max_life_s} s", life_s=life_s, max_life_s=situation.max_life_s
        )
    return None


def _stale(body: CommandBody | GroupBody, situation: Situation) -> _Fault | None:
    if isinstance(body, GateBody) and body.challenge not in situation.challenges:
        return Refusal.CHALLENGE_WRONG, Text("its challenge is not the one in the gate's current status")
    if body.counter <= situation.counter:
        return Refusal.COUNTER_USED, Text("its counter must be above {counter}", counter=situation.counter)
    return None


def _homeless(body: CommandBody | GroupBody, situation: Situation) -> _Fault | None:
    if body.lane is not None and body.lane not in situation.lanes:
        return Refusal.LANE_UNKNOWN, Text("there is no lane {lane}", lane=body.lane)
    return None


def _short(text: str) -> str:
    return text if len(text) <= DETAIL_LIMIT else f"{text[: DETAIL_LIMIT - 3]}..."
