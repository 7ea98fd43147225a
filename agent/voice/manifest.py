"""The manifest of the recordings that are shipped: what is said in each, how it was made, and its checksum.

It is written by tools/render_voice.py. It is not called manifest.toml: files of that name list the works of others.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent.core.model import DriverMessage
from agent.i18n import Language
from agent.voice.recording_key import RecordingError, RecordingKey, all_keys
from drivers.text import Text

SHIPPED: Final = Path(__file__).parent / "recordings"
NAME: Final = "recordings.toml"

_UNUSABLE: Final = Text("{path} cannot be used: {error}; install the package again")
_Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RecordingFormat(_Table):
    """The form that all files have: WAV, PCM."""

    rate_hz: int
    bits: Literal[16]
    channels: Literal[1]


class RenderedVoice(_Table):
    """How the sentences of a language were spoken, and under which licences.

    `status`: what its makers say of the voice. `tool_licence`: of the program and its data, which are not shipped.
    `data_set`: whose speech the voice was made of. `licence`: of the recordings (SPDX).
    """

    voice: str
    speed_wpm: int
    status: str
    tool: str
    version: str
    tool_licence: str
    data_set: str
    licence: str


class ShippedRecording(_Table):
    """One sentence and its file. Levels in dB of full scale: the highest sample, and the root mean square."""

    text: str
    text_sha256: _Digest
    file: str
    sha256: _Digest
    duration_s: float
    peak_dbfs: float
    level_dbfs: float

    @model_validator(mode="after")
    def _is_what_was_spoken(self) -> Self:
        if hashlib.sha256(self.text.encode()).hexdigest() != self.text_sha256:
            raise ValueError(f"the text {self.text!r} is not the one that was spoken: render it anew")
        return self


class Manifest(_Table):
    """All of it."""

    format: RecordingFormat
    voices: dict[Language, RenderedVoice]
    recordings: dict[Language, dict[DriverMessage, ShippedRecording]]

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        for key in all_keys():
            found = self.recordings.get(key.language, {}).get(key.message)
            if found is None or key.language not in self.voices:
                raise ValueError(f"{key} is missing")
            if found.file != key.file:
                raise ValueError(f"the file of {key} is {found.file}, not {key.file}")
        return self

    def of(self, key: RecordingKey) -> ShippedRecording:
        """The recording of a message in a language."""
        return self.recordings[key.language][key.message]


def read_manifest(folder: Path = SHIPPED) -> Manifest:
    """The manifest of a folder. Raises RecordingError where it is not there or not whole."""
    path = folder / NAME
    try:
        return Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        why = ".".join(map(str, first["loc"])) + f": {first['msg']}"
        raise RecordingError(_UNUSABLE.filled(path=path, error=why)) from error
    except (OSError, ValueError) as error:  # no UTF-8, and no TOML, are ValueErrors
        raise RecordingError(_UNUSABLE.filled(path=path, error=error)) from error
