"""An exposure that somebody tries from the console: it ends by itself, at most a minute later."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.vision.worker.protocol import Expose


class ExposureTrial:
    """Hold the exposure that is tried now, and end it in time. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._share: float | None = None
        self._ends_at: float | None = None

    def begin(self, request: Expose, at: float) -> None:
        """Try this exposure from now on, in place of one that is tried already."""
        self._share, self._ends_at = request.share, at + request.for_s

    @property
    def active(self) -> bool:
        """Whether an exposure is tried, or the camera's automatic is still to be given back to it."""
        return self._ends_at is not None

    def share(self, at: float) -> float | None:
        """The share of the automatic's light to expose with; None: the automatic, which also ends the trial."""
        if self._ends_at is not None and at >= self._ends_at:
            self._share = self._ends_at = None
        return self._share
