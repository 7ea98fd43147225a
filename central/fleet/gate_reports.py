"""What gates say of their fleet documents, by MQTT: in birth, in health and in events."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from agent.core.fleet import DocumentState, FleetReport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.mqtt import Incoming

FILTERS: Final = ("gate/v1/+/birth", "gate/v1/+/health", "gate/v1/+/event/fleet.document")


@dataclass(frozen=True, slots=True)
class GateWord:
    """How a gate stands with the newest document of a place. `in_force`: the digest of what runs there; "" nothing.

    `message`: what `detail` was made of, as JSON has it; None: the gate does not say.
    """

    version: int
    digest: str
    state: DocumentState
    code: str
    detail: str
    in_force: str
    message: Mapping[str, Any] | None = None


class GateReports:
    """What was heard of the document of one place, by gate. `groups`: what each gate says of its groups."""

    def __init__(self, place: str) -> None:
        self._place = place
        self.words: dict[str, GateWord] = {}
        self.groups: dict[str, tuple[str, ...]] = {}

    def take(self, message: Incoming) -> bool:
        """Take in a message; whether it said anything of the place."""
        levels = message.topic.split("/")
        told = _object(message.payload)
        if told is None or len(levels) < _LEAST_LEVELS:
            return False
        gate = levels[2]
        if levels[3] == "event":
            data = told.get("data")
            return isinstance(data, dict) and self._take_event(gate, data)
        try:
            report = FleetReport.model_validate(told.get("fleet"))
        except ValidationError:
            return False
        return self._take_report(gate, report)

    def _take_report(self, gate: str, report: FleetReport) -> bool:
        self.groups[gate] = report.groups
        for one in report.documents:
            if f"{one.kind}/{one.audience}" == self._place and one.version >= self._version(gate):
                code = "" if one.code is None else one.code.value
                message = None if one.message is None else one.message.model_dump()
                self.words[gate] = GateWord(
                    one.version, one.digest, one.state, code, one.detail, one.in_force_digest, message
                )
                return True
        return False

    def _take_event(self, gate: str, data: dict[str, Any]) -> bool:
        if f"{data.get('kind')}/{data.get('audience')}" != self._place or not data.get("digest"):
            return False  # of another place, or refused before anything of it was proven
        try:
            version, state = int(data["version"]), DocumentState(data["state"])
        except (KeyError, ValueError, TypeError):
            return False
        if version < self._version(gate):
            return False
        before = self.words.get(gate)
        digest = str(data["digest"])
        in_force = digest if state is DocumentState.APPLIED else "" if before is None else before.in_force
        code, message = str(data.get("code") or ""), data.get("message")
        told = message if isinstance(message, dict) else None
        self.words[gate] = GateWord(version, digest, state, code, str(data.get("detail", "")), in_force, told)
        return True

    def _version(self, gate: str) -> int:
        word = self.words.get(gate)
        return 0 if word is None else word.version


_LEAST_LEVELS: Final = 4


def _object(payload: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
