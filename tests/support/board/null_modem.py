"""Two serial ports whose wires cross."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.emulators.pty import PtyLine

if TYPE_CHECKING:
    from pathlib import Path


class NullModem:
    """Two ports whose wires cross: what goes into one comes out of the other."""

    def __init__(self, folder: Path) -> None:
        self.device = PtyLine(folder / "device-end", self._to_client)
        self.client = PtyLine(folder / "client-end", self.device.send)

    def _to_client(self, data: bytes) -> None:
        self.client.send(data)

    def sent_by_client(self) -> bytes:
        return self.client.received()
