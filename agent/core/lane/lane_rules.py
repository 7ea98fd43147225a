"""The timings and options of a lane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class LaneRules:
    """The timings and options of a lane.

    `read_s`: to show a permit after arrival. `decide_s`: to a final answer after the first presentation; where only the
    VIN is missing, until `read_s` is over.
    `open_s`, `enter_s`, `pass_s`, `close_s`: for the arm to open, the vehicle to enter, to get through, the arm to
    close. `clear_s`: the lane must be free for so long before a passage counts as over; gaps below it are one vehicle.
    `deny_again_s`: least time between a refusal and the next try. `stale_s`: age at which inputs are lost.
    `decides_by_plate`: a plate alone is worth a decision; without, one is asked for when a permit is presented.
    `grant_s`: life of a grant. `gone_s`: what no reader saw for so long is gone. `blind_passage_s`: after the pulse,
    a blind lane takes the passage for done. `board_s`: a vehicle waits so long at most for the first word, after a
    start, whether the relay board can be reached. `neighbours`: there are lanes that this one must wait for; it is not
    free until InterlockChanged says so. `shares_arm`: one of them serves the other direction of the same arm.
    `arm_of_others`: others move the arm, so that it is no violation where it goes up, and a vehicle through, without a
    word of this lane. Raises ValueError for a lane number that does not fit a transaction id.
    """

    lane: str
    lane_number: int
    direction: str = ""
    blind: bool = False
    decides_by_plate: bool = False
    close_mode: Literal["controller", "agent"] = "controller"
    has_opened: bool = False
    has_closed: bool = False
    has_photocell: bool = False
    has_key: bool = False
    has_hold: bool = False
    shares_arm: bool = False
    arm_of_others: bool = False
    neighbours: bool = False
    read_s: float = 30.0
    decide_s: float = 5.0
    open_s: float = 6.0
    enter_s: float = 15.0
    pass_s: float = 60.0
    clear_s: float = 1.0
    close_s: float = 8.0
    deny_again_s: float = 1.0
    stale_s: float = 0.3
    grant_s: float = 10.0
    gone_s: float = 3.0
    blind_passage_s: float = 8.0
    board_s: float = 2.0

    def __post_init__(self) -> None:
        if not 0 <= self.lane_number <= 99:  # noqa: PLR2004 -- two digits of the transaction id
            raise ValueError(f"lane_number must be 0 to 99, not {self.lane_number}")
