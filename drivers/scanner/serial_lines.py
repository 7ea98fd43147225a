"""QR scanners that send each text over a serial line: RS232, a USB adapter, or a USB scanner in serial mode.

What the code holds goes on as bytes, whatever they are; whether it is a permit is for others to say. Texts are never
logged, only their length and digest.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections import deque
from dataclasses import replace
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from drivers.api import DeviceError, Scan, ScanLosses
from drivers.scanner.framing import LINE_END, FrameRules, Framing
from drivers.serial.shared_port import SerialParameters, SerialPort
from drivers.text import Text

log = logging.getLogger(__name__)

QUEUE_LENGTH = 32
DIGEST_LENGTH = 16
LEAST_SILENCE_MS = 20
"""USB adapters hold bytes back for up to 16 ms, so a shorter silence says nothing."""

_ESCAPED = re.compile(r"\\(x[0-9A-Fa-f]{2}|.?)", re.DOTALL)
_ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


def octets(text: str) -> bytes:
    r"""The bytes that a setting names: ASCII, with the escapes \r \n \t \0 \\ \x02. Raises ValueError."""
    plain = _ESCAPED.sub(_unescaped, text)
    try:
        return plain.encode("latin-1" if text.isascii() else "ascii")
    except UnicodeEncodeError:
        message = Text(r"expected ASCII characters and escapes such as \r or \x02; write any other byte as \xHH")
        raise ValueError(message) from None


def _unescaped(match: re.Match[str]) -> str:
    escape = match[1]
    if escape.startswith("x") and len(escape) > 1:
        return chr(int(escape[1:], 16))
    try:
        return _ESCAPES[escape]
    except KeyError:
        message = Text(
            r"no such escape: \{escape}; there is \r \n \t \0 \\ and \xHH with two hexadecimal digits", escape=escape
        )
        raise ValueError(message) from None


def _escaped(value: str) -> str:
    octets(value)
    return value


def _hexadecimal(value: str) -> str:
    try:
        bytes.fromhex(value)
    except ValueError:
        raise ValueError(Text('expected bytes in hexadecimal digits, such as "16 54 0D"')) from None
    return value


def _silence(value: int) -> int:
    if 0 < value < LEAST_SILENCE_MS:
        raise ValueError(
            Text("expected 0, or at least {least}: adapters can pause that long within a text", least=LEAST_SILENCE_MS)
        )
    return value


class SerialLinesSettings(BaseModel):
    """Configuration of a scanner on a serial line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: str = Field(
        pattern="^/",
        description="Path of the serial port. Use a path that survives replugging: /dev/serial/by-id/... or "
        "by-path/...",
    )
    baud: int = Field(default=9600, ge=1200, le=256000, description="Speed of the line in bits per second.")
    parity: Literal["N", "E", "O"] = Field(default="N", description="Parity: N none, E even, O odd.")
    stop_bits: Literal[1, 2] = Field(default=1, description="Number of stop bits.")
    prefix: Annotated[str, AfterValidator(_escaped)] = Field(
        default="", description=r"What the scanner sends before each text; a text without it is dropped. \x02 is STX."
    )
    suffix: Annotated[str, AfterValidator(_escaped)] = Field(
        default="\r\n",
        description=(
            r"What the scanner sends after each text. The default accepts CR, LF and CR LF. "
            "Empty: nothing, and timeout_ms ends the text."
        ),
    )
    timeout_ms: Annotated[int, AfterValidator(_silence)] = Field(
        default=0,
        ge=0,
        le=5000,
        description=(
            "Silence, in milliseconds, after which a text is complete without its suffix; "
            "for scanners that send none. 0: only the suffix ends a text."
        ),
    )
    max_length: int = Field(
        default=3000,
        ge=64,
        le=8192,
        description="Maximum length of a text, in bytes. A longer text is dropped as a whole.",
    )
    wake: Annotated[str, AfterValidator(_hexadecimal)] = Field(
        default="",
        description='Bytes, in hexadecimal digits, that switch the scanner on when it is opened: "16 54 0D".',
    )

    @model_validator(mode="after")
    def _a_text_has_an_end(self) -> Self:
        suffix = octets(self.suffix)
        if not suffix and not self.timeout_ms:
            raise ValueError(Text('suffix = "" also needs timeout_ms: nothing else ends a text'))
        ends = [b"\r", b"\n"] if suffix == LINE_END else [suffix] if suffix else []
        if any(end in octets(self.prefix) for end in ends):
            raise ValueError(Text("the prefix contains the suffix, so every text would end before it begins"))
        return self


class SerialLinesScanner:
    """A scanner that sends what it reads; nothing is asked of it.

    Whether a scanner hangs on the port is not known until it sends something: a port that opens counts as one.
    """

    Settings: ClassVar[type[SerialLinesSettings]] = SerialLinesSettings

    def __init__(self, settings: SerialLinesSettings) -> None:
        self._rules = FrameRules(
            octets(settings.prefix), octets(settings.suffix), settings.timeout_ms / 1000, settings.max_length
        )
        self._framing = Framing(self._rules)
        self._texts: deque[Scan] = deque()
        self._crowded = 0
        self._wake = bytes.fromhex(settings.wake)
        self._baud = settings.baud
        parameters = SerialParameters("scanner", settings.baud, settings.parity, settings.stop_bits)
        self._port = SerialPort(settings.port, parameters)

    @property
    def losses(self) -> ScanLosses:
        """What was dropped so far."""
        return replace(self._framing.losses, crowded=self._crowded)

    def open(self) -> str:
        """Open the port and wake the scanner. What it had sent before is not looked at."""
        self.close()
        self._port.open()
        try:
            if self._wake:
                self._port.send(self._wake)
        except DeviceError:
            self.close()
            raise
        return Text("scanner on {path}, {baud} baud", path=self._port.path, baud=self._baud)

    def close(self) -> None:
        """Let the port go, and forget what was not read."""
        self._port.close()
        self._framing = Framing(self._rules, losses=self._framing.losses)
        self._texts.clear()

    def read(self, timeout_s: float) -> Scan | None:
        """The next text; None when none is complete within `timeout_s`, also while bytes go on coming."""
        deadline = time.monotonic() + timeout_s
        while not self._texts:
            wait_s = min(deadline, self._framing.due_at) - time.monotonic()
            data = self._port.receive(max(0.0, wait_s))
            now = time.monotonic()
            self._framing, frames = self._framing.feed(data, now) if data else self._framing.silent(now)
            for frame in frames:
                self._queue(Scan(frame.text, frame.at))
            if now >= deadline:
                break
        return self._texts.popleft() if self._texts else None

    def _queue(self, scan: Scan) -> None:
        if len(self._texts) == QUEUE_LENGTH:
            self._crowded += 1
            return
        self._texts.append(scan)
        if log.isEnabledFor(logging.DEBUG):
            digest = hashlib.sha256(scan.payload).hexdigest()[:DIGEST_LENGTH]
            log.debug("%s < a text of %d bytes, digest %s", self._port.path, len(scan.payload), digest)
