"""Carrying a roll-out out: sign, keep, send, listen. What is kept outlives the tool, which goes on where it was."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from agent.core.fleet import Audience, DocumentState, sign_fleet_document
from agent.fleet import CONTENT_TYPE, FleetTopics
from agent.mqtt import Outgoing
from agent.settings import replace_file
from central.fleet.gate_reports import FILTERS, GateReports, GateWord
from central.fleet.rollout import (
    End,
    RolloutState,
    Send,
    SignNext,
    Wait,
    begun_stage,
    step,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.core.crypto import SigningKey
    from agent.mqtt import OneShotClient
    from central.fleet.rollout_plan import RolloutPlan

LARGEST_BYTES: Final = 1 << 26


class RolloutError(OSError):
    """The roll-out cannot go on; says what to do."""


@dataclass(frozen=True, slots=True)
class Signer:
    """The key that signs, and its id in the gates' fleet.keys."""

    key: SigningKey
    key_id: str


class RolloutFile:
    """The state of a roll-out and what gates said, in one file. Raises RolloutError for another plan's, and OSError."""

    def __init__(self, path: Path, plan: RolloutPlan) -> None:
        self.path = path
        self._plan = plan
        document = plan.document(0, 1, 1.0)
        self._fresh = RolloutState(name=plan.file.name, place=document.place, digest=document.digest)

    def read(self) -> tuple[RolloutState, GateReports]:
        """What was kept; the beginning where nothing was."""
        reports = GateReports(self._fresh.place)
        try:
            with self.path.open("rb") as stream:
                found = json.loads(stream.read(LARGEST_BYTES))
            state = RolloutState.model_validate(found["state"])
            reports.words.update({gate: _word(told) for gate, told in found["words"].items()})
            reports.groups.update({gate: tuple(told) for gate, told in found["groups"].items()})
        except FileNotFoundError:
            return self._fresh, reports
        except (ValueError, KeyError, TypeError, ValidationError):
            raise RolloutError(f"{self.path} is no state of a roll-out: name another file") from None
        if (state.name, state.place, state.digest) != (self._fresh.name, self._fresh.place, self._fresh.digest):
            raise RolloutError(
                f"{self.path} belongs to the roll-out {state.name} of another document: name another file for this plan"
            )
        return state, reports

    def keep(self, state: RolloutState, reports: GateReports) -> None:
        """Keep it, whole. Raises OSError."""
        words = {gate: asdict(word) for gate, word in sorted(reports.words.items())}
        kept = {"state": state.model_dump(mode="json"), "words": words, "groups": reports.groups}
        replace_file(self.path, json.dumps(kept, indent=1).encode(), None)


class RolloutRun:
    """One visit to a broker. `utc` reads the wall clock; `say` shows a line to whoever runs the tool."""

    def __init__(
        self,
        plan: RolloutPlan,
        file: RolloutFile,
        signer: Signer,
        client: OneShotClient,
        utc: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        self._plan, self._file, self._signer = plan, file, signer
        self._client, self._utc, self._say = client, utc, say
        self.state, self.reports = file.read()
        self._kept: RolloutState | None = None
        self._said = ""

    def listen(self, quiet_s: float) -> None:
        """Hear what gates say, until they have been silent for a while."""
        for topic in FILTERS:
            self._client.subscribe(topic)
        self._hear(quiet_s)

    def go_on(self, turn_s: float = 1.0) -> RolloutState:
        """Go on until the roll-out has ended. Raises RolloutError, OneShotClientError and OSError."""
        while True:
            self.state, action = step(self._plan, self.state, self.reports.words, self.reports.groups, self._utc())
            if self.state != self._kept:
                self._keep()
            match action:
                case SignNext():
                    self._sign(action)
                case Send():
                    self._send()
                case Wait(why):
                    self._tell(why)
                    self._hear(turn_s)
                case End():
                    return self.state

    def _sign(self, action: SignNext) -> None:
        utc = self._utc()
        document = self._plan.document(action.stage, action.version, utc)
        signed = sign_fleet_document(document, self._signer.key, self._signer.key_id)
        self.state = begun_stage(self.state, action, signed, utc)
        self._keep()

    def _send(self) -> None:
        file, staged = self._plan.file, self.state.stage < len(self._plan.stages) - 1
        audience = Audience.parse(file.for_whom)
        for site in file.sites:
            topics = FleetTopics(site)
            self._publish(topics.topic(file.kind, audience, staged=staged), self.state.signed.encode())
            if not staged:
                self._publish(topics.topic(file.kind, audience, staged=True), b"")
        self.state = self.state.model_copy(update={"sent": True})
        self._keep()
        gates = len(self._plan.meant(self.state.stage, self.reports.groups))
        self._tell(
            f"stage {self.state.stage + 1} of {len(self._plan.stages)}: version {self.state.version}, {gates} gates"
        )

    def _publish(self, topic: str, payload: bytes) -> None:
        receipt = self._client.publish(Outgoing(topic, payload, retain=True, content_type=CONTENT_TYPE))
        if receipt.refused:
            raise RolloutError(f"the broker does not take {topic}: {receipt.words}")

    def _hear(self, for_s: float) -> None:
        until = time.monotonic() + for_s
        changed = False
        while (left_s := until - time.monotonic()) > 0:
            for message in self._client.messages(left_s):
                changed = self.reports.take(message) or changed
                if time.monotonic() >= until:
                    break
        if changed:
            self._keep()

    def _keep(self) -> None:
        self._file.keep(self.state, self.reports)
        self._kept = self.state

    def _tell(self, line: str) -> None:
        if line != self._said:
            self._said = line
            self._say(line)


def _word(told: dict[str, Any]) -> GateWord:
    return GateWord(**{**told, "state": DocumentState(told["state"])})
