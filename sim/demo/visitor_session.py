"""The demo after its vehicles: the visitor chooses what comes next, by a key or in the browser, until it is ended."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.core.model import Verdict
from sim.demo.choices import BACK, VEHICLES, WORDS, Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sim.demo.central import JsonObject
    from sim.demo.vehicles import Act

OFFICER_S: Final = 60.0
"""So long a vehicle waits for the visitor to decide as an officer in the browser."""
UNHEARD_S: Final = 15.0
"""So long it waits where nothing is heard of it: the line is cut, or the board is away."""
LOOK_S: Final = 0.05
MOST_WAITING: Final = 5


@dataclass(frozen=True, slots=True)
class Stage:
    """What the session plays on.

    `drive_up`: a vehicle comes. `granted`: sees one through that the barrier was raised for, by the count of pulses
    before. `refuse`: sends one back. `leave`: waits until nobody is there. `pulses`: how often the barrier was raised.
    `heard`: the events after a number. `last`: of the newest event. `plug`, `line`: put the board or the broker there,
    or away. `say`: what happens now. `lost`: errors that tell that something did not come in time.
    """

    drive_up: Callable[[Act], object]
    granted: Callable[[Act, int], None]
    refuse: Callable[[], None]
    leave: Callable[[], None]
    pulses: Callable[[], int]
    heard: Callable[[int], Iterable[JsonObject]]
    last: Callable[[], int]
    plug: Callable[[bool], None]
    line: Callable[[bool], None]
    say: Callable[[str], None]
    lost: type[Exception]
    wait: Callable[[float], object]


class VisitorSession:
    """Takes choices until one ends it. `chosen`: what was chosen since the last call, by key or in the browser."""

    def __init__(
        self, stage: Stage, vehicles: Mapping[Choice, list[Act]], chosen: Callable[[], Iterable[Choice]]
    ) -> None:
        self._stage = stage
        self._vehicles = {choice: deque(acts) for choice, acts in vehicles.items()}
        self._chosen = chosen
        self._waiting: deque[Choice] = deque()
        self._away: set[Choice] = set()
        self._ended = False

    @property
    def words(self) -> dict[Choice, str]:
        """What each choice does now."""
        return {choice: BACK[choice] if choice in self._away else words for choice, words in WORDS.items()}

    @property
    def away(self) -> frozenset[Choice]:
        """What is pulled or cut now."""
        return frozenset(self._away)

    def run(self) -> None:
        """Play what is chosen, until the end is chosen; then board and broker are there again."""
        try:
            while not self._ended:
                self.take()
                if self._waiting and not self._ended:
                    self._come(self._waiting.popleft())
                else:
                    self._stage.wait(LOOK_S)
        finally:
            for choice in tuple(self._away):
                self._switch(choice)

    def take(self) -> None:
        """Do at once what can be done while a vehicle is there; other vehicles wait for their turn."""
        for choice in self._chosen():
            if choice is Choice.END:
                self._ended = True
            elif choice in VEHICLES:
                if len(self._waiting) < MOST_WAITING:
                    self._waiting.append(choice)
            else:
                self._switch(choice)

    def _switch(self, choice: Choice) -> None:
        there = choice in self._away
        if choice is Choice.RELAY:
            self._stage.plug(there)
            self._stage.say("the relay board is there again" if there else "the relay board is unplugged")
        else:
            self._stage.line(there)
            self._stage.say("the line is back" if there else "the line to central is cut: the gate decides on its own")
        self._away ^= {choice}

    def _come(self, choice: Choice) -> None:
        act = self._vehicles[choice][0]
        self._vehicles[choice].rotate(-1)
        stage = self._stage
        stage.say(f"your vehicle comes: {WORDS[choice]}, {act.bears}")
        try:
            self._play(act)
        except stage.lost as error:
            stage.say(f"it did not continue as it should: {error}")
            stage.refuse()
            return
        stage.say("choose what comes next")

    def _play(self, act: Act) -> None:
        stage = self._stage
        before, pulses, began_at = stage.last(), stage.pulses(), time.monotonic()
        stage.drive_up(act)
        patience_s = UNHEARD_S
        while stage.pulses() == pulses and time.monotonic() - began_at < patience_s and not self._ended:
            events = list(stage.heard(before))
            if any(event["type"] == "transaction.closed" for event in events):
                break
            if any(_calls_officer(event) for event in events) and patience_s != OFFICER_S:
                patience_s = OFFICER_S
                stage.say("an officer is called: decide in the browser, or wait until the vehicle drives away")
            self.take()
            stage.wait(LOOK_S)
        if stage.pulses() > pulses:
            stage.granted(act, pulses)
        else:
            stage.refuse()
        stage.leave()


def _calls_officer(event: JsonObject) -> bool:
    return bool(event["type"] == "access.decided" and event["data"]["verdict"] == Verdict.MANUAL)
