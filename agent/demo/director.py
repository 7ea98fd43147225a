"""Direct the demo: start the site, let the vehicles come one by one, and check what came of each."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from agent.core.events import Outcome
from agent.core.jws import kid_of
from agent.core.verification import verify
from agent.demo import site as demo_site
from agent.demo.acts import ACTS
from agent.demo.broker import Broker
from agent.demo.central import Central
from agent.demo.clockwork import Clockwork
from agent.demo.screen import Result, Screen
from agent.store.gate_key import read_gate_key
from drivers.emulators.modbus_rtu import ModbusEmulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.demo.acts import Act
    from agent.demo.central import JsonObject
    from drivers.relay_bank import Switching

log = logging.getLogger(__name__)

START_TIMEOUT_S = 30.0
ANSWER_TIMEOUT_S = 15.0
DRAIN_TIMEOUT_S = 30.0
MOVE_S = 0.35


class DemoError(Exception):
    """The demo could not be played to its end."""


class Director:
    """Everything of one run; `run` plays it and says whether all was as it must be."""

    def __init__(self, folder: Path, utc: int, screen: Screen) -> None:
        self._folder = folder
        self._utc = utc
        self._screen = screen
        self._pause = threading.Event()
        self._first_text = ""

    def run(self) -> bool:
        """Play all vehicles. Raises DemoError, or BrokerError, when the site does not come up or stops answering."""
        if self._folder.exists():
            shutil.rmtree(self._folder)
        self._folder.mkdir(parents=True)
        with ExitStack() as stack:
            self._screen.step("starting the broker, the relay board and the agent")
            self._broker = Broker(self._folder)
            self._broker.start()
            stack.callback(self._broker.stop)
            serial_port = self._folder / "relay-board"
            board = stack.enter_context(ModbusEmulator(serial_port))
            self._clockwork = Clockwork(lambda number, on: board.set_input(number, on=on), self._screen.lane)
            board.relays.watch(self._switched)
            self._clockwork.start()
            stack.callback(self._clockwork.stop)
            self._site = demo_site.build(self._folder, serial_port, self._broker.port, self._utc)
            self._central = Central(self._broker.port, demo_site.GATE, self._screen.event)
            self._central.start()
            stack.callback(self._central.stop)
            agent = self._start_agent()
            stack.callback(self._stop_agent, agent)
            self._await(lambda event: _is_device(event, "camera", "streaming"), START_TIMEOUT_S, "the camera")
            results = [self._play(act) for act in ACTS]
            self._stop_agent(agent)
            notes = self._check_and_collect(results)
        self._screen.summary(results, notes)
        return all(result.right for result in results) and not any("[red]" in note for note in notes)

    def _switched(self, switching: Switching) -> None:
        if switching.channel == demo_site.OPEN_CHANNEL:
            self._clockwork.energise(on=switching.on)
        elif switching.channel == demo_site.GREEN_CHANNEL:
            self._clockwork.light(green=switching.on)

    # ------------------------------------------------------------------------------------------------- the agent

    def _start_agent(self) -> subprocess.Popen[bytes]:
        with (self._folder / "agent.log").open("wb") as output:
            return subprocess.Popen(  # noqa: S603 - this product's own command
                [sys.executable, "-m", "agent.cli.main", "run", str(self._site.configuration)],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    @staticmethod
    def _stop_agent(agent: subprocess.Popen[bytes]) -> None:
        if agent.poll() is not None:
            return
        agent.terminate()
        try:
            agent.wait(15)
        except subprocess.TimeoutExpired:
            agent.kill()
            agent.wait()

    def _await(self, wanted: Callable[[JsonObject], bool], timeout_s: float, what: str, after: int = 0) -> JsonObject:
        event = self._central.wait_for(wanted, timeout_s, after)
        if event is None:
            message = f"{what} did not come within {timeout_s:.0f} s; the agent's log: {self._folder / 'agent.log'}"
            raise DemoError(message)
        return event

    # ------------------------------------------------------------------------------------------------- one vehicle

    def _play(self, act: Act) -> Result:
        result = Result(act)
        self._screen.vehicle(result)
        before, pulses = self._central.last, self._clockwork.pulses
        if act.broker_away:
            self._broker.stop()
            self._screen.broker("AWAY")
        arrived_at = self._drive_up(act)
        if act.outcome is Outcome.DENIED:
            self._denied(before)
        else:
            self._granted(act, pulses)
        if act.broker_away:
            self._screen.step("the broker comes back: what happened meanwhile is delivered")
            self._broker.start()
            self._screen.broker("up")
        closed = self._await(
            lambda event: event["type"] == "transaction.closed", DRAIN_TIMEOUT_S, "the outcome", before
        )
        decided = [
            event for event in self._central.events if event["seq"] > before and event["type"] == "access.decided"
        ]
        result.outcome, result.reason = closed["data"]["outcome"], closed["data"]["reason"]
        result.pulses = self._clockwork.pulses - pulses
        result.pictures = closed["data"]["pictures"]
        if decided and not act.broker_away and act.shown != "none":
            result.answer_ms = (self._heard_at(decided[-1]) - arrived_at) * 1000
        self._leave()
        return result

    def _drive_up(self, act: Act) -> float:
        text = ""
        if act.shown == "first":
            text = self._first_text
        elif act.shown != "none":
            text = self._site.permit_text(act)
            self._first_text = self._first_text or text
        self._scene: dict[str, object] = {"vehicle": {"plate": act.plate, "style": act.style}}
        if text:
            self._scene["code"] = {"text": text, "carrier": act.carrier}
        self._clockwork.come(act.plan, act.follower)
        self._until(lambda: self._clockwork.view.presence, "the vehicle")
        arrived_at = time.monotonic()
        self._site.show(self._scene)
        return arrived_at

    def _denied(self, before: int) -> None:
        self._await(lambda event: event["type"] == "transaction.closed", ANSWER_TIMEOUT_S, "the answer", before)
        self._clockwork.refuse()
        self._until(lambda: not self._clockwork.view.presence, "the vehicle's leaving")

    def _granted(self, act: Act, pulses: int) -> None:
        self._until(lambda: self._clockwork.pulses > pulses, "the barrier's opening")
        self._until(lambda: self._clockwork.view.safety, "the vehicle's entering")
        self._site.show({"arm_raised": True})
        self._screen.gone()
        if act.follower is not None:
            self._screen.step("a second vehicle follows close behind")
        self._until(lambda: not self._clockwork.view.safety, "the vehicle's passage")

    def _leave(self) -> None:
        self._site.show({})
        self._screen.gone()
        self._until(self._is_empty, "the arm's closing")
        self._pause.wait(MOVE_S)

    def _is_empty(self) -> bool:
        """Whether the arm is down and nobody is before it."""
        view = self._clockwork.view
        return view.arm == 0.0 and all(rear_m > 0.0 for rear_m, _ in view.vehicles)

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        while not holds():
            if time.monotonic() > deadline:
                message = f"{what} did not come; the agent's log: {self._folder / 'agent.log'}"
                raise DemoError(message)
            self._pause.wait(0.02)

    def _heard_at(self, event: JsonObject) -> float:
        return self._central.heard_at[event["seq"]]

    # ------------------------------------------------------------------------------------------------- the end

    def _check_and_collect(self, results: list[Result]) -> list[str]:
        stopped = self._central.wait_for(lambda event: event["type"] == "gate.stopping", DRAIN_TIMEOUT_S)
        if stopped is not None:
            # The gate's last word is its signature over all that it said.
            self._central.wait_for(lambda event: event["seq"] == stopped["seq"] + 1, DRAIN_TIMEOUT_S)
        key = read_gate_key(self._site.state).public
        verification = verify(self._central.lines_in_order, keys={kid_of(key): key})
        signed = verification.signed
        notes = [
            f"journal: {len(self._central.events)} events heard in order, {self._central.duplicates} duplicates removed, "
            + (
                f"[green]chain holds to the last, signed by the gate up to {signed.seq}[/]"
                if verification.whole and stopped is not None and signed is not None
                else f"[red]chain broken: {verification}[/]"
            ),
        ]
        folder = self._folder / "pictures"
        folder.mkdir()
        kept = 0
        for number, result in enumerate(results, start=1):
            name = result.act.title.replace(" ", "-").replace(",", "")
            for index, digest in enumerate(result.pictures, start=1):
                for source in (self._site.state / "evidence").glob(f"*/{digest[:2]}/{digest}.jpg"):
                    shutil.copy(source, folder / f"{number}-{name}-{index}.jpg")
                    kept += 1
        notes.append(f"pictures: {kept} in {folder}")
        notes.append(f"the agent's log: {self._folder / 'agent.log'}")
        return notes


def _is_device(event: JsonObject, family: str, state: str) -> bool:
    return bool(
        event["type"] == "device.changed" and event["data"]["family"] == family and event["data"]["state"] == state
    )
