"""The settings of the cameras. They load without any picture library, so that the deciding process may read them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from drivers.camera.source import source_kind


def _known_source(url: str) -> str:
    source_kind(url)
    return url


class OpenCvSettings(BaseModel):
    """Configuration of a camera read by OpenCV."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    url: Annotated[str, AfterValidator(_known_source)] = Field(
        repr=False,
        max_length=2000,
        description="rtsp://, rtsps://, http:// or https:// address, a device below /dev/v4l/by-path/, or a clip.",
    )
    transport: Literal["tcp", "udp"] = Field(default="tcp", description="How RTSP carries the video.")
    open_timeout_ms: int = Field(default=4000, ge=500, le=60_000, description="Give up opening after this.")
    read_timeout_ms: int = Field(
        default=1000, ge=200, le=30_000, description="Give up waiting for a picture after 2 to 3 times this."
    )
    width_px: int | None = Field(default=None, ge=16, le=8192, description="USB cameras: picture width.")
    height_px: int | None = Field(default=None, ge=16, le=8192, description="USB cameras: picture height.")
    frame_rate_hz: float | None = Field(default=None, gt=0, le=240, description="USB cameras: pictures a second.")
    loop: bool = Field(default=False, description="Clips: start again at the end.")
    real_time: bool = Field(default=True, description="Clips: play at the clip's own rate, not as fast as possible.")


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
        description="JSON file that says what stands before the camera; read again whenever it changes. Empty yard "
        "without. The console writes only one in /run/gate-agent/rehearsal or in the folder rehearsal of the state "
        "directory.",
    )
    frame_rate_hz: float = Field(default=25.0, gt=0, le=60, description="Pictures a second.")
