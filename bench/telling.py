"""From the decision to what the driver sees and hears: on each family of signs, and from the loudspeaker.

Usage: bench/telling.py [--decisions N]

Begun when the decision is there, before it is recorded; ended when the emulated card shows the first line of the new
message, or when the first sample of speech leaves the player. Lane, journal, sign and player are the product's own. A
serial line is a pseudo-terminal, which takes no time: what its speed adds is told beside.
"""

from __future__ import annotations

import argparse
import os
import queue
import random
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from agent.barrier import RelayBoard, Wiring
from agent.core.decision import Decision
from agent.core.events import ClockReading
from agent.core.lane import Decide, Decided, Lane, LaneRules
from agent.core.model import DriverMessage, Instant, Presentation, Reason, Verdict
from agent.devices import DeviceStatusTable, PortState
from agent.i18n import Language
from agent.i18n.driver_texts import sign_lines
from agent.lane.driver_outputs import DriverOutputs, DriverOutputServices, DriverPorts
from agent.lane.loop import LaneDependencies, LaneDetection, LaneLoop
from agent.lane.sign_pages import message_programme
from agent.recording import Recorder
from agent.settings import Lane as LaneSettings
from agent.store.journal import Journal
from bench.figures import Figure, p50, p99, table
from bench.scratch import scratch
from drivers import registry
from drivers.emulators.aa55 import Aa55Emulator
from drivers.emulators.fk import FkEmulator
from drivers.emulators.onbon import OnbonEmulator
from tests.support.voice.recorder import DEVICE
from tests.support.voice.recorder import Recorder as Ear

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from drivers.emulators.sign import EmulatedSign
    from drivers.emulators.sign_display import ShownText

SIGN_GOAL_MS, SOUND_GOAL_MS = 150.0, 300.0
LONG_S: Final = 3600.0
ANSWER_S: Final = 120.0
SETTLED_S: Final = 1.0
LOOK_S: Final = 0.001
BITS_A_BYTE: Final = 10
UTC = 1_795_000_000.0
CARDS: Final[Mapping[str, Callable[[Path], EmulatedSign]]] = {
    "fk": FkEmulator,
    "onbon": OnbonEmulator,
    "aa55": Aa55Emulator,
}
BAUD: Final = {"fk": 9600, "onbon": 57600, "aa55": 9600}
ANSWERS: Final = (
    (Reason.EXPIRED, DriverMessage.CODE_EXPIRED),
    (Reason.WRONG_LANE, DriverMessage.OTHER_LANE),
)
"""Refused in turn for one and the other, so that each decision is another message."""


class Post:
    """A blind lane before which one vehicle stands for ever and shows codes. `decided_at`: each decision's time."""

    def __init__(self, folder: Path, lane: Mapping[str, object], ports: DriverPorts, stack: ExitStack) -> None:
        self._turn = 0
        self.decided_at: queue.SimpleQueue[tuple[float, DriverMessage]] = queue.SimpleQueue()
        journal = Journal.open(
            folder / "journal.db",
            gate="bench",
            boot="1",
            clock=lambda: ClockReading(UTC, synced=True),
            max_bytes=1 << 28,
        )
        stack.callback(journal.close)
        recorder = Recorder(journal, lambda: UTC)
        settings = LaneSettings.model_validate(
            {"number": 1, "direction": "export", "relay": {"kind": "simulated"}, **lane}
        )
        devices = DeviceStatusTable(recorder, lambda: UTC)
        self.devices = devices
        outputs = DriverOutputs("bench", settings, ports, DriverOutputServices(devices, _now))
        board = RelayBoard("bench", registry.relay("simulated", {"name": str(folder)}))
        barrier = board.barrier(Wiring(open_channel=1, pulse_ms=200), lambda _report: None, self._relay_changed)
        rules = LaneRules(
            "bench", 1, blind=True, read_s=LONG_S, decide_s=LONG_S, gone_s=LONG_S, deny_again_s=0.0, grant_s=LONG_S
        )
        self._loop = LaneLoop(
            Lane.start(rules, 1),
            LaneDependencies(
                barrier,
                recorder,
                _now,
                self._decide,
                lambda _pictures: None,
                outputs.observe,
                lambda _answer: None,
            ),
        )
        for part in (devices, self._loop, board, outputs):
            part.start()
            stack.callback(part.stop)
        self._loop.readers_changed(up=True)

    def show_code(self) -> None:
        """Have the vehicle show another code."""
        self._turn += 1
        code = Presentation(f"permit {self._turn}".encode(), "bench", "camera", self._turn, time.monotonic())
        self._loop.detected(LaneDetection((code,), (), {}))

    def _decide(self, question: Decide, now: Instant, _later: Callable[[Decided], None]) -> Decided:
        reason, message = ANSWERS[self._turn % len(ANSWERS)]
        self.decided_at.put((time.monotonic(), message))
        return Decided(now, Decision(Verdict.DENY, reason, ()), 1, question.transaction)

    def _relay_changed(self, state: PortState, _detail: str) -> None:
        self._loop.relay_changed(state)


def _now() -> Instant:
    return Instant(time.monotonic(), UTC)


