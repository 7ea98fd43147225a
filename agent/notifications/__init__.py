"""Sends notices to people: by webhook, by mail, and to open pages of the console.

Reads the journal and keeps one small file beside it. May connect only to the webhook and the mail server in the
configuration. No lane waits for it.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.notifications.channels import channels_of
    from agent.notifications.delivery import Channel, ChannelView, DeliveryError, Rendered
    from agent.notifications.mail import MailChannel, MailServer
    from agent.notifications.page_notices import Shown
    from agent.notifications.service import NotificationDependencies, NotificationService, NotificationSettings
    from agent.notifications.webhook import WebhookChannel, WebhookReceiver
    from agent.notifications.wording import notice_line, notice_title, test_message
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "Channel",
    "ChannelView",
    "DeliveryError",
    "MailChannel",
    "MailServer",
    "NotificationDependencies",
    "NotificationService",
    "NotificationSettings",
    "Rendered",
    "Shown",
    "WebhookChannel",
    "WebhookReceiver",
    "channels_of",
    "notice_line",
    "notice_title",
    "test_message",
]
