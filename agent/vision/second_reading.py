"""The second readers: confined processes that wait. Each reads the kept pictures of one vehicle and ends.

The parent checks everything that they say, and none of them may delay a lane.
"""

from __future__ import annotations

import logging
import os
import random
import selectors
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from agent.core.decision import PicturesShown, PlateShown, VinShown
from agent.core.model import delay_s
from agent.service.worker import Worker
from agent.vision.template_link import ForkedProcess, TemplateProcess
from agent.vision.worker import protocol
from agent.vision.worker.protocol import VERSION, Hello, ProtocolError, ReadPictures, Sandbox
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

log = logging.getLogger(__name__)

COMMAND: Final = (sys.executable, "-I", "-m", "agent.vision.worker.second_reader")
WITHOUT_PRINT: Final = (*COMMAND, "--without-print")
"""Where no camera reads VINs: the network for print takes 95 MB of each process."""
LIMIT_S: Final = 60.0
"""How long its thread may take over one round."""
_NOT_OPEN: Final = -1
_JOIN_SLACK_S: Final = 3.0
_REAP_EVERY_S: Final = 0.05
_LATE: Final = Text("no answer came in time")
_STOPPED: Final = Text("the agent stops")


@dataclass(frozen=True, slots=True)
class SecondReadingLimits:
    """How long what may take, in seconds.

    `start_s`: from the start of the template until the first one is confined and waits. `fork_s`: until the next ones
    are. `reading_s`: to read the pictures. `answer_s`: from the question to the answer, where need be with the start of
    a process. `killed_s`: to end once killed. `rest_s`: from an answer until the next one is forked, where nobody asks
    meanwhile. `retry_first_s`, `retry_cap_s`: the backoff between starts that fail. `steady_s`: one that has waited for
    so long, or has answered, clears it.
    """

    start_s: float = 30.0
    fork_s: float = 5.0
    reading_s: float = 3.0
    answer_s: float = 8.0
    killed_s: float = 1.0
    rest_s: float = 0.3
    retry_first_s: float = 0.5
    retry_cap_s: float = 30.0
    steady_s: float = 5.0


@dataclass(frozen=True, slots=True)
class SecondReadingStatus:
    """How the second readers are.

    `ready`: how many wait, of those `wanted`. `trouble`: why the last one could not be started or ended too soon; empty
    where one has waited, or answered, well since. `unconfined`: what the newest could not take from itself, and why.
    """

    wanted: int
    ready: int = 0
    trouble: str = ""
    unconfined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """Pictures to be read, until when (monotonic), and who is to hear of it. `retried`: one reader failed over them."""

    codes: tuple[bytes, ...]
    plates: tuple[bytes, ...]
    vins: tuple[bytes, ...]
    due_at: float
    answer: Callable[[PicturesShown | None, str], None]
    retried: bool = False


@dataclass(slots=True, eq=False)
class _Reader:
    """One process. It is `ready` once it is confined, then it gets one question. `due_at`: when what it does is late.

    While it waits: when it has waited for so long that it counts as steady.
    """

    process: ForkedProcess
    due_at: float
    greeted: bool = False
    ready: bool = False
    question: _Question | None = None


