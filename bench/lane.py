"""How many inputs a second the lane's rules take, and how many times a second they could move from state to state.

Usage: bench/lane.py [--vehicles N]   Pure computing: one vehicle after another, from arrival to a closed arm.
"""

from __future__ import annotations

import argparse
import sys
import time

from agent.core.decision import Decision
from agent.core.lane import Decide, Decided, Input, Lane, LaneRules, Presented, Pulsed, Raise, RelayChanged, Sampled
from agent.core.lane.lane_state_machine import step
from agent.core.model import Instant, Presentation, Reason, Verdict
from agent.core.model.signals import Signals
from agent.core.permit import Permit
from bench.figures import Figure, table

GOAL_STEPS = 10_000.0
"""A lane gets some 60 inputs a second: samples, ticks and observations."""
UTC = 1_795_000_000.0
PERIOD_S = 0.05
PERMIT = Permit(b"p" * 16, "issuer", b"k", 0, 1, 0, 1, "V" * 17, None, None, None, 1, 1, "in", 1)
SAMPLES = (
    # how many samples, then presence, safety, opened, closed
    (20, True, False, False, True),
    (20, True, False, False, False),
    (20, True, False, True, False),
    (20, True, True, True, False),
    (40, False, True, True, False),
    (30, False, False, True, False),
    (20, False, False, False, False),
    (20, False, False, False, True),
)
SHOWN_AFTER = 10


class Drive:
    """One lane and the vehicles that pass it."""

    def __init__(self) -> None:
        self.lane = Lane.start(LaneRules("lane", 1, has_opened=True, has_closed=True), 0)
        self.at = 0.0
        self.steps = 0
        self.moves = 0
        self._feed(RelayChanged(self._now, up=True))

    @property
    def _now(self) -> Instant:
        return Instant(self.at, UTC + self.at)

    def vehicle(self, number: int) -> None:
        """Let one vehicle through."""
        for place, (count, presence, safety, opened, closed) in enumerate(SAMPLES):
            for sample in range(count):
                self.at += PERIOD_S
                self._feed(Sampled(self._now, Signals(self.at, presence, safety, None, opened, closed)))
                if place == 0 and sample == SHOWN_AFTER:
                    text = f"permit {number}".encode()
                    self._feed(Presented(self._now, Presentation(text, "bench", "camera", number, self.at)))

    def _feed(self, item: Input) -> None:
        before = self.lane.state
        self.lane, effects = step(self.lane, item)
        self.steps += 1
        self.moves += self.lane.state is not before
        for effect in effects:
            if isinstance(effect, Decide):
                decision = Decision(Verdict.PASS, Reason.OK, (), PERMIT)
                self._feed(Decided(self._now, decision, 1, effect.transaction))
            elif isinstance(effect, Raise):
                self._feed(Pulsed(self._now, effect.grant, "open", "delivered"))


def measure(vehicles: int) -> list[Figure]:
    """Let that many vehicles through. Raises RuntimeError when one did not pass."""
    drive = Drive()
    started_at = time.perf_counter()
    for number in range(vehicles):
        drive.vehicle(number)
        if drive.lane.transaction is not None:
            raise RuntimeError(f"vehicle {number} did not pass: the lane is {drive.lane.state}")
    took_s = time.perf_counter() - started_at
    moves = f"{drive.moves / took_s:,.0f} transitions a second ({drive.moves} in all), {vehicles} vehicles"
    return [
        Figure("lane: inputs a second, one core", drive.steps / took_s, "1/s", GOAL_STEPS, at_least=True, note=moves)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vehicles", type=int, default=500)
    figures = measure(parser.parse_args().vehicles)
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
