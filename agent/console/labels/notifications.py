"""What the page Notifications calls channels and kinds of notices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.notices import NoticeKind
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

CHANNELS: Final[Mapping[str, Text]] = {
    "webhook": Text("Webhook"),
    "mail": Text("Mail"),
}

ABOUT: Final[Mapping[str, Text]] = {
    "webhook": Text("Signed JSON over HTTPS, for an alarm system or a chat service."),
    "mail": Text("Messages to people, sent by the mail server of your site."),
}

KINDS: Final[Mapping[NoticeKind, Text]] = {
    NoticeKind.ALARM: Text("Alarms"),
    NoticeKind.TRUST_STATE: Text("Missing data"),
    NoticeKind.DEVICE: Text("Devices"),
    NoticeKind.OFFICER: Text("Vehicles that wait for an officer"),
    NoticeKind.CERTIFICATE: Text("Certificates that expire"),
}
