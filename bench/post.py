"""All that a driver and an officer may have beside the camera at a post: signs, speech, a driver page, a witness."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from bench.viewers import DriverScreen
from drivers.emulators.aa55 import Aa55Emulator
from drivers.emulators.fk import FkEmulator
from drivers.emulators.hikvision import HikvisionCamera
from drivers.emulators.onbon import OnbonEmulator

if TYPE_CHECKING:
    from pathlib import Path

SILENT = "pcm.silent { type null }\n"
READERS = 'readers = ["qr", "plate", "vin"]'
LANE = """
[console]
enabled = true
port = 0

[lanes.exit-1.rules]
second_factor = "either"
without_plate = "vin"

[lanes.exit-1.driver_page]
enabled = true

[lanes.exit-1.voice]
kind = "alsa"
device = "silent"
"""
SIGN = """
[[lanes.exit-1.signs]]
id = "{kind}"
kind = "{kind}"
port = "{port}"
"""
WITNESS = """
[[lanes.exit-1.witnesses]]
id = "witness"
kind = "hikvision"
host = "127.0.0.1"
port = {port}
user = "gate"
password = "{password}"
"""
CARDS = {"fk": FkEmulator, "onbon": OnbonEmulator, "aa55": Aa55Emulator}
PASSWORD = "of the bench"  # noqa: S105 - of an emulator


class FullPost:
    """A sign of each family, a sound device that plays into nothing, a witness that reads what it is told.

    `lane`: the TOML of the lane; `environment`: what the agent needs to find the sound device.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self.lane = LANE
        self.environment = {"ALSA_CONFIG_PATH": str(folder / "asound.conf")}

    def __enter__(self) -> Self:
        (self._folder / "asound.conf").write_text(SILENT, encoding="utf-8")
        with self._stack as stack:
            for kind, maker in CARDS.items():
                card = stack.enter_context(maker(self._folder / f"sign-{kind}"))
                self.lane += SIGN.format(kind=kind, port=card.line.link)
            self._witness = stack.enter_context(HikvisionCamera(password=PASSWORD))
            self.lane += WITNESS.format(port=self._witness.port, password=PASSWORD)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def driver_page(self, lane: str) -> DriverScreen:
        """A screen that shows the lane's page; a context manager."""
        return DriverScreen(self._folder, lane)

    def read_plate(self, plate: str) -> None:
        """Have the witness read a plate."""
        self._witness.show(plate)
