"""The parent's end of an eye: keeps one eye process alive for ever and believes nothing that was not checked."""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.core.backoff import delay_s
from agent.eye.protocol import Attend, Beat, CameraState, Expose, Glimpse, Sandbox, Sighting, Stop
from agent.eye_glimpses import Glimpses
from agent.eye_life import EyeFailedError, EyeLife, EyeLimits
from agent.eye_load import LoadWatch
from agent.eye_news import EyeStatus, Translator
from agent.eye_process import COMMAND, EyeProcess
from agent.eye_score import EyeScore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.eye.protocol import Configure, ToEye
    from agent.eye.wire import Envelope
    from agent.eye_glimpses import LivePicture, Wish
    from agent.eye_news import Seen

log = logging.getLogger(__name__)

_JOIN_SLACK_S = 5.0
_ASK_AGAIN_S = 0.5
_ASK_PAUSE_S = 0.1


class EyePort:
    """Run one eye: start it, pass on what it sees and how it is, kill it when it hangs, start it again.

    `on_seen` and `on_status` are called from the port's own thread and must only pass the news on. All methods may be
    called from any thread.
    """

    def __init__(
        self,
        name: str,
        configure: Configure,
        *,
        on_seen: Callable[[Seen], None],
        on_status: Callable[[EyeStatus], None],
        limits: EyeLimits | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._name = name
        self._configure = configure
        self._on_seen = on_seen
        self._on_status = on_status
        self._limits = limits or EyeLimits()
        self._command = tuple(command)
        self._status = EyeStatus(name)
        self._beat: Beat | None = None
        self._sandbox: Sandbox | None = None
        self._process: EyeProcess | None = None
        self._translator = Translator(name, 0, 0.0)
        self._load = LoadWatch()
        self._score = EyeScore()
        self._present = self._told_present = False
        self._stopping = threading.Event()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._waking = threading.Lock()
        self._glimpses = Glimpses()
        self._exposure: Expose | None = None
        self._thread = threading.Thread(target=self._run, name=f"eye-{name}", daemon=True)

    @property
    def name(self) -> str:
        """The camera's name."""
        return self._name

    @property
    def status(self) -> EyeStatus:
        """How the eye is."""
        return self._status

    @property
    def last_beat(self) -> Beat | None:
        """The figures of the last beat of the process that runs now, for health and console."""
        return self._beat

    @property
    def sandbox(self) -> Sandbox | None:
        """What the newest eye process has taken from itself, and what it could not; None before it says so first."""
        return self._sandbox

    @property
    def score(self) -> EyeScore:
        """How well the process that runs now keeps up."""
        return self._score

    @property
    def pid(self) -> int | None:
        """Process id of the eye that runs now."""
        process = self._process
        return process.pid if process else None

    def start(self) -> None:
        """Start the eye."""
        self._thread.start()

    def stop(self) -> None:
        """End the eye, within `stop_s` and a moment. For once, after `start`."""
        with self._waking:
            self._stopping.set()
            os.eventfd_write(self._wake, 1)
        self._thread.join(self._limits.stop_s + _JOIN_SLACK_S)
        if self._thread.is_alive():
            log.error("the eye %s does not stop; its thread is left behind", self._name)
            return
        os.close(self._wake)

    def attend(self, present: bool) -> None:
        """Tell the eye, now and after every restart, whether a vehicle is there whose code is awaited."""
        if present != self._present:
            self._present = present
            self._wake_up()

    @property
    def picture(self) -> LivePicture | None:
        """The newest picture of the camera that somebody watched, however old; None when there has been none."""
        return self._glimpses.newest

    def watch(self, wish: Wish) -> LivePicture | None:
        """The newest picture of the camera, as `picture`; never waits. Whoever watches calls it again within WANTED_FOR_S.

        The eye makes one picture for all who watch, as large as the largest wish, and none while nobody does.
        """
        if self._glimpses.wish(wish, time.monotonic()):
            self._wake_up()
        return self._glimpses.newest

    def snapshot(self, timeout_s: float = 1.0) -> bytes | None:
        """The newest frame as a small JPEG, as soon as there is one; None when there is none in time.

        The eye is asked again and again: it has no frame before its camera gave the first one, and may be started anew.
        """
        until = time.monotonic() + timeout_s
        while (left_s := until - time.monotonic()) > 0:
            before = self._glimpses.look()
            if not self._wake_up():
                break
            picture = self._glimpses.answer_after(before, min(left_s, _ASK_AGAIN_S))
            if picture is not None:
                return picture
            self._stopping.wait(_ASK_PAUSE_S)
        return None

    def expose(self, share: float | None, for_s: float) -> None:
        """Have an exposure tried for so long, at most 60 s: this share of the light that the automatic takes; None: all.

        `last_beat` tells what came of it. Afterwards the camera is as its settings want it.
        """
        self._exposure = Expose(share=share, for_s=for_s)
        self._wake_up()

    # ------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            born_at = time.monotonic()
            try:
                self._live_once(born_at)
            except EyeFailedError as error:
                if self._stopping.is_set():
                    return
                log.warning("eye %s: the eye process %s; it is started anew", self._name, error)
                self._change(self._status.without_process(f"the eye process {error}"))
            if time.monotonic() - born_at >= self._limits.steady_s:
                failures = 0
            # Jitter, no secret: eyes that failed together do not load the machine in step.
            draw = random.random()  # noqa: S311
            self._stopping.wait(delay_s(failures, self._limits.retry_first_s, self._limits.retry_cap_s, draw))
            failures += 1

    def _live_once(self, born_at: float) -> None:
        """One life of the eye. Raises EyeFailedError when it ends by itself or has to be killed."""
        self._translator = Translator(self._name, self._translator.last_frame, born_at)
        self._load = LoadWatch()
        self._score = EyeScore()
        self._told_present = False
        self._glimpses.begin()
        try:
            self._process = process = EyeProcess(self._command)
        except OSError as error:
            raise EyeFailedError(f"could not be started: {error}") from error
        try:
            self._say(process, self._configure)
            EyeLife(process, self._limits, self._take).attend(self._wake, self._woken)
            self._say(process, Stop())
            if not process.ended_within(self._limits.stop_s):
                log.warning("eye %s: the eye process does not end by itself; killing it", self._name)
        finally:
            self._process = self._beat = None
            process.kill()

    def _say(self, process: EyeProcess, message: ToEye) -> None:
        try:
            process.send(message)
        except OSError as error:
            ended = process.ended_within(1.0)
            raise EyeFailedError(process.how_it_ended() if ended else f"does not listen ({error})") from error

    def _woken(self) -> bool:
        """Do what this thread was woken for; True when it is to stop."""
        if self._stopping.is_set():
            return True
        self._tell()
        return False

    def _wake_up(self) -> bool:
        """Have the port's thread look at what is wanted; False when the port has stopped."""
        with self._waking:
            if self._stopping.is_set():
                return False
            os.eventfd_write(self._wake, 1)
            return True

    def _tell(self) -> None:
        """Say what the eye has not heard yet, once it has begun to work: before, it listens to its settings only."""
        process, present = self._process, self._present
        if process is None or self._beat is None:
            return
        if present != self._told_present:
            self._say(process, Attend(present=present))
            self._told_present = present
        exposure, self._exposure = self._exposure, None
        if exposure is not None:
            self._say(process, exposure)
        for preview in self._glimpses.due(time.monotonic()):
            self._say(process, preview)

    def _take(self, envelope: Envelope) -> None:
        message = envelope.message
        match message:
            case Sighting():
                self._glimpses.sighted(message)
                self._pass_on(self._translator.seen(message, envelope.pictures, time.monotonic()))
            case CameraState():
                self._change(self._status.with_camera(message))
            case Beat():
                self._beat = message
                self._score.heard(message)
                self._tell()
                self._change(replace(self._status, overloaded=self._load.behind(message)))
            case Sandbox():
                if message.missing and message != self._sandbox:
                    log.warning("eye %s: it is not held back in everything: %s", self._name, "; ".join(message.missing))
                self._sandbox = message
            case Glimpse():
                self._glimpses.take(message, envelope.pictures)
            case _:
                log.debug("eye %s: nothing to do for %s", self._name, type(message).__name__)

    def _change(self, status: EyeStatus) -> None:
        if status != self._status:
            self._status = status
            self._pass_on(status)

    def _pass_on(self, news: Seen | EyeStatus) -> None:
        try:
            if isinstance(news, EyeStatus):
                self._on_status(news)
            else:
                self._on_seen(news)
        except Exception:
            # A listener's fault must not blind the gate.
            log.exception("eye %s: a listener failed", self._name)
