"""A mosquitto of the demo's own, on a free port of this machine."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0
SEARCH_PATH = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"


class BrokerError(Exception):
    """The broker is not there or does not start."""


class Broker:
    """Start and stop one mosquitto; the port stays the same over restarts."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("mosquitto") or shutil.which("mosquitto", path=SEARCH_PATH)
        if program is None:
            message = "mosquitto is not installed; install it with: apt-get install mosquitto"
            raise BrokerError(message)
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]

    def start(self) -> None:
        """Start and wait until the port answers. Raises BrokerError when it does not."""
        configuration = self._folder / "mosquitto.conf"
        configuration.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location "
            f"{self._folder}/\nset_tcp_nodelay true\nmax_queued_messages 100000\nlog_dest file "
            f"{self._folder / 'mosquitto.log'}\n",
            encoding="utf-8",
        )
        self._process = subprocess.Popen(  # noqa: S603 - a program found on fixed system paths
            [self._program, "-c", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + START_TIMEOUT_S
        pause = threading.Event()
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=0.2).close()
            except OSError:
                pause.wait(0.02)
                continue
            return
        self.stop()
        message = f"mosquitto does not answer on port {self.port}; see {self._folder / 'mosquitto.log'}"
        raise BrokerError(message)

    def stop(self) -> None:
        """Stop it, within a bounded time."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
