"""The digital inputs (GPIO) of a Numato board.

They are read one by one: not every relay board of the vendor can read all of them at once. An exchange takes 2 to 3 ms
on USB, so eight inputs take some 20 ms.
"""

from __future__ import annotations

import time
from typing import ClassVar

from pydantic import Field

from drivers import numato_codec
from drivers.api import DeviceError, InputSample
from drivers.numato_client import NumatoClient, NumatoSettings
from drivers.text import Text


class NumatoInputsSettings(NumatoSettings):
    """Configuration of the inputs of a Numato board. The port may be that of the relays."""

    # Shorter than a relay's: an answer that is lost must be asked for again before the lane distrusts its inputs.
    timeout_ms: int = Field(
        default=100, ge=20, le=5000, description="How long the board may take to answer, in milliseconds."
    )
    count: int = Field(
        default=4,
        ge=1,
        le=len(numato_codec.DIGITS),
        description="How many inputs to read, from GPIO 0, which is input 1.",
    )


class NumatoInputs:
    """The inputs of one board; the port may be shared with its relays."""

    Settings: ClassVar[type[NumatoInputsSettings]] = NumatoInputsSettings

    def __init__(self, settings: NumatoInputsSettings) -> None:
        self._settings = settings
        self._client = NumatoClient(settings)

    def open(self) -> str:
        """Connect and read the inputs once."""
        identity = self._client.open()
        try:
            self.sample()
        except DeviceError:
            self.close()
            raise
        return Text(
            "{board}, {count} inputs, on {port}", board=identity, count=self._settings.count, port=self._settings.port
        )

    def close(self) -> None:
        """Let the port go."""
        self._client.close()

    def sample(self) -> InputSample:
        """Read all inputs now. The time is that of the first asking: the sample is never older than it says."""
        at = time.monotonic()
        return InputSample(tuple(self._level(number) for number in range(1, self._settings.count + 1)), at)

    def _level(self, number: int) -> bool:
        line = numato_codec.read_input(number)
        return numato_codec.input_state(line, self._client.query(line))