class SecondReadingService:
    """Keep `wanted` second readers waiting, give each one question, and end it. For all threads."""

    def __init__(
        self, wanted: int, *, limits: SecondReadingLimits | None = None, command: Sequence[str] = COMMAND
    ) -> None:
        self._wanted = wanted
        self._limits = limits or SecondReadingLimits()
        self._command = tuple(command)
        self._questions: deque[_Question] = deque()
        self._template: TemplateProcess | None = None
        self._forks = False
        self._readers: list[_Reader] = []
        self._ending: list[tuple[ForkedProcess | TemplateProcess, float]] = []
        self._failures = 0
        self._start_at = 0.0
        self._status = SecondReadingStatus(wanted)
        self._wake = _NOT_OPEN
        self._waking = threading.Lock()
        self.worker = Worker("second-reading", self._run, limit_s=LIMIT_S)

    @property
    def status(self) -> SecondReadingStatus:
        """How the second readers are."""
        return self._status

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of those that run."""
        return tuple(reader.process.pid for reader in tuple(self._readers) if reader.greeted)

    def start(self) -> None:
        """Begin to start second readers. Raises OSError where the process has no file left to open."""
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.worker.start()

    def stop(self) -> bool:
        """End them all, within a bounded time; whether that is done. Questions that wait are answered: not read."""
        with self._waking:
            self.worker.ask_to_stop()
            if self._wake != _NOT_OPEN:
                os.eventfd_write(self._wake, 1)
        if not self.worker.join(self._limits.killed_s + _JOIN_SLACK_S):
            return False
        with self._waking:
            if self._wake != _NOT_OPEN:
                os.close(self._wake)
                self._wake = _NOT_OPEN
        self._answer_all(_STOPPED)
        return True

    def read(
        self,
        codes: Sequence[bytes],
        plates: Sequence[bytes],
        answer: Callable[[PicturesShown | None, str], None],
        vins: Sequence[bytes] = (),
    ) -> None:
        """Have pictures read, JPEG: those that show a code, those that are a plate each, and those that show a VIN.

        `answer` is called once, from another thread, within `answer_s` and a moment, with what they show; or with None
        and, in words, why that is not known.
        """
        due_at = time.monotonic() + self._limits.answer_s
        question = _Question(tuple(codes), tuple(plates), tuple(vins), due_at, answer)
        with self._waking:
            if not self.worker.stopping and self._wake != _NOT_OPEN:
                self._questions.append(question)
                os.eventfd_write(self._wake, 1)
                return
        answer(None, _STOPPED)

    # ------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake, selectors.EVENT_READ)
            try:
                while not self.worker.stopping:
                    self._round(selector)
            finally:
                for reader in tuple(self._readers):
                    self._end(selector, reader, _STOPPED)
                self._end_template()
                self._reap(self._limits.killed_s)

    def _round(self, selector: selectors.BaseSelector) -> None:
        self._reap(0.0)
        self._start_one(selector)
        self._hand_out(selector)
        self._expire(selector)
        now = time.monotonic()
        waiting = [reader for reader in self._spares() if reader.ready]
        if any(now >= reader.due_at for reader in waiting):
            self._recovered()
        self._status = replace(self._status, ready=len(waiting))
        with self.worker.resting():
            ready = {key.fd for key, _ in selector.select(max(0.0, min(self._due(), default=now + LIMIT_S / 2) - now))}
        if self._wake in ready:
            with suppress(BlockingIOError):
                os.eventfd_read(self._wake)
        for reader in tuple(self._readers):
            if reader.process.fileno() in ready:
                self._listen(selector, reader)

    def _due(self) -> Iterator[float]:
        """When something is to be done though nobody speaks."""
        # A copy, as others put questions in meanwhile.
        yield from (question.due_at for question in tuple(self._questions))
        now = time.monotonic()
        yield from (reader.due_at for reader in self._readers if reader.due_at > now or reader.question is not None)
        is_one_due = len(self._spares()) < self._wanted and all(reader.ready for reader in self._readers)
        if is_one_due and (self._failures or not self._is_reading()):
            yield self._start_at
        if self._ending:
            yield now + _REAP_EVERY_S

    def _spares(self) -> list[_Reader]:
        return [reader for reader in self._readers if reader.question is None]

    def _start_one(self, selector: selectors.BaseSelector) -> None:
        """Have one forked where one is wanted and none is on its way: two at a time would only hinder one another."""
        now = time.monotonic()
        starting = any(not reader.ready for reader in self._readers)
        if starting or len(self._spares()) >= self._wanted or self._is_resting(now):
            return
        try:
            process = self._living_template().forked()
        except OSError as error:
            self._end_template()
            self._failed(Text("it could not be started: {error}", error=error))
            return
        self._readers.append(_Reader(process, now + (self._limits.fork_s if self._forks else self._limits.start_s)))
        selector.register(process, selectors.EVENT_READ)

    def _is_resting(self, now: float) -> bool:
        """Whether the next one is to wait: for the backoff, or for the barrier of the vehicle whose pictures are read.

        On a box of two cores its start would take one of them from just these.
        """
        if self._failures:
            return now < self._start_at
        return not self._questions and (now < self._start_at or self._is_reading())

    def _is_reading(self) -> bool:
        return any(reader.question is not None for reader in self._readers)

    def _living_template(self) -> TemplateProcess:
        """The process that second readers are forked from; started where there is none. Raises OSError."""
        if self._template is not None and self._template.ended_within(0.0):
            self._end_template()
        if self._template is None:
            self._template = TemplateProcess(self._command)
            self._forks = False
        return self._template

    def _end_template(self) -> None:
        """Kill it, and with it what was forked from it."""
        if self._template is not None:
            self._template.kill()
            self._ending.append((self._template, time.monotonic() + self._limits.killed_s))
            self._template = None

    def _hand_out(self, selector: selectors.BaseSelector) -> None:
        for reader in [one for one in self._spares() if one.ready]:
            if not self._questions:
                return
            reader.question = question = self._questions.popleft()
            reader.due_at = min(question.due_at, time.monotonic() + self._limits.reading_s)
            message = ReadPictures(codes=len(question.codes), plates=len(question.plates), vins=len(question.vins))
            try:
                reader.process.send(message, (*question.codes, *question.plates, *question.vins))
            except OSError as error:
                self._end(selector, reader, Text("it does not listen ({error})", error=error))
            except ProtocolError as error:
                self._end(selector, reader, Text("the pictures cannot be handed over: {error}", error=error))

    def _expire(self, selector: selectors.BaseSelector) -> None:
        now = time.monotonic()
        for reader in tuple(self._readers):
            if now >= reader.due_at and reader.question is not None:
                self._end(selector, reader, _LATE)
            elif now >= reader.due_at and not reader.ready:
                self._end(selector, reader, "")
                limit_s = self._limits.fork_s if self._forks else self._limits.start_s
                self._end_template()
                self._failed(Text("it was not ready within {start_s} s", start_s=f"{limit_s:g}"))
        for question in [one for one in tuple(self._questions) if now >= one.due_at]:
            self._questions.remove(question)
            trouble = self._status.trouble
            question.answer(None, Text("there is no second reader: {trouble}", trouble=trouble) if trouble else _LATE)

    def _listen(self, selector: selectors.BaseSelector, reader: _Reader) -> None:
        try:
            envelopes = reader.process.receive()
            if envelopes is None:
                self._lost(selector, reader, self._how_it_ended(reader))
                return
            for envelope in envelopes:
                if reader not in self._readers:
                    return  # it has answered: what else it says is nobody's concern
                self._take(selector, reader, envelope.message)
        except ProtocolError as error:
            self._lost(selector, reader, Text("it broke the protocol: {error}", error=error))

    def _take(self, selector: selectors.BaseSelector, reader: _Reader, message: protocol.WorkerMessage) -> None:
        match message:
            case Hello() if not reader.greeted and message.pid == reader.process.pid:
                if message.version != VERSION:
                    raise ProtocolError(
                        Text(
                            "the vision worker has version {version} of the protocol, this agent {own}: "
                            "mixed installations",
                            version=message.version,
                            own=VERSION,
                        )
                    )
                reader.greeted = True
            case Sandbox(missing=missing) if reader.greeted and not reader.ready:
                reader.ready = self._forks = True
                reader.due_at = time.monotonic() + self._limits.steady_s
                if missing and missing != self._status.unconfined:
                    log.warning("missing in the sandbox of a second reader: %s", "; ".join(missing))
                self._status = replace(self._status, unconfined=missing)
            case protocol.PicturesShown() if reader.question is not None:
                question, reader.question = reader.question, None
                try:
                    shown = _shown(question, message)
                except ProtocolError:
                    reader.question = question
                    raise
                self._end(selector, reader, "")
                self._recovered()
                self._start_at = time.monotonic() + self._limits.rest_s
                question.answer(shown, "")
            case _:
                raise ProtocolError(Text("unexpected message {name}", name=type(message).__name__))

    def _how_it_ended(self, reader: _Reader) -> str:
        ended = reader.process.ended_within(self._limits.killed_s)
        return reader.process.how_it_ended() if ended else Text("closed its socket")

    def _lost(self, selector: selectors.BaseSelector, reader: _Reader, why: str) -> None:
        """A process is over before its time: over a question, or before it got one."""
        asked = reader.question is not None
        self._end(selector, reader, why)
        if asked:
            log.warning("a second reader failed over its pictures: %s", why)
            return
        if not reader.ready:
            self._end_template()
        self._failed(why)

    def _failed(self, why: str) -> None:
        """Note that a process cannot be had, and wait before the next try."""
        # Jitter, no secret.
        draw = random.random()  # noqa: S311
        self._start_at = time.monotonic() + delay_s(
            self._failures, self._limits.retry_first_s, self._limits.retry_cap_s, draw
        )
        self._failures += 1
        if why != self._status.trouble:
            log.warning("no second reader: %s", why)
        self._status = replace(self._status, trouble=why)

    def _recovered(self) -> None:
        self._failures = 0
        self._status = replace(self._status, trouble="")

    def _end(self, selector: selectors.BaseSelector, reader: _Reader, why: str) -> None:
        """Kill a process. A question that it had goes to one more, and then is answered: not read.

        One may have come to grief by itself, as where memory was short; two did so by the pictures.
        """
        selector.unregister(reader.process)
        reader.process.kill()
        self._readers.remove(reader)
        self._ending.append((reader.process, time.monotonic() + self._limits.killed_s))
        question, reader.question = reader.question, None
        if question is None:
            return
        if question.retried or self.worker.stopping or time.monotonic() >= question.due_at:
            question.answer(None, why)
        else:
            self._questions.appendleft(replace(question, retried=True))

    def _reap(self, wait_s: float) -> None:
        """See the ends of those that were killed; what the kernel holds is left to a thread of its own."""
        left = []
        for process, until in self._ending:
            if process.ended_within(wait_s):
                continue
            if time.monotonic() >= until:
                process.leave_to_end()
            else:
                left.append((process, until))
        self._ending = left

    def _answer_all(self, why: str) -> None:
        while self._questions:
            self._questions.popleft().answer(None, why)


def _shown(question: _Question, message: protocol.PicturesShown) -> PicturesShown:
    """The answer to a question as values of the core. Raises ProtocolError where it is one to another question."""
    told = (len(message.codes), len(message.plates), len(message.vins))
    if told != (len(question.codes), len(question.plates), len(question.vins)):
        raise ProtocolError("an answer about other pictures")
    return pictures_shown(message)


def pictures_shown(message: protocol.PicturesShown) -> PicturesShown:
    """What a second reader says as values of the core."""
    return PicturesShown(
        codes=tuple(code for codes in message.codes for code in codes),
        plates=tuple(
            None
            if plate is None
            else PlateShown(plate.text, plate.positions, plate.confidence, plate.columns, plate.two_lines)
            for plate in message.plates
        ),
        vins=tuple(
            tuple(VinShown(vin.text, vin.source, vin.positions, vin.confidence, vin.columns) for vin in vins)
            for vins in message.vins
        )
        or None,
    )
