"""The network of a site: each gate in a network namespace of its own, on one switch, where cables can be pulled."""

import os
import secrets
import subprocess
from contextlib import contextmanager
from shutil import which


def why_no_namespaces():
    """Why network namespaces cannot be made here; empty where they can."""
    if os.geteuid() != 0 or which("ip") is None:
        return "network namespaces need root and ip"
    # Not by the number of this process: another with the same one may run beside, in a process name space of its own.
    probe = f"probe{secrets.token_hex(4)}"
    done = subprocess.run(["ip", "netns", "add", probe], check=False, capture_output=True, text=True)
    if done.returncode:
        return f"network namespaces cannot be made here: {done.stderr.strip()}"
    _ip("netns", "del", probe)
    return ""


class Loopback:
    """All gates on 127.0.0.1; no cable can be pulled."""

    host = "127.0.0.1"
    can_split = False

    def command(self, _gate):
        return []


class Switch:
    """A bridge that the broker listens on, and a namespace with a cable to it for every gate."""

    can_split = True

    def __init__(self, gates):
        self._bridge = f"gs{secrets.token_hex(4)}"
        net = f"10.{64 + secrets.randbelow(64)}.{secrets.randbelow(250)}"
        self.host = f"{net}.254"
        self._gates = {
            gate: (f"{self._bridge}-{n}", f"{self._bridge}v{n}", f"{net}.{n + 1}") for n, gate in enumerate(gates)
        }

    def make(self):
        _ip("link", "add", self._bridge, "type", "bridge")
        _ip("addr", "add", f"{self.host}/24", "dev", self._bridge)
        _ip("link", "set", self._bridge, "up")
        for space, cable, address in self._gates.values():
            _ip("netns", "add", space)
            _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
            _ip("link", "set", cable, "master", self._bridge, "up")
            _ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
            _ip("-n", space, "link", "set", "eth0", "up")
            _ip("-n", space, "link", "set", "lo", "up")

    def remove(self):
        for space, _cable, _address in self._gates.values():
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", self._bridge], check=False, capture_output=True)

    def command(self, gate):
        return ["ip", "netns", "exec", self._gates[gate][0]]

    def pull(self, gate):
        _ip("link", "set", self._gates[gate][1], "down")

    def plug(self, gate):
        _ip("link", "set", self._gates[gate][1], "up")


@contextmanager
def network(gates, *, splits):
    """The network for these gates: namespaces where it must be split, else the loopback."""
    if not splits:
        yield Loopback()
        return
    switch = Switch(gates)
    try:
        switch.make()
        yield switch
    finally:
        switch.remove()


def _ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
