"""Vectors of fleet documents: who is meant, who is in a stage, and what a gate says to a document that came."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from agent.core.crypto import JwsType
from agent.core.fleet import (
    WHOLE,
    Audience,
    DocumentFault,
    DocumentKind,
    DocumentPlace,
    DocumentRefusedError,
    FleetDocument,
    FleetKey,
    FleetRules,
    Floor,
    Stage,
    judged_document,
    place_of,
    read_signed,
    sign_fleet_document,
)
from tools.vectors import example_keys as keys
from tools.vectors.jws_texts import signed_text
from tools.vectors.trust_lists import AT, DAY_S

GATE: Final = "khorgos-03"
KID: Final = "fleet-2027"
POLICY_KID: Final = "policy-2027"
SEED: Final = "heartbeat-2027-03"
KINDS: Final = frozenset(DocumentKind)
RULES: Final = FleetRules(
    GATE,
    ("north", "pilot"),
    {
        KID: FleetKey(KID, keys.FLEET.public, KINDS),
        POLICY_KID: FleetKey(POLICY_KID, keys.POLICY.public, frozenset({DocumentKind.POLICY})),
    },
)
SAID: Final[dict[str, Any]] = {
    "kind": "configuration",
    "for": "all",
    "version": 41,
    "iat": AT - 60,
    "exp": AT + 30 * DAY_S,
    "cause": "fewer messages over satellite links",
    "text": "[mqtt]\nheartbeat_s = 20\n",
}
PLACE: Final = place_of(SEED, GATE)
"""Of the gate in a roll-out with this seed, of a million."""


@dataclass(frozen=True, slots=True)
class _Case:
    """`topic`: the end of it, below `fleet`. `seen`: the version and text that were taken there before."""

    name: str
    text: str
    fault: DocumentFault | None = None
    topic: str = "configuration/all"
    ignored: bool = False
    seen: str | None = None
    at: int | None = AT


def _signed(kid: str = KID, key: Any = keys.FLEET, **change: Any) -> str:
    document = FleetDocument.model_validate_json(json.dumps({**SAID, **change}))
    return sign_fleet_document(document, key, kid)


def _raw(said: dict[str, Any] | str, header: dict[str, Any] | None = None, key: Any = keys.FLEET) -> str:
    payload = said if isinstance(said, str) else json.dumps(said, separators=(",", ":"))
    whole = {"alg": "EdDSA", "kid": KID, "typ": JwsType.FLEET.value} | (header or {})
    return signed_text(whole, payload.encode(), key)


def _staged(**stage: Any) -> dict[str, Any]:
    return {"stage": {"seed": SEED, **stage}, "version": 42}


def _taken() -> list[_Case]:
    north, own, policy = "configuration/group/north", f"configuration/gate/{GATE}", {"kind": "policy"}
    staged = "configuration/all/next"
    return [
        _Case("for all gates", _signed()),
        _Case("for a group of the gate", _signed(**{"for": "group:north"}), topic=north),
        _Case("for this gate", _signed(**{"for": f"gate:{GATE}"}), topic=own),
        _Case("a policy, by a key that signs policies alone", _signed(POLICY_KID, keys.POLICY, **policy),
              topic="policy/all"),
        _Case("times are not judged by a clock that is not trusted", _signed(exp=AT - 1, iat=AT - DAY_S), at=None),
        _Case("a higher version", _signed(version=42), seen=_signed()),
        _Case("the one that was taken before", _signed(), seen=_signed(), ignored=True),
        _Case("a stage that names the gate", _signed(**_staged(gates=[GATE])), topic=staged),
        _Case("a stage that names a group of it", _signed(**_staged(groups=["pilot"])), topic=staged),
        _Case("a stage whose share is just above its place", _signed(**_staged(share=PLACE + 1)), topic=staged),
        _Case("a stage whose share ends at its place", _signed(**_staged(share=PLACE)), topic=staged, ignored=True),
        _Case("a stage of nobody", _signed(**_staged()), topic=staged, ignored=True),
    ]  # fmt: skip


def _refused() -> list[_Case]:
    text = _signed()
    fault = DocumentFault
    return [
        _Case("no JWS", "[mqtt]", fault.NOT_A_DOCUMENT),
        _Case("the type of a command", _raw(SAID, {"typ": JwsType.COMMAND.value}), fault.NOT_A_DOCUMENT),
        _Case("no key is named", _raw(SAID, {"kid": 7}), fault.NOT_A_DOCUMENT),
        _Case("a key that the gate does not know", _signed("other", keys.STRANGER), fault.KEY_UNKNOWN),
        _Case("the signature of another key", _signed(key=keys.STRANGER), fault.SIGNATURE_INVALID),
        _Case("a configuration by a key for policies", _signed(POLICY_KID, keys.POLICY), fault.KEY_OF_OTHER_KIND),
        _Case("a field that there is not", _raw({**SAID, "priority": 1}), fault.CONTENT_INVALID),
        _Case("a field twice", _raw(json.dumps(SAID)[:-1] + ',"version":42}'), fault.CONTENT_INVALID),
        _Case("an audience that there is not", _raw({**SAID, "for": "north"}), fault.CONTENT_INVALID),
        _Case("401 days", _raw({**SAID, "exp": SAID["iat"] + 401 * DAY_S}), fault.CONTENT_INVALID),
        _Case("steady for longer than its trial", _raw({**SAID, "trial_s": 5, "steady_s": 6}), fault.CONTENT_INVALID),
        _Case("where policies lie", text, fault.WRONG_PLACE, topic="policy/all"),
        _Case("for all, where staged ones lie", text, fault.WRONG_PLACE, topic="configuration/all/next"),
        _Case("for a group that the gate is not in", _signed(**{"for": "group:south"}), fault.WRONG_GATE,
              topic="configuration/group/south"),
        _Case("past its end", text, fault.EXPIRED, at=SAID["exp"]),
        _Case("601 s in the future", text, fault.FROM_THE_FUTURE, at=SAID["iat"] - 601),
        _Case("a lower version than before", text, fault.ROLLED_BACK, seen=_signed(version=42)),
        _Case("another document of the same version", text, fault.VERSION_REUSED, seen=_signed(cause="another")),
    ]  # fmt: skip


def _place(topic: str) -> DocumentPlace:
    kind, scope, *more = topic.split("/")
    staged = bool(more) and more[-1] == "next"
    names = more[:-1] if staged else more
    return DocumentPlace(DocumentKind(kind), Audience.parse(":".join((scope, *names))), staged)


def verdict(text: str, topic: str, seen: str | None, at: int | None) -> dict[str, Any]:
    """What the gate says to a document that comes on this topic."""
    place = _place(topic)
    floors = {}
    if seen is not None:
        before = read_signed(seen)[0]
        floors[place.slot] = Floor(version=before.document.version, identity=before.identity)
    try:
        found = judged_document(text, place, RULES, floors, at)
    except DocumentRefusedError as error:
        return {"refused": error.fault.value}
    if found is None:
        return {"ignored": True}
    document = found.document
    return {"taken": {"place": document.place, "version": document.version, "digest": document.digest}}


def _stages() -> list[dict[str, Any]]:
    """Who is in a stage: by its place, its groups, its name."""
    made = []
    for number in range(1, 13):
        gate, groups = f"khorgos-{number:02d}", ("pilot",) if number % 5 == 0 else ("north",)
        stage = Stage(seed=SEED, share=WHOLE // 4, groups=("pilot",), gates=("khorgos-12",))
        made.append(
            {
                "gate": gate,
                "groups": list(groups),
                "place": place_of(SEED, gate),
                "expect": stage.includes(gate, groups),
            }
        )
    return made


def _audiences() -> list[dict[str, Any]]:
    texts = ("all", "group:north", "group:south", f"gate:{GATE}", "gate:khorgos-04", "north", "group:", "gate:a b", "")
    made: list[dict[str, Any]] = []
    for text in texts:
        try:
            said: bool | None = Audience.parse(text).includes(GATE, RULES.groups)
        except ValueError:
            said = None
        made.append({"text": text, "expect": said})
    return made


def vectors() -> dict[str, Any]:
    """What `fleet-documents.json` holds. Raises ValueError where the gate says something else than is expected."""
    cases = []
    for case in (*_taken(), *_refused()):
        said = verdict(case.text, case.topic, case.seen, case.at)
        wanted = {"refused"} if case.fault else {"ignored"} if case.ignored else {"taken"}
        if set(said) != wanted or said.get("refused") != (case.fault and case.fault.value):
            raise ValueError(f"fleet document, {case.name}: {said}")
        cases.append(
            {
                "name": case.name,
                "topic": case.topic,
                "text": case.text,
                **({"seen": case.seen} if case.seen else {}),
                **({} if case.at == AT else {"at": case.at}),
                "expect": said,
            }
        )
    return {
        "about": "Fleet documents as they are published below site/v1/{site}/lists/fleet, and the answer of this gate "
        "at this time. `at` null: its clock is not trusted. `seen`: what the gate accepted on the topic before. "
        "`ignored`: the document is valid, and the gate has nothing to do. `audiences`: whether the gate belongs to "
        "the audience; null: the text is not an audience. `stages`: whether a gate is in this stage, and its position "
        "among a million.",
        "gate": GATE,
        "groups": list(RULES.groups),
        "at": AT,
        "keys": [
            {"id": key.id, "public": key.public.raw.hex(), "may": sorted(kind.value for kind in key.may)}
            for key in RULES.keys.values()
        ],
        "cases": cases,
        "audiences": _audiences(),
        "stage": {"seed": SEED, "share": WHOLE // 4, "groups": ["pilot"], "gates": ["khorgos-12"]},
        "stages": _stages(),
    }
