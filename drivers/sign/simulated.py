"""A sign in memory, for demonstrations, training and tests. It refuses what a real sign refuses.

Signs are shared by name within the process: `panel("lane-1")` is what the driver with `name = "lane-1"` writes on, so
that a picture can show it and a test can cut its cable.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from drivers.api import DeviceUnavailableError, SignCapabilities, SignPage, SignProof, SignTimer
from drivers.sign.page_check import check_page
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_S = 3600
TEXT_LIMIT = 200


class SimulatedPanel:
    """The sign itself: what it shows, until when, what it said, and its cable. Any thread may use it.

    `now`: monotonic seconds, by which pages go dark. `unplugged`: nothing reaches it; it goes dark by itself all the
    same. `pages`: how many pages it got.
    """

    def __init__(self, name: str, now: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.now = now
        self.unplugged = False
        self.pages = 0
        self._lock = threading.Lock()
        self._page: SignPage | None = None
        self._dark_at = 0.0
        self._spoken: list[str] = []

    @property
    def page(self) -> SignPage | None:
        """What it shows now; None when it is dark."""
        with self._lock:
            return self._page if self._page is not None and self.now() < self._dark_at else None

    @property
    def spoken(self) -> tuple[str, ...]:
        """All that it said so far."""
        with self._lock:
            return tuple(self._spoken)

    def put(self, page: SignPage) -> None:
        """Show a page. Raises DeviceUnavailableError when it is unplugged."""
        self.check_plugged()
        with self._lock:
            self.pages += 1
            self._page = page if any(line.text for line in page.lines) else None
            self._dark_at = self.now() + page.dark_after_s
            if page.spoken:
                self._spoken.append(page.spoken)

    def check_plugged(self) -> None:
        """Raise DeviceUnavailableError when it is unplugged."""
        if self.unplugged:
            raise DeviceUnavailableError(Text("the simulated sign {name} is unplugged", name=self.name))


_panels: dict[str, SimulatedPanel] = {}
_panels_lock = threading.Lock()


def panel(name: str) -> SimulatedPanel:
    """The sign of this name, made when it is asked for first."""
    with _panels_lock:
        return _panels.setdefault(name, SimulatedPanel(name))


def forget_panels() -> None:
    """Forget all signs."""
    with _panels_lock:
        _panels.clear()


class SimulatedSignSettings(BaseModel):
    """Configuration of a simulated sign."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="sign", min_length=1, description="Name of the sign within the process.")
    lines: int = Field(default=4, ge=1, le=4, description="Number of lines of the sign.")
    columns: int = Field(
        default=16, ge=4, le=64, description="How wide a line is, in columns of half a square. Longer texts scroll."
    )
    speaks: bool = Field(default=True, description="Whether the sign says texts aloud.")


class SimulatedSign:
    """The driver of a simulated sign."""

    Settings: ClassVar[type[SimulatedSignSettings]] = SimulatedSignSettings

    def __init__(self, settings: SimulatedSignSettings) -> None:
        self._settings = settings
        self._panel = panel(settings.name)
        self._is_open = False

    @property
    def capabilities(self) -> SignCapabilities:
        """What this sign can show."""
        return SignCapabilities(
            self._settings.lines,
            self._settings.columns,
            scrolls=True,
            speaks=self._settings.speaks,
            timer=SignTimer.DOCUMENTED,
            longest_s=LONGEST_S,
            proof=SignProof.PAGE,
        )

    def can_show(self, text: str) -> bool:
        """Whether the text is printable and no longer than a real sign would take."""
        return text.isprintable() and len(text) <= TEXT_LIMIT

    def can_speak(self, text: str) -> bool:
        """Whether the sign speaks."""
        return self._settings.speaks and bool(text) and self.can_show(text)

    def open(self) -> str:
        """Connect to the sign."""
        self._panel.check_plugged()
        self._is_open = True
        return Text("simulated sign {name}, {lines} lines", name=self._panel.name, lines=self._settings.lines)

    def close(self) -> None:
        """Let the sign go; its page goes dark by itself."""
        self._is_open = False

    def show(self, page: SignPage) -> None:
        """Show the page."""
        check_page(self, page)
        if not self._is_open:
            raise DeviceUnavailableError(Text("the simulated sign {name} is not open", name=self._panel.name))
        self._panel.put(page)