def sign_times(kind: str, count: int) -> list[float]:
    """From each decision to its message on a sign of this kind, in ms."""
    times: list[float] = []
    shown: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        card = stack.enter_context(CARDS[kind](folder / "sign"))
        _watch(card, shown)
        table_ = {"id": "sign", "kind": kind, "port": str(card.line.link), "languages": ["zh"]}
        port = registry.sign(kind, {"port": str(card.line.link)})
        post = Post(folder, {"signs": [table_]}, DriverPorts({"sign": port}), stack)
        _until_up(post.devices)
        for at, message in _each(post, count):
            wanted = _first_line(message)
            while True:
                seen_at, text = shown.get(timeout=ANSWER_S)
                if text == wanted:
                    break
            times.append((seen_at - at) * 1000)
    return times


def page_bytes(kind: str) -> int:
    """How many bytes a page of one of these messages has on the line."""
    with scratch() as folder, CARDS[kind](folder / "sign") as card:
        sign = registry.sign(kind, {"port": str(card.line.link)})
        sign.open()
        before = len(card.line.received())
        sign.show(message_programme(sign, ANSWERS[0][1], [Language.ZH], is_spoken=False).pages[0].page)
        threading.Event().wait(SETTLED_S)
        sign.close()
        return len(card.line.received()) - before


def sound_times(count: int) -> list[float]:
    """From each decision to the first sample of its sentence that leaves the player, in ms."""
    times: list[float] = []
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        ear = Ear(folder)
        stack.callback(ear.close)
        stack.enter_context(_environment({"ALSA_CONFIG_PATH": str(ear.configuration)}))
        settings = {"voice": {"kind": "alsa", "device": DEVICE, "languages": ["zh"]}}
        post = Post(folder, settings, DriverPorts(voice=registry.voice("alsa", {"device": DEVICE})), stack)
        _until_up(post.devices)
        for at, _ in _each(post, count):
            if not _is_heard(ear, ANSWER_S):
                raise RuntimeError("nothing was said")
            times.append((time.monotonic() - at) * 1000)
            _drain(ear)  # a sentence that is still played would be taken for the next one
    return times


def _each(post: Post, count: int) -> Iterator[tuple[float, DriverMessage]]:
    """Each decision: when it was there, and the message that follows from it."""
    pause, rng = threading.Event(), random.Random(1)
    for _ in range(count):
        pause.wait(rng.uniform(0.3, 0.6))  # as far apart as messages are, and in no step with the lane's ticks
        post.show_code()
        yield post.decided_at.get(timeout=ANSWER_S)


def _first_line(message: DriverMessage) -> str:
    lines = sign_lines(message, Language.ZH, 8, 4)
    if lines is None:
        raise RuntimeError(f"{message} has no lines")
    return lines[0]


def _watch(card: EmulatedSign, shown: queue.SimpleQueue[tuple[float, str]]) -> None:
    """Note the time of each text that the card begins to show."""
    put = card.display.put

    def noted(line: int, text: ShownText, *rest: float, **more: float) -> None:
        shown.put((time.monotonic(), text.text))
        put(line, text, *rest, **more)

    card.display.put = noted  # type: ignore[method-assign]


def _until_up(devices: DeviceStatusTable) -> None:
    pause = threading.Event()
    until = time.monotonic() + ANSWER_S
    while set(devices.states.values()) != {PortState.UP.value}:
        if time.monotonic() > until:
            raise RuntimeError(f"the device does not come up: {devices.known}")
        pause.wait(0.01)


def _drain(ear: Ear) -> None:
    """Take what is played until nothing more comes."""
    while _is_heard(ear, SETTLED_S):
        pass


def _is_heard(ear: Ear, within_s: float) -> bool:
    """Whether a sample comes in time. While nobody plays the end of the pipe reads as empty, so it is asked often."""
    pause, until = threading.Event(), time.monotonic() + within_s
    before = len(ear.heard())
    while len(ear.heard()) == before:
        if time.monotonic() > until:
            return False
        pause.wait(LOOK_S)
    return True


@contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def measure(count: int) -> list[Figure]:
    """All of it, so many decisions for each."""
    figures = []
    for kind in CARDS:
        times, length = sign_times(kind, count), page_bytes(kind)
        line_ms = length * BITS_A_BYTE * 1000 / BAUD[kind]
        note = (
            f"n={count}, worst {max(times):.0f} ms; a page of {length} bytes takes {line_ms:.0f} ms more at "
            f"{BAUD[kind]} baud"
        )
        figures += [
            Figure(f"decision to sign, {kind}, p50", p50(times), "ms", note=note),
            Figure(f"decision to sign, {kind}, p99", p99(times), "ms", SIGN_GOAL_MS, note=note),
        ]
    times = sound_times(count)
    note = f"n={count}, worst {max(times):.0f} ms; aplay into ALSA's file plugin"
    return [
        *figures,
        Figure("decision to sound, p50", p50(times), "ms", note=note),
        Figure("decision to sound, p99", p99(times), "ms", SOUND_GOAL_MS, note=note),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=100, help="decisions for each sign and for the loudspeaker")
    figures = measure(parser.parse_args().decisions)
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
