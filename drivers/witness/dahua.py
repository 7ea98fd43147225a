"""Dahua cameras that read plates, by their event manager, or by their snapshot manager where pictures are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from drivers.witness.dahua_codec import DahuaCodec
from drivers.witness.plate_stream import PlateStream
from drivers.witness.settings import PlateCameraSettings

if TYPE_CHECKING:
    from drivers.api import CameraNeeds


class DahuaSettings(PlateCameraSettings):
    """Configuration of a Dahua camera that reads plates."""

    silence_s: float = Field(
        default=20.0,
        ge=0.5,
        le=600,
        description="Seconds without a complete message after which the agent reconnects to the camera. It asks for "
        "a heartbeat every 5 s.",
    )
    certain: float = Field(
        default=255.0,
        ge=1,
        le=1000,
        description="The number that means full confidence with this camera: 255 or 100, depending on model and "
        "firmware.",
    )


class DahuaWitness(PlateStream):
    """A Dahua camera that reads plates."""

    Settings: ClassVar[type[DahuaSettings]] = DahuaSettings

    def __init__(self, settings: DahuaSettings) -> None:
        super().__init__(settings, DahuaCodec(settings.certain, pictures=settings.pictures))

    @staticmethod
    def needs(settings: DahuaSettings) -> CameraNeeds:
        """What of the machine it must reach."""
        return settings.needs
