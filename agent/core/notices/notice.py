"""One notice: that something is wrong at the gate, or is over."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class NoticeKind(StrEnum):
    """What a notice is about; channels and quiet hours choose by it."""

    ALARM = "alarm"
    TRUST_STATE = "trust_state"
    DEVICE = "device"
    OFFICER = "officer"
    CERTIFICATE = "certificate"


class Notice(BaseModel):
    """What people are told. Times are Unix seconds.

    `key`: notices with the same one are about the same thing. `raised`: False where it is over. `code`: the alarm, the
    state of the device or the part, or the kind of the certificate. `subject`: which device, lane, part or certificate;
    "" for none. `since_utc`: from when on it is so. `utc`: when it was noticed. `ends_utc`: of a certificate. `detail`,
    `message`: in words, as the event has them. `event`: the id of the event; "" where there is none.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    kind: NoticeKind
    key: str
    raised: bool
    code: str
    subject: str = ""
    lane: str = ""
    since_utc: float
    utc: float
    ends_utc: float | None = None
    detail: str = ""
    message: dict[str, Any] | None = None
    event: str = ""

    def over(self, utc: float, event: str = "") -> Notice:
        """The notice that says that it is over."""
        return self.model_copy(
            update={"raised": False, "utc": utc, "event": event or self.event, "detail": "", "message": None}
        )
