"""What a lane says aloud: each message once, in one language, only if someone is there, and never in quiet hours."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agent.core.model import DriverReceipt, QuietHours, ReportOnce, is_quiet
from agent.devices import PortState, VoicePlayer
from agent.voice import RecordingError, spoken_messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import time
    from pathlib import Path

    from agent.core.model import DriverMessage
    from agent.i18n import Language
    from agent.lane.driver_record import Told
    from agent.settings import Voice
    from agent.voice import Recordings
    from drivers.api import VoicePort

log = logging.getLogger(__name__)


class LaneSpeech:
    """The speech of one lane. `tell` is for the lane's own thread, and waits for nothing.

    `local_time`: the time of day at the gate; None while the clock is not trusted. `on_state` gets the states of the
    sound device, as VoicePlayer tells them.
    """

    def __init__(
        self,
        name: str,
        settings: Voice,
        voice: VoicePort,
        recordings: Recordings,
        local_time: Callable[[], time | None],
        on_state: Callable[[PortState, str], None],
    ) -> None:
        self.monitor = VoicePlayer(name, voice, on_state)
        self._languages = settings.languages
        self._quiet_hours = tuple(map(QuietHours.parse, settings.quiet_hours))
        self._recordings = recordings
        self._local_time = local_time
        self._told: tuple[DriverMessage, Language] | None = None
        self._report_once = ReportOnce()

    def tell(
        self,
        message: DriverMessage,
        languages: Iterable[Language],
        *,
        anybody: bool,
        begin: Callable[[DriverMessage], Told] = lambda _message: lambda _languages, _receipt: None,
    ) -> None:
        """Say a message, where it is another than was said last; it cuts off what is being said.

        `languages`: those of the driver, the likeliest first. `anybody`: whether somebody is there to hear it; to
        nobody nothing is said, and the next one hears the message anew. A text of central is never said: it has no
        recording. `begin`: notes that a message is to be said, and returns who gets what became of it.
        """
        language = next((one for one in languages if one in self._languages), self._languages[0])
        wanted = (message, language) if anybody and message in spoken_messages() else None
        if wanted == self._told:
            return
        self._told = wanted
        if wanted is None or is_quiet(self._quiet_hours, self._local_time()):
            self.monitor.hush()
        else:
            self._say(message, language, begin(message))

    def _say(self, message: DriverMessage, language: Language, told: Told) -> None:
        if self.monitor.state is not PortState.UP:
            told((), DriverReceipt.LOST)  # until it is said, should the device return in time

        def became(receipt: DriverReceipt) -> None:
            told(() if receipt is DriverReceipt.LOST else (language.value,), receipt)

        self.monitor.say_found(lambda: self._found(message, language), became)

    def _found(self, message: DriverMessage, language: Language) -> tuple[Path, ...]:
        """The recording; none, and a line in the log, where there is none that is whole. On the monitor's thread."""
        try:
            return (self._recordings.find(message, language),)
        except RecordingError as error:
            if self._report_once.is_new(str(error), message):
                log.error("not said: %s", error)  # noqa: TRY400 - what is wrong is in the words
            return ()
