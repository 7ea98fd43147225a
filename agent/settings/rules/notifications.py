"""Rules of the sections [webhook] and [mail]: each is whole, and no secret goes over the network in the clear.

A missing secret is a warning: it is a credential of the service, which others who check a configuration do not see.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from agent.broker import TlsFiles, TlsFilesError, make_context
from agent.settings.rules.brokers import readable
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path as FilePath

    from agent.settings.model.agent import Mail, Webhook
    from agent.settings.model.pydantic_problems import PydanticProblems
    from agent.settings.toml.problems import Problem


def webhook_problems(webhook: Webhook, pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    """Everything that does not fit together in [webhook]."""
    if webhook.url is not None and webhook.secret is None:
        yield _needs("webhook", "url", "secret", pydantic_problems, warning=True)
    if webhook.url is None and webhook.secret is not None:
        yield _needs("webhook", "secret", "url", pydantic_problems)
    yield from _authority("webhook", webhook.ca_file, pydantic_problems)


def mail_problems(mail: Mail, pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    """Everything that does not fit together in [mail]."""
    if mail.host is not None:
        missing = [name for name in ("sender", "recipients") if not getattr(mail, name)]
        for name in missing:
            yield _needs("mail", "host", name, pydantic_problems)
    if mail.username is not None and mail.password is None:
        yield _needs("mail", "username", "password", pydantic_problems, warning=True)
    if mail.username is None and mail.password is not None:
        yield _needs("mail", "password", "username", pydantic_problems)
    yield from _mail_in_the_clear(mail, pydantic_problems)
    for number, recipient in enumerate(mail.recipients):
        if recipient in mail.recipients[:number]:
            yield pydantic_problems.about(("mail", "recipients", number), Text("this address is listed twice"))
    yield from _authority("mail", mail.ca_file, pydantic_problems)


def _mail_in_the_clear(mail: Mail, pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    if mail.security == "none" and mail.host is not None and not _is_here(mail.host):
        if mail.password is not None:
            message = Text("sends the password unencrypted: use starttls or tls")
            yield pydantic_problems.about(("mail", "security"), message)
        else:
            message = Text("sends mail unencrypted: use starttls or tls")
            yield pydantic_problems.about(("mail", "security"), message, warning=True)


def _needs(
    section: str, given: str, other: str, pydantic_problems: PydanticProblems, *, warning: bool = False
) -> Problem:
    message = Text("needs {other} beside it", other=f"{section}.{other}")
    return pydantic_problems.about((section, given), message, warning=warning)


def _authority(section: str, file: FilePath | None, pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    if file is None:
        return
    unreadable = list(readable((section, "ca_file"), file, pydantic_problems))
    yield from unreadable
    if not unreadable:
        try:
            make_context(TlsFiles(file))
        except TlsFilesError as error:
            yield pydantic_problems.in_file((section, "ca_file"), Text.of(str(error)))


def _is_here(host: str) -> bool:
    """Whether it is this computer."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
