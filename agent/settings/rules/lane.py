"""Rules that bind several keys of one lane."""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import TYPE_CHECKING

from agent.settings.rules.factors import factor_problems
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.settings.model.devices import Board
    from agent.settings.model.lane import Lane
    from agent.settings.model.pydantic_problems import PydanticProblems
    from agent.settings.toml.key_positions import Path
    from agent.settings.toml.problems import Problem
    from drivers.api import RelayCapabilities

_LAST_LANE_OF_PERMITS = 32
_SIMULATED = "simulated"
_SAMPLES_BEFORE_STALE = 3
_TRIES, _POLLS = 2, 2
"""A poll without an answer is tried once more. Beside both tries there must be room for the pause before, and again as
much for the line."""
CHANNELS = ("open_channel", "close_channel", "hold_channel", "red_channel", "green_channel")
_OF_THE_ARM = ("photocell", "opened", "closed")
_OF_OFFICERS = ("key", "hold")


class LaneRules:
    """Checks a lane that is sound key by key. `relay` and `inputs` are None where the board is not known."""

    def __init__(
        self,
        path: Path,
        lane: Lane,
        pydantic_problems: PydanticProblems,
        relay: RelayCapabilities | None,
        inputs: Board | None,
    ) -> None:
        self._path = path
        self._lane = lane
        self._problems = pydantic_problems
        self._capabilities = relay
        self._inputs = getattr(inputs.settings, "count", None) if inputs else None
        self._timeout_ms = getattr(inputs.settings, "timeout_ms", None) if inputs else None

    def problems(self) -> Iterator[Problem]:
        """Everything that does not fit together."""
        yield from self._closing()
        yield from self._channels()
        yield from self._pulse()
        yield from self._signals()
        yield from self._loops()
        yield from self._inverted()
        yield from self._readers()
        yield from self._factors()
        yield from self._simulated()

    def _about(self, *keys: str | int, message: Text, warning: bool = False) -> Problem:
        return self._problems.about((*self._path, *keys), message, warning=warning)

    def _closing(self) -> Iterator[Problem]:
        lane = self._lane
        if lane.close_mode == "controller":
            if lane.barrier.close_channel is not None:
                message = Text('is not used: with close_mode = "controller" the agent never closes the arm')
                yield self._about("barrier", "close_channel", message=message, warning=True)
            return
        if lane.barrier.close_channel is None:
            yield self._about("close_mode", message=Text('"agent" needs barrier.close_channel'))
        if lane.inputs is None or lane.signals is None or lane.signals.safety is None:
            yield self._about(
                "close_mode", message=Text('"agent" needs inputs and signals that see the vehicle under the arm')
            )

    def _channels(self) -> Iterator[Problem]:
        users: dict[int, str] = {}
        most = self._capabilities.channels if self._capabilities else None
        for name in CHANNELS:
            channel = getattr(self._lane.barrier, name)
            if channel is None:
                continue
            if most is not None and channel > most:
                message = Text(
                    "expected a channel from 1 to {most}: the relay board has no more; got {channel}",
                    most=most,
                    channel=channel,
                )
                yield self._about("barrier", name, message=message)
            if channel in users:
                yield self._about(
                    "barrier",
                    name,
                    message=Text("channel {channel} is {user} already", channel=channel, user=users[channel]),
                )
            users.setdefault(channel, name)

    def _pulse(self) -> Iterator[Problem]:
        capabilities, pulse_ms = self._capabilities, self._lane.barrier.pulse_ms
        if capabilities is None or not capabilities.hardware_pulse or not capabilities.pulse_step_ms:
            return
        if pulse_ms % capabilities.pulse_step_ms:
            message = Text(
                "expected a multiple of {step}, the step of the relay board; got {value}",
                step=capabilities.pulse_step_ms,
                value=pulse_ms,
            )
            yield self._about("barrier", "pulse_ms", message=message)

    def _signals(self) -> Iterator[Problem]:
        lane = self._lane
        if (lane.inputs is None) != (lane.signals is None):
            given, other = ("inputs", "signals") if lane.inputs else ("signals", "inputs")
            yield self._about(given, message=Text("also needs the table {other}", other=other))
        if lane.signals is None:
            return
        users: dict[int, str] = {}
        for name, number in lane.signals.wired.items():
            if isinstance(self._inputs, int) and number > self._inputs:
                message = Text(
                    "expected an input from 1 to {most}: the board has no more; got {number}",
                    most=self._inputs,
                    number=number,
                )
                yield self._about("signals", name, message=message)
            if number in users:
                yield self._about(
                    "signals", name, message=Text("input {number} is {user} already", number=number, user=users[number])
                )
            users.setdefault(number, name)
        shortest = _SAMPLES_BEFORE_STALE / lane.signals.poll_hz
        if lane.timing.stale_s < shortest:
            message = Text(
                "expected at least {shortest:g}, three polls at {poll_hz:g} Hz; got {value:g}",
                shortest=shortest,
                poll_hz=lane.signals.poll_hz,
                value=lane.timing.stale_s,
            )
            yield self._about("timing", "stale_s", message=message)
        else:
            yield from self._second_try(lane.signals.poll_hz)

    def _second_try(self, poll_hz: float) -> Iterator[Problem]:
        """One lost answer of the input board must not stop the lane."""
        stale_s, timeout_ms = self._lane.timing.stale_s, self._timeout_ms
        if not isinstance(timeout_ms, int):
            return
        needed_ms = ceil(round(_TRIES * timeout_ms + _POLLS * 1000 / poll_hz, 3))
        if needed_ms > round(stale_s * 1000, 3):
            message = Text(
                "two tries of {timeout_ms} ms and two polls at {poll_hz:g} Hz take longer than "
                "timing.stale_s ({stale_s:g} seconds), so one lost answer is a fault of the lane. Lower "
                "timeout_ms, or raise timing.stale_s to {least:g}",
                timeout_ms=timeout_ms,
                poll_hz=poll_hz,
                stale_s=stale_s,
                least=needed_ms / 1000,
            )
            yield self._about("inputs", "timeout_ms", message=message, warning=True)

    def _loops(self) -> Iterator[Problem]:
        """A lane sees its vehicles by both loops or by none."""
        signals = self._lane.signals
        if signals is None:
            return
        if (signals.presence is None) != (signals.safety is None):
            given, other = ("presence", "safety") if signals.presence else ("safety", "presence")
            yield self._about(
                "signals", given, message=Text("also needs {other}; a blind lane has neither", other=other)
            )
        if signals.presence is not None or signals.safety is not None:
            return
        for name in _OF_THE_ARM:
            if getattr(signals, name) is not None:
                yield self._about("signals", name, message=Text("also needs presence and safety"))
        if not any(getattr(signals, name) for name in (*_OF_OFFICERS, *_OF_THE_ARM)):
            message = Text("expected presence and safety; or, in a blind lane, at least key or hold")
            yield self._about("signals", message=message)

    def _inverted(self) -> Iterator[Problem]:
        signals = self._lane.signals
        if signals is None:
            return
        wired = set(signals.wired.values())
        seen = Counter[int]()
        for place, number in enumerate(signals.inverted):
            seen[number] += 1
            if number not in wired:
                yield self._about(
                    "signals", "inverted", place, message=Text("no signal is wired to input {number}", number=number)
                )
            if seen[number] > 1:
                yield self._about(
                    "signals", "inverted", place, message=Text("input {number} is listed twice", number=number)
                )

    def _simulated(self) -> Iterator[Problem]:
        """What is only simulated beside a real relay board: a step of the set-up, never a gate at work."""
        lane = self._lane
        if lane.relay.kind == _SIMULATED:
            return
        if lane.inputs is not None and lane.inputs.kind == _SIMULATED:
            if lane.close_mode == "agent":
                message = Text('"agent" needs real inputs beside a real relay board: simulated ones see no vehicle')
                yield self._about("close_mode", message=message)
            message = Text("is simulated beside a real relay board: no vehicle is detected")
            yield self._about("inputs", "kind", message=message, warning=True)
        for place, camera in enumerate(lane.cameras):
            if camera.kind == _SIMULATED:
                message = Text("is simulated beside a real relay board: it sees no vehicle")
                yield self._about("cameras", place, "kind", message=message, warning=True)

    def _factors(self) -> Iterator[Problem]:
        """What the lane asks of plates and VINs."""
        for one in factor_problems(self._lane):
            yield self._about(*one.key, message=one.message, warning=one.warning)

    def _readers(self) -> Iterator[Problem]:
        if self._lane.number > _LAST_LANE_OF_PERMITS:
            message = Text(
                "permits name lanes up to {last}: only permits for all lanes pass here", last=_LAST_LANE_OF_PERMITS
            )
            yield self._about("number", message=message, warning=True)
        if not self._lane.scanners and not any("qr" in camera.readers for camera in self._lane.cameras):
            message = Text("no camera and no scanner reads QR permits: only an officer's order opens this lane")
            yield self._about("cameras", message=message, warning=True)
        for place, camera in enumerate(self._lane.cameras):
            if camera.exposure == "adapt" and "://" in str(camera.table.get("url", "")):
                message = Text("the exposure of a network camera cannot be set here: set it in the camera's own pages")
                yield self._about("cameras", place, "exposure", message=message, warning=True)
