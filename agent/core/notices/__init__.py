"""Notices for people outside the gate: about alarms, devices, trust, waiting vehicles and certificates.

Decides which events become a notice, when the problem is over, and when a channel may send its notices. Takes values
and returns values. `agent.notifications` sends the notices.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.notices.notice import Notice, NoticeKind
    from agent.core.notices.outbox import (
        ChannelRules,
        Outbox,
        Outgoing,
        Waiting,
        failed,
        lost,
        next_message,
        offered,
        sent,
    )
    from agent.core.notices.watch import Condition, Watch, WatchRules, certificates_seen, event_seen, ticked
    from agent.core.notices.webhook import SECRET_PREFIX, WebhookAddress, webhook_key, webhook_signature
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "SECRET_PREFIX",
    "ChannelRules",
    "Condition",
    "Notice",
    "NoticeKind",
    "Outbox",
    "Outgoing",
    "Waiting",
    "Watch",
    "WatchRules",
    "WebhookAddress",
    "certificates_seen",
    "event_seen",
    "failed",
    "lost",
    "next_message",
    "offered",
    "sent",
    "ticked",
    "webhook_key",
    "webhook_signature",
]
