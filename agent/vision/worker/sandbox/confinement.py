"""All layers of the sandbox, put in place one after the other; what a kernel does not have is told, not hidden."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from agent.vision.worker.protocol import Layer, Sandbox
from agent.vision.worker.sandbox import landlock, limits, seccomp

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.vision.worker.sandbox.readable_files import ReadableFiles

_TOO_OLD = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})


class Confinement:
    """Take away from this process, for ever, all that its camera does not need.

    `bar_files` is called by the first thread while it is the only one: Landlock binds a thread and those that it
    starts, and a library may start one of its own as it is loaded. `complete` is called once all is loaded, before the
    first pixel.
    """

    def __init__(self, surroundings: ReadableFiles) -> None:
        self._around = surroundings
        self._layers = _Layers()

    def bar_files(self) -> None:
        """Leave it the files, devices and ports of its surroundings.

        Libraries can still be loaded, programs not started.
        """
        self._layers.apply_layer(Layer.PRIVILEGES, limits.give_up_privileges)
        _bar_files(self._around, self._layers)

    def complete(self) -> Sandbox:
        """Put all other layers in place. Returns what is in place, and what is not and why."""
        layers = self._layers
        layers.apply_layer(Layer.LIMITS, limits.bound)
        layers.apply_layer(Layer.INSPECTION, limits.forbid_inspection)
        layers.apply_layer(Layer.CODE, limits.forbid_new_code)
        allowed = seccomp.Allowed(
            connects=bool(self._around.tcp_ports),
            accepts=self._around.accepts,
            datagrams=self._around.datagrams,
            devices=bool(self._around.devices),
        )
        # The last: it takes away the calls that the others are made of.
        layers.apply_layer(Layer.CALLS, lambda: seccomp.restrict(allowed))
        return Sandbox(on=tuple(layers.on), missing=tuple(layers.missing))


class _Layers:
    """What is in place, and what is not, with the reason."""

    def __init__(self) -> None:
        self.on: list[Layer] = []
        self.missing: list[str] = []

    def apply_layer(self, layer: Layer, act: Callable[[], None]) -> bool:
        """Put one in place; False when that fails."""
        try:
            act()
        except (OSError, seccomp.FilterError) as error:
            old = isinstance(error, OSError) and error.errno in _TOO_OLD
            self.lack(layer, "this kernel does not have it" if old else str(error))
            return False
        self.on.append(layer)
        return True

    def lack(self, layer: Layer, why: str) -> None:
        self.missing.append(f"{layer}: {why}")


def _bar_files(surroundings: ReadableFiles, layers: _Layers) -> None:
    abi = landlock.version()
    if not abi:
        layers.lack(Layer.FILES, "this kernel has no Landlock")
        return
    strays = len(os.listdir("/proc/self/task")) - 1  # noqa: PTH208 - threads, no files
    if strays:
        layers.lack(Layer.FILES, f"{strays} threads began before the rules and are not bound by them")

    def bar() -> None:
        landlock.restrict(abi, surroundings.readable, surroundings.devices, surroundings.tcp_ports, surroundings.listed)

    if not layers.apply_layer(Layer.FILES, bar):
        return
    for layer, guarded in (
        (Layer.CONNECTIONS, landlock.guards_connections(abi)),
        (Layer.SIGNALS, landlock.guards_signals(abi)),
    ):
        if guarded:
            layers.on.append(layer)
        else:
            layers.lack(layer, f"this kernel's Landlock, version {abi}, does not have it")
