"""Rules that bind lanes to one another.

One relay board for several, one arm for two, and lanes that exclude each other.
"""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING

from agent.settings.rules.lane import CHANNELS
from agent.settings.rules.ports import board_place
from agent.settings.toml.includes import dotted
from agent.settings.toml.problems import nearest
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agent.settings.model.devices import Board
    from agent.settings.model.lane import Lane
    from agent.settings.model.pydantic_problems import PydanticProblems
    from agent.settings.toml.key_positions import Path
    from agent.settings.toml.problems import Problem

_ARM_CHANNELS = ("open_channel", "close_channel", "hold_channel")
_ARM_SIGNALS = ("safety", "photocell", "opened", "closed")


class Neighbours:
    """Checks lanes, each sound key by key, against one another.

    `names`: of all lanes, sound or not. `boards`: those whose drivers accept their keys. `linked`: the lanes whose
    relay board may let its inputs drive its relays.
    """

    def __init__(
        self,
        lanes: Mapping[str, Lane],
        names: Iterable[str],
        boards: Mapping[Path, Board],
        linked: Iterable[str],
        pydantic_problems: PydanticProblems,
    ) -> None:
        self._lanes = lanes
        self._names = tuple(names)
        self._boards = boards
        self._linked = frozenset(linked)
        self._problems = pydantic_problems

    def problems(self) -> Iterator[Problem]:
        """Everything that does not fit together."""
        for name, lane in self._lanes.items():
            yield from self._interlock(name, lane)
            if lane.shares_arm is not None:
                yield from self._shares_arm(name, lane, lane.shares_arm)
        yield from self._arms_of_three()
        yield from self._channels()
        yield from self._presence()
        yield from self._linked_inputs()

    def _about(self, lane: str, *keys: str | int, message: Text, hint: str = "", warning: bool = False) -> Problem:
        return self._problems.about(("lanes", lane, *keys), message, hint=hint, warning=warning)

    def _place(self, lane: str, family: str) -> str | None:
        """Where the lane's board is; None for one of which that is not known."""
        board = self._boards.get(("lanes", lane, family))
        return board_place(board.device.kind, board.settings) or None if board else None

    # ------------------------------------------------------------------------------------------------- one way

    def _interlock(self, name: str, lane: Lane) -> Iterator[Problem]:
        for number, other in enumerate(lane.interlock):
            unknown = self._unknown(name, other, "interlock", number)
            if unknown is not None:
                yield unknown
            if other not in self._lanes or other == name:
                continue
            if other in lane.interlock[:number]:
                yield self._about(name, "interlock", number, message=Text("lane {lane} is listed twice", lane=other))
            if other == lane.shares_arm or self._lanes[other].shares_arm == name:
                message = Text(
                    "is not needed: lanes that share an arm, as this one and {lane}, exclude each other", lane=other
                )
                yield self._about(name, "interlock", number, message=message, warning=True)
            yield from self._one_mode(name, other, "interlock", number)
            if not self._has_closed(other):
                yield self._about(name, "interlock", number, message=_needs_closed(other))
        if lane.interlock and not self._has_closed(name):
            yield self._about(name, "interlock", message=_needs_closed(name))

    def _one_mode(self, name: str, other: str, *keys: str | int) -> Iterator[Problem]:
        """A lane at work cannot wait for one whose arm others move: nobody tells it when that is up."""
        mine, theirs = self._lanes[name].mode, self._lanes[other].mode
        if mine != theirs:
            message = Text(
                "lane {lane} has mode {theirs}, this lane {mine}: lanes that wait for one another need the same mode",
                lane=other,
                theirs=theirs,
                mine=mine,
            )
            yield self._about(name, *keys, message=message)

    def _has_closed(self, lane: str) -> bool:
        signals = self._lanes[lane].signals
        return signals is not None and signals.closed is not None

    def _unknown(self, name: str, other: str, *keys: str | int) -> Problem | None:
        if other == name:
            return self._about(name, *keys, message=Text("is this lane itself; expected the name of another lane"))
        if other in self._names:
            return None
        others = [known for known in self._names if known != name]
        message = Text("expected the name of a lane; there is no other")
        if others:
            message = Text("expected the name of a lane; there is {names}", names=", ".join(others))
        return self._about(name, *keys, message=message, hint=nearest(other, others))

    # ------------------------------------------------------------------------------------------------- one arm

    def _shares_arm(self, name: str, lane: Lane, other: str) -> Iterator[Problem]:
        unknown = self._unknown(name, other, "shares_arm")
        if unknown is not None:
            yield unknown
        theirs = self._lanes.get(other)
        if theirs is None or other == name:
            return
        if theirs.shares_arm != name or name < other:  # what both say is told once
            yield from self._one_arm(name, lane, other, theirs)
            yield from self._one_mode(name, other, "shares_arm")

    def _one_arm(self, name: str, lane: Lane, other: str, theirs: Lane) -> Iterator[Problem]:
        if lane.direction == theirs.direction:
            message = Text(
                "shares its arm with lane {lane}, so they must have opposite directions; both have {direction}",
                lane=other,
                direction=lane.direction,
            )
            yield self._about(name, "direction", message=message)
        if lane.close_mode != theirs.close_mode:
            message = Text(
                "expected {wanted}, as in lane {lane}, which has the same arm; got {value}",
                wanted=theirs.close_mode,
                lane=other,
                value=lane.close_mode,
            )
            yield self._about(name, "close_mode", message=message)
        places = [self._place(one, "relay") for one in (name, other)]
        if None not in places and places[0] != places[1]:
            message = Text(
                "expected the relay board of lane {lane} ({wanted}), which has the same arm; got {value}",
                lane=other,
                wanted=places[1],
                value=places[0],
            )
            yield self._about(name, "relay", message=message)
        for key in _ARM_CHANNELS:
            yield from self._same(
                name, "barrier", key, (getattr(lane.barrier, key), getattr(theirs.barrier, key)), other
            )
        yield from self._same_inputs(name, lane, other, theirs)

    def _same(self, name: str, table: str, key: str, found: tuple[object, object], other: str) -> Iterator[Problem]:
        mine, theirs = found
        if mine != theirs:
            wanted, got = (Text("none") if value is None else value for value in (theirs, mine))
            message = Text(
                "expected {wanted}, as in {key}, for the same arm; got {value}",
                wanted=wanted,
                key=f"lanes.{other}.{table}.{key}",
                value=got,
            )
            yield self._about(name, table, key, message=message)

    def _same_inputs(self, name: str, lane: Lane, other: str, theirs: Lane) -> Iterator[Problem]:
        if lane.signals is None or theirs.signals is None:
            if lane.signals is not theirs.signals:
                given, missing = (name, other) if lane.signals else (other, name)
                message = Text(
                    "lane {given} reads the inputs of the arm that both share, but lane {missing} has no inputs",
                    given=given,
                    missing=missing,
                )
                yield self._about(name, "shares_arm", message=message)
            return
        places = [self._place(one, "inputs") for one in (name, other)]
        if None not in places and places[0] != places[1]:
            message = Text(
                "expected the inputs of lane {lane} ({wanted}), which has the same arm; got {value}",
                lane=other,
                wanted=places[1],
                value=places[0],
            )
            yield self._about(name, "inputs", message=message)
        for key in _ARM_SIGNALS:
            numbers = (getattr(lane.signals, key), getattr(theirs.signals, key))
            yield from self._same(name, "signals", key, numbers, other)
            inverted = [numbers[0] in one.signals.inverted for one in (lane, theirs) if one.signals is not None]
            if numbers[0] is not None and numbers[0] == numbers[1] and inverted[0] != inverted[1]:
                message = Text(
                    "input {number} ({signal}) is inverted in one of the lanes {one} and {other} only",
                    number=numbers[0],
                    signal=key,
                    one=name,
                    other=other,
                )
                yield self._about(name, "signals", "inverted", message=message)

    def _arms_of_three(self) -> Iterator[Problem]:
        sharing: dict[str, str] = {}
        for name, lane in self._lanes.items():
            other = lane.shares_arm
            if other is None or other not in self._lanes or other == name:
                continue
            for one, partner in ((name, other), (other, name)):
                if sharing.setdefault(one, partner) != partner:
                    message = Text("lane {one} shares its arm with lane {other} already", one=one, other=sharing[one])
                    yield self._about(name, "shares_arm", message=message)
                    break

    # ------------------------------------------------------------------------------------------------- one board

    def _share_arm(self, one: str, other: str) -> bool:
        return self._lanes[one].shares_arm == other or self._lanes[other].shares_arm == one

    def _channels(self) -> Iterator[Problem]:
        """No relay has two jobs, in whichever lanes."""
        users: dict[tuple[str, int], list[tuple[str, str]]] = {}
        for name, lane in self._lanes.items():
            place = self._place(name, "relay")
            if place is None:
                continue
            wired = {key: channel for key in CHANNELS if (channel := getattr(lane.barrier, key)) is not None}
            for key, channel in wired.items():
                before = users.setdefault((place, channel), [])
                taken = next(
                    (user for user in before if user[0] != name and not self._one_job(user, (name, key))), None
                )
                if taken is not None:
                    yield self._about(name, "barrier", key, message=_taken(channel, taken, key))
                before.append((name, key))

    def _one_job(self, user: tuple[str, str], other: tuple[str, str]) -> bool:
        """Whether it is the same contact of an arm that both lanes share."""
        return user[1] == other[1] and user[1] in _ARM_CHANNELS and self._share_arm(user[0], other[0])

    def _presence(self) -> Iterator[Problem]:
        """Lanes may read the same input, but a vehicle waits before one of them only."""
        for one, other in combinations(self._lanes, 2):
            inputs = [self._lanes[name].signals for name in (one, other)]
            numbers = [None if signals is None else signals.presence for signals in inputs]
            place = self._place(one, "inputs")
            if numbers[0] is None or numbers[0] != numbers[1] or place is None or place != self._place(other, "inputs"):
                continue
            taken = dotted(("lanes", one, "signals", "presence"))
            message = Text(
                "input {number} of this board is {user} already; each lane needs a loop of its own",
                number=numbers[0],
                user=taken,
            )
            yield self._about(other, "signals", "presence", message=message)

    def _linked_inputs(self) -> Iterator[Problem]:
        """What a loop sees must not reach the relay that opens, not even for the moment after a loss of power."""
        for name, other in product(self._linked & set(self._lanes), self._lanes):
            signals, place = self._lanes[other].signals, self._place(name, "relay")
            if signals is None or place is None or self._place(other, "inputs") != place:
                continue
            wired = {number: f"lanes.{other}.signals.{signal}" for signal, number in signals.wired.items()}
            for key in _ARM_CHANNELS:
                channel = getattr(self._lanes[name].barrier, key)
                if channel is not None and channel in wired:
                    message = Text(
                        "after a loss of power input {channel} may drive relay {channel} of this board, and that "
                        "input is {signal}: choose a relay whose input has no wire",
                        channel=channel,
                        signal=wired[channel],
                    )
                    yield self._about(name, "barrier", key, message=message, warning=True)


def _needs_closed(lane: str) -> Text:
    return Text(
        "needs {key}: without it the gate cannot know when that barrier is closed", key=f"lanes.{lane}.signals.closed"
    )


def _taken(channel: int, user: tuple[str, str], key: str) -> Text:
    lane, theirs = user
    place = dotted(("lanes", lane, "barrier", theirs))
    if theirs == key == "open_channel":
        return Text(
            "channel {channel} of this board is {user} already; choose another channel, or set "
            "shares_arm if it is the same arm",
            channel=channel,
            user=place,
        )
    return Text(
        "channel {channel} of this board is {user} already; choose another channel", channel=channel, user=place
    )
