"""Sending one command to a group of gates and gathering what becomes of it at each: central's side."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

from agent.broker import ROOT, GroupTopics
from agent.mqtt import Outgoing
from central.command_client import CONTENT_TYPE, CommandClientError

if TYPE_CHECKING:
    from agent.mqtt import Incoming, OneShotClient

ANY_GATE: Final = "+"


class GroupCommandClient:
    """One command over a connected client. `wait_s`: for how long answers are gathered.

    Which gates belong to the group stands in their configuration, so nobody here knows how many answers will come.
    """

    def __init__(self, client: OneShotClient, group: str, wait_s: float) -> None:
        self._client = client
        self._topics = GroupTopics(group)
        self._wait_s = wait_s

    def run(self, name: str, text: str, life_s: int) -> dict[str, dict[str, Any]]:
        """Send it once and return the result of each gate that answers in time, by its id.

        Raises CommandClientError where the broker does not take it, and OneShotClientError.
        """
        self._client.subscribe(f"{ROOT}/{ANY_GATE}/res/{name}", stored=False)
        message = Outgoing(
            self._topics.command(name),
            text.encode(),
            expiry_s=life_s,
            content_type=CONTENT_TYPE,
            correlation=uuid.uuid4().bytes,
        )
        receipt = self._client.publish(message)
        if receipt.refused:
            raise CommandClientError(f"the broker does not take the command: {receipt.words}")
        found: dict[str, dict[str, Any]] = {}
        until = time.monotonic() + self._wait_s
        while (left_s := until - time.monotonic()) > 0:
            for incoming in self._client.messages(left_s):
                self._take(incoming, message.correlation, found)
                if time.monotonic() >= until:
                    break
        return dict(sorted(found.items()))

    @staticmethod
    def _take(incoming: Incoming, correlation: bytes | None, found: dict[str, dict[str, Any]]) -> None:
        """Note an answer under the gate in whose topic it stands: the broker lets each write its own alone."""
        if incoming.correlation != correlation:
            return
        try:
            result = json.loads(incoming.payload)
        except (ValueError, RecursionError):
            return
        if isinstance(result, dict):
            found[incoming.topic.removeprefix(f"{ROOT}/").partition("/")[0]] = result
