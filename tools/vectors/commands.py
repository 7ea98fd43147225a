"""Vectors of commands: some that are obeyed, and one of each check that a body can fail."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from agent.core.commands import CommandKey, Proved, ReceivedCommand, Refusal, RefusedCommand, Situation, judge, prove
from agent.core.crypto import JwsType
from agent.core.model import CommandName
from tools.vectors import example_keys as keys
from tools.vectors.jws_texts import signed_text
from tools.vectors.trust_lists import AT

if TYPE_CHECKING:
    from agent.core.crypto import SigningKey

GATE: Final = "khorgos-03"
LANE: Final = "in-1"
CHALLENGE: Final = "Zq3nJx0r8mT5vYkA1uHdCw"
FORMER: Final = "aN0mB7tq2Jx5rVwE8yLd4g"
SITUATION: Final = Situation([LANE], AT, 0.0, 60, [CHALLENGE, FORMER], 1_795_499_000_000)
KEYS: Final = {
    "duty": CommandKey("duty", keys.COMMANDS.public, frozenset(CommandName)),
    "opener": CommandKey("opener", keys.OPENER.public, frozenset({CommandName.OPEN})),
}
BODY: Final[dict[str, Any]] = {
    "id": "0b54f2c8-91a6-4c43-8f0d-6f6f5b1c2a77",
    "gate": GATE,
    "name": "open",
    "lane": LANE,
    "operator": "A. Serik",
    "cause": "ambulance",
    "challenge": CHALLENGE,
    "counter": AT * 1000,
    "iat": AT - 2,
    "exp": AT + 18,
}
GROUP: Final = "north"
GROUP_HEADER: Final[dict[str, Any]] = {"typ": JwsType.GROUP_COMMAND.value}
HEADER: Final[dict[str, Any]] = {"alg": "Ed25519", "kid": "duty", "typ": "gate-command+jwt"}


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    payload: str
    code: Refusal | None
    topic: str = "open"
    retained: bool = False
    gate: dict[str, Any] = field(default_factory=dict)
    group: str = ""


def _signed(body: dict[str, Any] | str, header: dict[str, Any] | None = None, key: SigningKey = keys.COMMANDS) -> str:
    said = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return signed_text(HEADER | (header or {}), said.encode(), key)


def _cases() -> list[_Case]:
    text = _signed(BODY)
    display = {
        **BODY,
        "name": "display",
        "arguments": {"seconds": 60, "texts": {"en": "Please go to window 3", "zh": "请到3号窗口"}},
    }
    replay = {**BODY, "name": "replay", "lane": None, "arguments": {"stream": "3a5d2cb7", "first": 10, "last": 12}}
    traced = {**BODY, "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "congo=1"}
    untyped = {"alg": "Ed25519", "kid": "duty"}
    return [
        _Case("it is obeyed", text, None),
        _Case("the older name of its algorithm", _signed(BODY, {"alg": "EdDSA"}), None),
        _Case("by the key that may sign `open` alone", _signed(BODY, {"kid": "opener"}, keys.OPENER), None),
        _Case("the challenge before this one", _signed({**BODY, "challenge": FORMER}), None),
        _Case("texts for a driver", _signed(display), None, "display"),
        _Case("without a lane, that it has none of", _signed(replay), None, "replay"),
        _Case(
            "a clock that is not synchronised judges no time",
            _signed({**BODY, "iat": 1000, "exp": 1030}),
            None,
            gate={"utc": None},
        ),
        _Case("with its sender's trace", _signed(traced), None),
        _Case("with a trace that is not right", _signed({**traced, "traceparent": "00-0-0-0"}), None),
        _Case("retained", text, Refusal.RETAINED, retained=True),
        _Case("8,193 bytes", text + "A" * (8193 - len(text)), Refusal.OVERSIZE),
        _Case("no JWS", "open the gate", Refusal.NOT_A_JWS),
        _Case("with padding", text + "=", Refusal.NOT_A_JWS),
        _Case("a header field of its own", _signed(BODY, {"crit": []}), Refusal.NOT_A_JWS),
        _Case("no algorithm", _signed(BODY, {"alg": "none"}), Refusal.ALG_NOT_ALLOWED),
        _Case("another type", _signed(BODY, {"typ": "gate-acknowledgement+jwt"}), Refusal.WRONG_TYPE),
        _Case("no type", signed_text(untyped, json.dumps(BODY).encode(), keys.COMMANDS), Refusal.WRONG_TYPE),
        _Case("a key that the gate does not know", _signed(BODY, {"kid": "night"}), Refusal.KEY_UNKNOWN),
        _Case("the signature of another key", _signed(BODY, key=keys.STRANGER), Refusal.SIGNATURE_INVALID),
        _Case("another byte in its body", _altered(text), Refusal.SIGNATURE_INVALID),
        _Case("a field that there is not", _signed({**BODY, "priority": 1}), Refusal.BODY_INVALID),
        _Case("a field twice", _signed(json.dumps(BODY)[:-1] + ', "lane": "in-2"}'), Refusal.BODY_INVALID),
        _Case("a text for a number", _signed({**BODY, "counter": str(AT)}), Refusal.BODY_INVALID),
        _Case("for another gate", _signed({**BODY, "gate": "khorgos-04"}), Refusal.WRONG_GATE),
        _Case("on the topic of another command", text, Refusal.WRONG_TOPIC, "close"),
        _Case(
            "a command that its key may not sign",
            _signed({**BODY, "name": "close"}, {"kid": "opener"}, keys.OPENER),
            Refusal.NOT_PERMITTED,
            "close",
        ),
        _Case("made in the future", _signed({**BODY, "iat": AT + 31, "exp": AT + 50}), Refusal.NOT_YET_VALID),
        _Case("past its end", text, Refusal.EXPIRED, gate={"utc": AT + 18}),
        _Case("it waited longer than it lives", text, Refusal.EXPIRED, gate={"utc": None, "waited_s": 20.0}),
        _Case("a life of 61 s", _signed({**BODY, "exp": AT + 59}), Refusal.LIFE_TOO_LONG),
        _Case(
            "a challenge that is over",
            _signed({**BODY, "challenge": "5f1cXq0r8mT5vYkA1uHdCw"}),
            Refusal.CHALLENGE_WRONG,
        ),
        _Case("a counter that was used", text, Refusal.COUNTER_USED, gate={"counter": AT * 1000}),
        _Case("a lane that there is not", _signed({**BODY, "lane": "in-9"}), Refusal.LANE_UNKNOWN),
        *_group_cases(),
    ]


def _group_cases() -> list[_Case]:
    """Commands to a group: the same, but for the group in place of gate and challenge."""
    body = {name: value for name, value in BODY.items() if name not in {"gate", "challenge", "lane"}}
    rebirth = {**body, "group": GROUP, "name": "rebirth"}
    text = _signed(rebirth, GROUP_HEADER)
    to_gate = {**BODY, "name": "rebirth", "lane": None}
    lifted = _signed({**rebirth, "name": "open", "lane": LANE}, GROUP_HEADER)
    return [
        _Case("to a group, it is obeyed", text, None, "rebirth", group=GROUP),
        _Case("to a group, for another group", text, Refusal.WRONG_GROUP, "rebirth", group="south"),
        _Case("to a group, at one gate's topic", text, Refusal.WRONG_TYPE, "rebirth"),
        _Case("to a gate, at a group's topic", _signed(to_gate), Refusal.WRONG_TYPE, "rebirth", group=GROUP),
        _Case("to a group, what moves a barrier", lifted, Refusal.BODY_INVALID, "open", group=GROUP),
        _Case("to a group, past its end", text, Refusal.EXPIRED, "rebirth", gate={"utc": AT + 18}, group=GROUP),
        _Case(
            "to a group, while the clock is not synchronised",
            text,
            Refusal.CLOCK_UNSURE,
            "rebirth",
            gate={"utc": None},
            group=GROUP,
        ),
    ]


def _altered(text: str) -> str:
    head, body, signature = text.split(".")
    other = _signed({**BODY, "lane": "in-2"}).split(".")[1]
    if other == body:
        raise ValueError("the body is not altered")
    return f"{head}.{other}.{signature}"


def verdict(payload: str, topic: str, change: dict[str, Any], *, retained: bool, group: str = "") -> dict[str, Any]:
    """What a gate says to the command, in the situation with these changes. `group`: of whose topic it is."""
    proved = prove(ReceivedCommand(topic, payload.encode(), retained, group), GATE, KEYS)
    found = judge(proved, replace(SITUATION, **change)) if isinstance(proved, Proved) else proved
    if isinstance(found, RefusedCommand):
        return {"refused": found.code.value, "command": found.command, "key": found.key}
    return {
        "accepted": {
            "command": found.id,
            "key": found.key,
            "name": found.name.value,
            "lane": found.lane,
            "counter": found.counter,
            "traceparent": None if found.trace is None else found.trace.parent,
            "tracestate": None if found.trace is None else found.trace.state or None,
        }
    }


def vectors() -> dict[str, Any]:
    """What `commands.json` holds. Raises ValueError where the gate says something else than is expected."""
    cases = []
    for case in _cases():
        said = verdict(case.payload, case.topic, case.gate, retained=case.retained, group=case.group)
        if said.get("refused") != (case.code and case.code.value):
            raise ValueError(f"command, {case.name}: {said}")
        audience = f"group/{case.group}" if case.group else GATE
        told = {"topic": f"gate/v1/{audience}/cmd/{case.topic}", "retained": case.retained, "payload": case.payload}
        cases.append({"name": case.name, **told, **({"situation": case.gate} if case.gate else {}), "expect": said})
    return {
        "about": f"Commands as they are published, and the answer of gate {GATE} in this situation. `utc` null: its "
        "clock is not synchronised. `command` and `key` are null in a refusal that proves nothing in the command, "
        f"`command` also with {Refusal.BODY_INVALID}.",
        "gate": GATE,
        "type": JwsType.COMMAND.value,
        "group_type": JwsType.GROUP_COMMAND.value,
        "keys": [
            {"id": key.id, "public": key.public.raw.hex(), "may": sorted(name.value for name in key.may)}
            for key in KEYS.values()
        ],
        "situation": {
            "lanes": [LANE],
            "utc": AT,
            "waited_s": 0.0,
            "max_life_s": SITUATION.max_life_s,
            "challenges": list(SITUATION.challenges),
            "counter": SITUATION.counter,
        },
        "cases": cases,
    }
