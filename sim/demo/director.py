"""Direct the demo: start the site, let the vehicles come one by one, and check what came of each."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from agent.core.model import Verdict
from drivers.emulators.modbus_rtu import ModbusEmulator
from drivers.emulators.onbon import OnbonEmulator
from sim.demo import site as demo_site
from sim.demo.agent_process import start_agent, stop_agent
from sim.demo.awaited_events import is_device, is_list, is_manual
from sim.demo.broker import Broker
from sim.demo.central import Central
from sim.demo.choices import Choice, visitors
from sim.demo.driver_page import is_served
from sim.demo.event_lines import lists_behind
from sim.demo.keyboard import Keyboard
from sim.demo.list_publisher import DemoListPublisher
from sim.demo.permits import papers_of
from sim.demo.real_time import RealTimeRunner
from sim.demo.result import DemoResult
from sim.demo.summary import DRAIN_TIMEOUT_S, reckoning
from sim.demo.visitor_page import GuestDoor
from sim.demo.visitor_session import Stage, VisitorSession
from sim.demo.yard import Yard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from drivers.relay_bank import RelayChange
    from sim.demo.central import JsonObject
    from sim.demo.permits import DemoPermit
    from sim.demo.real_time import View
    from sim.demo.screen import Screen
    from sim.demo.vehicles import Act

log = logging.getLogger(__name__)

START_TIMEOUT_S = 90.0
ANSWER_TIMEOUT_S = 15.0
MOVE_S = 0.35
OFFICER_S = 1.0


class DemoError(Exception):
    """The demo could not be played to its end."""


class DemoRunner:
    """Everything of one run; `run` plays these vehicles and says whether all was as it must be. `utc`: Unix seconds.

    `stays`: after them a visitor chooses what comes, until that is ended; needs a terminal.
    """

    def __init__(self, folder: Path, utc: int, screen: Screen, acts: tuple[Act, ...], *, stays: bool = False) -> None:
        self._folder = folder
        self._utc = utc
        self._screen = screen
        self._acts = acts
        self._visitors = visitors() if stays else {}
        self._pause = threading.Event()

    def run(self) -> bool:
        """Play all vehicles. Raises DemoError, or BrokerError, when the site does not come up or stops answering."""
        if self._folder.exists():
            shutil.rmtree(self._folder)
        self._folder.mkdir(parents=True)
        with ExitStack() as stack:
            self._screen.step("starting the broker, the relay board, the sign and the agent")
            self._broker = Broker(self._folder)
            self._broker.start()
            stack.callback(self._broker.stop)
            serial_port = self._folder / "relay-board"
            board = self._board = stack.enter_context(ModbusEmulator(serial_port))
            self._site = demo_site.build(self._folder, serial_port, self._broker.port, self._utc)
            self._yard = self._yard_with_sign(stack)
            self._clockwork = RealTimeRunner(lambda number, on: board.set_input(number, on=on), self._moved)
            board.relays.watch(self._switched)
            self._clockwork.start()
            stack.callback(self._clockwork.stop)
            self._central = Central(self._broker.port, demo_site.GATE, self._screen.event, self._site.ack_key_file)
            self._central.start()
            stack.callback(self._central.stop)
            self._issue(stack)
            agent = start_agent(self._site)
            stack.callback(stop_agent, agent)
            self._await_all_up()
            door = self._open_door(stack)
            results = [self._play(act) for act in self._acts]
            heard_out = not self._visitors or self._stay(door)
            stop_agent(agent)
            notes = reckoning(self._central, self._site, results) if heard_out else []
        self._screen.summary(results, notes)
        return all(result.right for result in results) and not any("[red]" in note for note in notes)

    def _await_all_up(self) -> None:
        """Wait for the lists, the camera, the sign and the driver page."""
        for name in ("declarations", "revocations"):
            self._await(partial(is_list, name=name, version=1), START_TIMEOUT_S, f"the list of {name}")
        for family, state in (("camera", "streaming"), ("sign", "up")):
            self._await(partial(is_device, family=family, state=state), START_TIMEOUT_S, f"the {family}")
        self._until(lambda: is_served(self._site.driver_page), "the driver page", START_TIMEOUT_S)
        self._screen.driver_page(self._site.driver_page)

    def _open_door(self, stack: ExitStack) -> GuestDoor:
        """Let the visitor's browser in, and tell where."""
        door = GuestDoor(self._site, lambda: self._screen.now)
        door.start()
        stack.callback(door.stop)
        self._screen.guest(door.link, door.page if self._visitors else "")
        return door

    def _stay(self, door: GuestDoor) -> bool:
        """Play what the visitor chooses. False where Ctrl-C ended it: then the broker and the agent have ended too."""
        stage = Stage(
            drive_up=self._drive_up,
            granted=self._granted,
            refuse=self._clockwork.refuse,
            leave=self._leave,
            pulses=lambda: self._clockwork.pulses,
            heard=lambda after: [event for event in list(self._central.events) if event["seq"] > after],
            last=lambda: self._central.last,
            plug=lambda there: self._board.plug() if there else self._board.unplug(),
            line=self._set_line,
            say=self._screen.step,
            lost=DemoError,
            wait=self._pause.wait,
        )
        with Keyboard() as keyboard:

            def chosen() -> list[Choice]:
                found = [Choice(key) for key in keyboard.pressed() if key in set(Choice)] + door.chosen()
                door.words = session.words
                self._screen.choices({choice.value: words for choice, words in session.words.items()})
                return found

            session = VisitorSession(stage, self._visitors, chosen)
            self._screen.step("all vehicles have been; choose what comes next")
            try:
                session.run()
            except KeyboardInterrupt:
                return False
            finally:
                self._screen.choices({})
        return True

    def _set_line(self, there: bool) -> None:
        if there:
            self._broker.start()
        else:
            self._broker.stop()
        self._screen.broker("up" if there else "AWAY")

    def _yard_with_sign(self, stack: ExitStack) -> Yard:
        card = stack.enter_context(OnbonEmulator(self._site.sign_port, demo_site.SIGN_LINES, demo_site.SIGN_COLUMNS))
        return Yard(
            self._site, lambda: tuple((one.text, one.colour) for one in card.display.in_sight), self._screen.sign
        )

    def _moved(self, view: View) -> None:
        self._screen.lane(view)
        self._yard.look()

    def _issue(self, stack: ExitStack) -> None:
        """Issue every vehicle's permit, and let central declare them all."""
        site = self._site
        acts = [*self._acts, *(act for some in self._visitors.values() for act in some)]
        self._papers: dict[str, DemoPermit] = {
            act.title: papers_of(act, site.issuer, demo_site.SITE, self._utc) for act in acts
        }
        self._office = stack.enter_context(
            DemoListPublisher.opened(self._folder / "central", demo_site.SITE, site.central.key, site.broker_port)
        )
        self._office.declare(
            papers.declaration
            for act in acts
            if act.shown not in {"none", "first"}
            for papers in (self._papers[act.title],)
        )

    def _switched(self, switching: RelayChange) -> None:
        if switching.channel == demo_site.OPEN_CHANNEL:
            self._clockwork.energise(on=switching.on)
        elif switching.channel == demo_site.GREEN_CHANNEL:
            self._clockwork.light(green=switching.on)

    def _await(self, wanted: Callable[[JsonObject], bool], timeout_s: float, what: str, after: int = 0) -> JsonObject:
        event = self._central.wait_for(wanted, timeout_s, after)
        if event is None:
            message = f"{what} did not come within {timeout_s:.0f} s; the agent's log: {self._site.agent_log}"
            raise DemoError(message)
        return event

    # ------------------------------------------------------------------------------------------------- one vehicle

    def _play(self, act: Act) -> DemoResult:
        result = DemoResult(act)
        self._screen.vehicle(result)
        before, pulses = self._central.last, self._clockwork.pulses
        if act.central == "revoked":
            self._revoke(act, before)
        if act.broker_away:
            self._broker.stop()
            self._screen.broker("AWAY")
        arrived_at = self._drive_up(act)
        if act.verdict is Verdict.PASS:
            self._granted(act, pulses)
        else:
            self._held_up(act, before)
        if act.broker_away:
            self._screen.step("the broker comes back: what happened meanwhile is delivered")
            self._broker.start()
            self._screen.broker("up")
        closed = self._await(
            lambda event: event["type"] == "transaction.closed", DRAIN_TIMEOUT_S, "the outcome", before
        )
        result.outcome, result.reason = closed["data"]["outcome"], closed["data"]["reason"]
        result.transaction = closed["transaction"]
        result.told = [one["message"] for one in closed["data"]["driver_messages"]]
        result.pulses = self._clockwork.pulses - pulses
        result.pictures = closed["data"]["pictures"]
        self._take_decision(result, before, arrived_at)
        self._leave()
        return result

    def _take_decision(self, result: DemoResult, before: int, arrived_at: float) -> None:
        """Take from the last decision on a vehicle what is shown of it."""
        decided = [
            event for event in self._central.events if event["seq"] > before and event["type"] == "access.decided"
        ]
        if not decided:
            return
        data = decided[-1]["data"]
        result.verdict = data["verdict"]
        result.form = data["permit"]["form"] if data["permit"] else ""
        result.lists = lists_behind(data)
        if data["vin"]:
            result.vin = f"{data['vin']['read']} ({data['vin']['source']})"
        if not result.act.broker_away and result.act.shown != "none":
            result.answer_ms = (self._heard_at(decided[-1]) - arrived_at) * 1000

    def _revoke(self, act: Act, before: int) -> None:
        """Let central revoke the permit of the vehicle that comes, and the gate hear of it."""
        self._screen.step("before it comes, central revokes its permit")
        version = self._office.revoke(self._papers[act.title].revocation)
        self._await(
            partial(is_list, name="revocations", version=version), ANSWER_TIMEOUT_S, "the list of revocations", before
        )

    def _drive_up(self, act: Act) -> float:
        vehicle: dict[str, object] = {"plate": act.plate, "style": act.style, "on_paper": act.on_paper}
        if act.label is not None:
            vehicle["label"] = {"vin": self._papers[act.title].label_vin, "code": act.label}
        scene: dict[str, object] = {"vehicle": vehicle}
        if act.shown != "none":
            shown = self._acts[0] if act.shown == "first" else act
            scene["code"] = {"text": self._papers[shown.title].text, "carrier": act.carrier}
        self._clockwork.come(act.plan, act.follower)
        self._until(lambda: self._clockwork.view.presence, "the vehicle")
        arrived_at = time.monotonic()
        self._yard.show(scene)
        return arrived_at

    def _held_up(self, act: Act, before: int) -> None:
        """Await the answer, and send the vehicle back: at once, or when the officer has not opened."""
        if act.verdict is Verdict.MANUAL:
            self._await(is_manual, ANSWER_TIMEOUT_S, "the answer", before)
            found = "it is held" if act.central == "held" else "it is not the declared car"
            self._screen.step(f"an officer is called, finds that {found}, and does not open")
            self._pause.wait(OFFICER_S)
        else:
            self._await(lambda event: event["type"] == "transaction.closed", ANSWER_TIMEOUT_S, "the answer", before)
        self._clockwork.refuse()
        self._until(lambda: not self._clockwork.view.presence, "the vehicle's leaving")

    def _granted(self, act: Act, pulses: int) -> None:
        self._until(lambda: self._clockwork.pulses > pulses, "the barrier's opening")
        self._until(lambda: self._clockwork.view.safety, "the vehicle's entering")
        self._yard.show({"arm_raised": True})
        self._screen.gone()
        if act.follower is not None:
            self._screen.step("a second vehicle follows close behind")
        self._until(lambda: not self._clockwork.view.safety, "the vehicle's passage")

    def _leave(self) -> None:
        self._yard.show({})
        self._screen.gone()
        self._until(self._is_empty, "the arm's closing")
        self._pause.wait(MOVE_S)

    def _is_empty(self) -> bool:
        """Whether the arm is down and nobody is before it."""
        view = self._clockwork.view
        return view.arm == 0.0 and all(rear_m > 0.0 for rear_m, _ in view.vehicles)

    def _until(self, holds: Callable[[], bool], what: str, timeout_s: float | None = None) -> None:
        deadline = time.monotonic() + (ANSWER_TIMEOUT_S if timeout_s is None else timeout_s)
        while not holds():
            if time.monotonic() > deadline:
                message = f"{what} did not come; the agent's log: {self._site.agent_log}"
                raise DemoError(message)
            self._pause.wait(0.02)

    def _heard_at(self, event: JsonObject) -> float:
        return self._central.heard_at[event["seq"]]
