"""Asks one Numato board on a shared serial port, and the settings that its relays and its inputs have in common."""

from __future__ import annotations

import logging
from math import inf

from pydantic import BaseModel, ConfigDict, Field

from drivers import numato_codec
from drivers.api import DeviceError
from drivers.serial.shared_port import NoReplyError, NotSentError, SerialParameters, SerialPort
from drivers.text import Text

log = logging.getLogger(__name__)

BAUD = 115200
"""The port is USB through and through and ignores its speed; all users of a port must name the same one."""
STEP_TRIES = 2
"""Something late may come in after the first mark."""


class NumatoSettings(BaseModel):
    """The port of a Numato board."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: str = Field(
        pattern="^/",
        description="Path of the serial port. Use a path that survives replugging: /dev/serial/by-id/...",
    )
    timeout_ms: int = Field(
        default=200, ge=20, le=5000, description="How long the board may take to answer, in milliseconds."
    )


class NumatoClient:
    """Gives a board commands, one at a time. Not thread-safe; several clients may share one port.

    After anything that went wrong a mark is sent and waited for before the next command: the board answers in order,
    so that an answer that comes late is never taken for one to a later question.
    """

    def __init__(self, settings: NumatoSettings) -> None:
        self._timeout_s = settings.timeout_ms / 1000
        self._port = SerialPort(settings.port, SerialParameters("numato", BAUD))
        self._marks = 0
        self._in_step = False

    def open(self) -> str:
        """Open the port, clear the board's line, and return its identity. Moves no relay.

        Raises DeviceUnavailableError or DeviceMisconfiguredError; the port is closed then.
        """
        self._port.open()
        self._in_step = False
        try:
            self._send_mark()
            version, identity = self._word(numato_codec.VERSION), self._word(numato_codec.IDENTITY)
        except DeviceError:
            self.close()
            raise
        return Text("Numato board {name}, version {version}", name=identity, version=version)

    def close(self) -> None:
        """Let the port go."""
        self._port.close()

    def query(self, line: str) -> str:
        """Give a command and return its answer, empty where it has none.

        Raises NotSentError when the command was not sent; NoReplyError or BadReplyError when it was and the board did
        not properly take it.
        """
        self._find_step(line)
        return self._exchange(line)

    def send_lines(self, *lines: str, regardless: bool = False, deadline: float = inf) -> None:
        """Give commands, each once. What comes back is only looked at: the effect must be asked for.

        `regardless`: also to a board that does not answer, as a release must be. `deadline`: as in SerialPort.exchange,
        for the commands and not for what comes before them. Raises NotSentError when not even the first was sent.
        """
        try:
            self._find_step(lines[0])
        except NotSentError as error:
            if not (regardless and self._port.is_usable):
                raise
            log.warning("sending %r to a board that does not answer: %s", lines, error)
        for line in lines:
            try:
                self._exchange(line, deadline)
            except (NoReplyError, numato_codec.BadReplyError) as error:
                log.warning("%r went wrong: %s", line, error)
            except NotSentError:
                if line == lines[0]:
                    raise
                log.warning("%r was not sent", line)

    def _word(self, line: str) -> str:
        """The word that the board gives twice: nothing else in the answer would show that it was garbled."""
        first, second = self.query(line), self.query(line)
        return numato_codec.word(line, first, second)

    def _exchange(self, line: str, deadline: float = inf) -> str:
        self._in_step = False
        received = self._port.exchange(
            numato_codec.wire(line), numato_codec.is_complete, self._timeout_s, deadline=deadline
        )
        answer = numato_codec.answer(line, received)
        self._in_step = True
        return answer

    def _find_step(self, line: str) -> None:
        """Come to terms with the board before `line` is sent. Raises NotSentError."""
        tries = STEP_TRIES
        while not self._in_step:
            tries -= 1
            try:
                self._send_mark()
            except (NoReplyError, numato_codec.BadReplyError) as error:
                is_silent = isinstance(error, NoReplyError) and not error.received
                if is_silent or not tries:
                    raise NotSentError(Text("{error}; {line!r} was not sent", error=str(error), line=line)) from error

    def _send_mark(self) -> None:
        """Send a mark and read what the board sends, up to its answer.

        Raises NotSentError, NoReplyError or BadReplyError.
        """
        self._marks += 1
        mark = numato_codec.mark(self._marks)
        received = self._port.exchange(
            numato_codec.wire(mark), lambda got: numato_codec.is_past(mark, got), self._timeout_s
        )
        numato_codec.check_once(mark, received)
        self._in_step = True
