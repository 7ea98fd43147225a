"""The channels that a configuration names."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from agent.core.model import QuietHours
from agent.core.notices import ChannelRules, WatchRules
from agent.notifications.mail import MailChannel, MailServer
from agent.notifications.webhook import WebhookChannel, WebhookReceiver

if TYPE_CHECKING:
    from agent.core.notices import NoticeKind
    from agent.notifications.delivery import Channel
    from agent.settings import Settings

BROWSER = "browser"


def channels_of(settings: Settings) -> tuple[Channel, ...]:
    """Those that are set up. One without its secret is not: the rules of the configuration warn of it."""
    found: list[Channel] = []
    webhook, mail = settings.webhook, settings.mail
    if webhook.url is not None and webhook.secret is not None:
        receiver = WebhookReceiver(webhook.url, webhook.secret.get_secret_value(), webhook.ca_file, webhook.timeout_s)
        found.append(WebhookChannel(receiver))
    has_login = (mail.username is None) == (mail.password is None)
    if mail.host is not None and mail.sender is not None and mail.recipients and has_login:
        password = None if mail.password is None else mail.password.get_secret_value()
        server = MailServer(
            mail.host,
            mail.port,
            mail.security,
            mail.sender,
            mail.recipients,
            mail.username,
            password,
            mail.ca_file,
            mail.timeout_s,
        )
        found.append(MailChannel(server))
    return tuple(found)


def channel_rules(settings: Settings) -> dict[str, ChannelRules]:
    """What each channel sends, and when."""
    general = settings.notifications

    def rules(kinds: tuple[NoticeKind, ...], quiet: tuple[str, ...]) -> ChannelRules:
        return ChannelRules(
            kinds=frozenset(kinds),
            quiet=tuple(map(QuietHours.parse, quiet)),
            break_through=frozenset(general.break_through),
            hold_s=general.hold_s,
            age_s=timedelta(hours=general.max_age_hours).total_seconds(),
        )

    return {
        "webhook": rules(settings.webhook.kinds, settings.webhook.quiet_hours),
        "mail": rules(settings.mail.kinds, settings.mail.quiet_hours),
    }


def watch_rules(settings: Settings) -> WatchRules:
    """How long something must last until it is told."""
    general = settings.notifications
    return WatchRules(
        device_s=general.device_s,
        officer_s=general.officer_s,
        repeat_s=timedelta(minutes=general.repeat_minutes).total_seconds(),
        certificate_s=timedelta(days=general.certificate_days).total_seconds(),
    )
