"""Hikvision cameras that read plates, by ISAPI's stream of alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from drivers.witness.hikvision_codec import HikvisionCodec
from drivers.witness.plate_stream import PlateStream
from drivers.witness.settings import PlateCameraSettings

if TYPE_CHECKING:
    from drivers.api import CameraNeeds


class HikvisionSettings(PlateCameraSettings):
    """Configuration of a Hikvision camera that reads plates."""


class HikvisionWitness(PlateStream):
    """A Hikvision camera that reads plates."""

    Settings: ClassVar[type[HikvisionSettings]] = HikvisionSettings

    def __init__(self, settings: HikvisionSettings) -> None:
        super().__init__(settings, HikvisionCodec())

    @staticmethod
    def needs(settings: HikvisionSettings) -> CameraNeeds:
        """What of the machine it must reach."""
        return settings.needs
