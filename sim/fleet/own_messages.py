"""What a simulated gate says beside its events: birth, status, health and the results of commands.

Each is the example of the published contract, of the same size as a real gate's, with this gate's own names in it.
"""

from __future__ import annotations

import json
from functools import cache
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from agent.core.commands import ReceivedCommand, RefusedCommand, Result, prove
from agent.core.contract import examples
from agent.core.contract.channels import HEALTH_EXPIRY_S
from agent.core.events import CommandResult, time_text
from agent.mqtt import Outgoing

if TYPE_CHECKING:
    from agent.broker import Topics
    from agent.core.events import Writer
    from agent.mqtt import Incoming

JSON_TYPE: Final = "application/json"
RESULT_EXPIRY_S: Final = 3_600
STATUS_LIFE_FACTOR: Final = 3


@cache
def _example(what: str) -> dict[str, Any]:
    made = {"birth": examples.birth_example, "status": examples.status_example, "health": examples.health_example}
    found: dict[str, Any] = json.loads(made[what]())
    return found


class OwnMessages:
    """The messages of one gate. `utc` is Unix seconds."""

    def __init__(self, writer: Writer, topics: Topics, status_every_s: float) -> None:
        self._gate = writer.gate
        self._own = {"gate": writer.gate, "stream": writer.stream, "boot": writer.boot}
        self._topics = topics
        self._status_every_s = ceil(status_every_s)
        self._status_expiry_s = int(status_every_s * STATUS_LIFE_FACTOR) or 1

    def birth(self, utc: float) -> Outgoing:
        """What the gate is."""
        return Outgoing(self._topics.birth, self._filled("birth", utc), retain=True, content_type=JSON_TYPE)

    def status(self, state: str, utc: float, head: int, watermark: int) -> Outgoing:
        """How the gate is; `state` as in the contract."""
        counts = {"seq_head": head, "seq_acked": watermark, "depth": head - watermark}
        payload = self._filled("status", utc, state=state, **counts, status_every_s=self._status_every_s)
        expiry_s = self._status_expiry_s if state == "online" else None
        return Outgoing(self._topics.status, payload, retain=True, expiry_s=expiry_s, content_type=JSON_TYPE)

    def health(self, utc: float) -> Outgoing:
        """How well it does."""
        payload = self._filled("health", utc)
        return Outgoing(self._topics.health, payload, retain=True, expiry_s=HEALTH_EXPIRY_S, content_type=JSON_TYPE)

    def refusal(self, message: Incoming) -> tuple[Outgoing, RefusedCommand]:
        """The answer to a command, and why it is refused: a simulated gate knows no key, and moves nothing."""
        name = message.topic.rpartition("/")[2]
        refused = prove(ReceivedCommand(name, message.payload, message.retained), self._gate, {})
        if not isinstance(refused, RefusedCommand):
            message_text = f"a command was proved without a key: {name}"
            raise TypeError(message_text)
        result = CommandResult(
            command=refused.command,
            gate=self._gate,
            name=name,
            result=Result.REFUSED,
            code=refused.code,
            detail=str(refused.detail),
            challenge=_example("status")["challenge"],
        )
        answer = Outgoing(
            self._topics.result(name),
            result.model_dump_json().encode(),
            expiry_s=RESULT_EXPIRY_S,
            content_type=JSON_TYPE,
            correlation=message.correlation,
        )
        return answer, refused

    def _filled(self, what: str, utc: float, **fields: object) -> bytes:
        example = _example(what)
        own = {name: value for name, value in self._own.items() if name in example}
        body = {**example, **own, "time": time_text(round(utc * 1000)), **fields}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
