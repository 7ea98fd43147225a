"""Sending one command to a gate and waiting for what becomes of it: central's side."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

from agent.broker import Topics
from agent.mqtt import Outgoing, reason_codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.core.commands import CommandBody
    from agent.mqtt import Incoming, OneShotClient

CONTENT_TYPE: Final = "application/jose"
TRIES: Final = 3


class CommandClientError(OSError):
    """The gate does not answer, or takes no commands; says which and what to look at."""


class CommandClient:
    """One command over a connected client. `timeout_s`: patience for the gate's status, and again for its answer."""

    def __init__(self, client: OneShotClient, gate: str, timeout_s: float) -> None:
        self._client = client
        self._gate = gate
        self._topics = Topics(gate)
        self._timeout_s = timeout_s

    def run(self, name: str, sign: Callable[[str], tuple[CommandBody, str]], life_s: int) -> dict[str, Any]:
        """Take the gate's challenge, send what `sign` makes of it, and return the result.

        A challenge that changed meanwhile is answered with another command, once: `sign` gives both one id, so that the
        gate obeys one of them at most. Raises CommandClientError and OneShotClientError, and what `sign` raises.
        """
        self._client.subscribe(self._topics.status)
        challenge = self._challenge()
        self._client.subscribe(self._topics.result(name), stored=False)
        result = self._send(name, sign(challenge)[1], life_s)
        fresh = result.get("challenge")
        if result.get("code") == "CHALLENGE_WRONG" and isinstance(fresh, str):
            result = self._send(name, sign(fresh)[1], life_s)
        return result

    def _challenge(self) -> str:
        state = "does not answer: is its id right, and is it connected to this broker?"
        for message in self._listen(self._timeout_s):
            status = _object(message) if message.topic == self._topics.status else None
            if status is None:
                continue
            if status.get("state") != "online":
                state = f"is {status.get('state')}"
            elif isinstance(status.get("challenge"), str):
                return str(status["challenge"])
            else:
                raise CommandClientError(f"gate {self._gate} takes no commands: its settings name no keys for them")
        raise CommandClientError(f"gate {self._gate} {state}")

    def _send(self, name: str, text: str, life_s: int) -> dict[str, Any]:
        """Publish a command, again while nothing comes back.

        A repeat of the same bytes does nothing, but is answered.
        """
        message = Outgoing(
            self._topics.command(name),
            text.encode(),
            expiry_s=life_s,
            content_type=CONTENT_TYPE,
            response_topic=self._topics.result(name),
            correlation=uuid.uuid4().bytes,  # not the id, which two commands can have
        )
        for _ in range(TRIES):
            receipt = self._client.publish(message)
            if receipt.code == reason_codes.NO_SUBSCRIBERS:
                raise CommandClientError(
                    f"gate {self._gate} is not connected to this broker now: nobody takes its commands"
                )
            if receipt.refused:
                raise CommandClientError(f"the broker does not take the command: {receipt.words}")
            for incoming in self._listen(self._timeout_s / TRIES):
                result = _object(incoming)
                if incoming.correlation == message.correlation and result is not None:
                    return result
        raise CommandClientError(
            f"no answer within {self._timeout_s:g} s: whether it was done, the gate's events will tell"
        )

    def _listen(self, timeout_s: float) -> Iterator[Incoming]:
        until = time.monotonic() + timeout_s
        while (left_s := until - time.monotonic()) > 0:
            for message in self._client.messages(left_s):
                yield message
                if time.monotonic() >= until:
                    return


def _object(message: Incoming) -> dict[str, Any] | None:
    try:
        found = json.loads(message.payload)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
