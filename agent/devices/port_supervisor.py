"""The state of a device's port, when to try it again, and what keeps it connected."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from agent.core.model import delay_s
from drivers.api import DeviceError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

FIRST_RETRY_S = 0.25
RETRY_CAP_S = 1.0


class PortState(StrEnum):
    """Every device is expected to vanish and to come back."""

    CONNECTING = "connecting"
    UP = "up"
    STALE = "stale"
    LOST = "lost"


@dataclass(slots=True)
class Retry:
    """Counts failed tries of one port and says when the next is due. Never gives up.

    A device behind a cable comes back when somebody plugs it in, so the cap is short: the gate must be ready again
    within two seconds, and an idle try costs nothing.
    """

    first_s: float = FIRST_RETRY_S
    cap_s: float = RETRY_CAP_S
    _failures: int = 0
    _due_at: float = field(default=0.0)

    def wait_s(self) -> float:
        """Seconds until the next try is due; 0 when it is."""
        return max(0.0, self._due_at - time.monotonic())

    def failed(self) -> None:
        """Note a failed try."""
        pause_s = delay_s(self._failures, self.first_s, self.cap_s, random.random())  # noqa: S311 - jitter, no secret
        self._failures += 1
        self._due_at = time.monotonic() + pause_s

    def succeeded(self) -> None:
        """Note that the port is up."""
        self._failures = 0
        self._due_at = 0.0


class PortSupervisor:
    """Keeps one port connected, for ever. For the one thread that owns the port; `state` is for all.

    `connect` opens the port and returns the identity of what is there; `close` closes it, and never raises.
    `on_change` is called when the state, or the reason for a loss, has become another. `retry`: its own, where trying
    costs more than a call.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[], str],
        close: Callable[[], None],
        on_change: Callable[[], None],
        retry: Retry | None = None,
    ) -> None:
        self._name = name
        self._connect = connect
        self._close = close
        self._on_change = on_change
        self._retry = retry or Retry()
        self._known = (PortState.CONNECTING, "")

    @property
    def state(self) -> PortState:
        """The state of the port."""
        return self._known[0]

    @property
    def detail(self) -> str:
        """What is there while it is up, and why it is lost while it is not."""
        return self._known[1]

    @property
    def is_up(self) -> bool:
        """Whether the port can be used."""
        return self.state is PortState.UP

    def wait_s(self) -> float:
        """Seconds until a port that is not up is to be connected."""
        return self._retry.wait_s()

    def connect(self) -> None:
        """Try to connect, now."""
        self.guarded(self._try)

    def guarded(self, duty: Callable[[], object]) -> None:
        """Do something with the port.

        Any error means that the port is lost: it is closed, and connected again in a while.
        """
        try:
            duty()
        except DeviceError as error:
            self._lost(str(error))
        except Exception as error:
            # A driver's bug must not end the thread, nor leave a relay energised for good.
            log.exception("an error in the thread of %s or in its driver", self._name)
            self._lost(Text("an error in the driver: {kind}", kind=type(error).__name__))

    def _try(self) -> None:
        identity = self._connect()
        self._retry.succeeded()
        self._change(PortState.UP, identity)

    def _lost(self, detail: str) -> None:
        self._close()
        self._retry.failed()
        self._change(PortState.LOST, detail)

    def _change(self, state: PortState, detail: str) -> None:
        if (state, detail) != self._known:
            self._known = (state, detail)
            self._on_change()
