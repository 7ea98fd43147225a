"""The settings of the cameras. They load without any picture library, so that the deciding process may read them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from drivers.camera.source import SourceKind, source_kind
from drivers.text import Text


def _known_source(url: str) -> str:
    source_kind(url)
    return url


def _known_stream(url: str) -> str:
    if source_kind(url) not in {SourceKind.RTSP, SourceKind.HTTP}:
        raise ValueError(Text("only a network camera has a second stream: write its rtsp:// or http:// address"))
    return url


class OpenCvSettings(BaseModel):
    """Configuration of a camera read by OpenCV."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    url: Annotated[str, AfterValidator(_known_source)] = Field(
        repr=False,
        max_length=2000,
        description="rtsp://, rtsps://, http:// or https:// address, a device below /dev/v4l/by-path/, or a clip.",
    )
    second_url: Annotated[str, AfterValidator(_known_stream)] | None = Field(
        default=None,
        repr=False,
        max_length=2000,
        description="The camera's second, small stream (ONVIF: the second profile), used instead of the first one "
        "while nothing moves.",
    )
    transport: Literal["tcp", "udp"] = Field(default="tcp", description="How RTSP carries the video.")
    decode_at_rest: Literal["key_pictures", "all"] = Field(
        default="key_pictures",
        description="RTSP over TCP, while nothing moves and no vehicle waits: decode key frames only, or all pictures.",
    )
    decoder: Literal["software", "h264_v4l2m2m", "hevc_v4l2m2m"] = Field(
        default="software",
        description="Network cameras: what decodes, the processor or the computer's video engine (V4L2), by codec.",
    )
    decoder_device: Path | None = Field(
        default=None, description="The device of the video engine, such as /dev/video10; needed with one."
    )
    open_timeout_ms: int = Field(default=4000, ge=500, le=60_000, description="Stop trying to open after this time.")
    read_timeout_ms: int = Field(
        default=1000, ge=200, le=30_000, description="Stop waiting for a picture after 2 to 3 times this time."
    )
    width_px: int | None = Field(default=None, ge=16, le=8192, description="USB cameras: picture width.")
    height_px: int | None = Field(default=None, ge=16, le=8192, description="USB cameras: picture height.")
    frame_rate_hz: float | None = Field(default=None, gt=0, le=240, description="USB cameras: frame rate in fps.")
    loop: bool = Field(default=False, description="Clips: start again at the end.")
    real_time: bool = Field(default=True, description="Clips: play at the clip's own rate, not as fast as possible.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.decoder != "software" and self.decoder_device is None:
            raise ValueError(Text("write the device of the video engine as decoder_device, such as /dev/video10"))
        if self.second_url is not None and source_kind(self.url) not in {SourceKind.RTSP, SourceKind.HTTP}:
            raise ValueError(Text("only a network camera has a second stream"))
        return self


def second_settings(settings: OpenCvSettings) -> OpenCvSettings:
    """Those of the camera's second stream, which must be there: a camera of its own, without the video engine.

    An engine has few places.
    """
    changes = {"url": settings.second_url, "second_url": None, "decoder": "software", "decoder_device": None}
    return settings.model_copy(update=changes)


class FolderSettings(BaseModel):
    """Configuration of a camera made of pictures."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    path: Path = Field(description="A folder of pictures, one picture, or one clip.")
    interval_ms: int = Field(default=500, ge=0, le=20_000, description="Pictures: the time from one to the next.")
    loop: bool = Field(default=True, description="Start again at the end.")


class SimulatedSettings(BaseModel):
    """Configuration of the simulated camera."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    scene_file: Path | None = Field(
        default=None,
        description="JSON file that describes the scene in front of the camera; read again whenever it changes. "
        "Without it the yard is empty. The console writes only one in /run/gate-agent/rehearsal or in "
        "the folder rehearsal of the state directory.",
    )
    frame_rate_hz: float = Field(default=25.0, gt=0, le=60, description="Frame rate in fps.")
