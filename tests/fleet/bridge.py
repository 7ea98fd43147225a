"""A network between central and gates in containers: a bridge of this machine, which leads nowhere else."""

import os
import secrets
import subprocess

from tests.support.waiting import PATIENCE_S

FIRST_GATE = 10


class Bridge:
    """`name`: of the interface. `address`: of this machine in it, where central is. Needs root."""

    def __init__(self):
        self.name = f"fleet{os.getpid() % 10**8}"
        self._net = f"10.231.{secrets.randbelow(256)}"
        self.address = f"{self._net}.1"

    def __enter__(self):
        _ip("link", "add", self.name, "type", "bridge")
        _ip("address", "add", f"{self.address}/24", "dev", self.name)
        _ip("link", "set", self.name, "up")
        return self

    def __exit__(self, *_):
        _ip("link", "delete", self.name)

    def of_gate(self, number):
        """The address of a gate, with the width of the network."""
        return f"{self._net}.{FIRST_GATE + number}/24"


def _ip(*words):
    subprocess.run(["ip", *words], check=True, timeout=PATIENCE_S)
