"""Rules of the two sections that name brokers: [mqtt] for central, [site] for the gates of the site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from agent.broker import TlsFiles, TlsFilesError, make_context
from agent.settings.model.values import broker_address
from agent.store.durable_files import open_regular
from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path as FilePath

    from agent.settings.model.agent import Mqtt, Site
    from agent.settings.model.pydantic_problems import PydanticProblems
    from agent.settings.toml.key_positions import Path
    from agent.settings.toml.problems import Problem

_LOCAL = ("localhost", "127.0.0.1", "::1")
_FILES = ("ca_file", "certificate_file", "key_file")


class BrokerRules:
    """Checks a section that is sound key by key."""

    def __init__(
        self, section: Literal["mqtt", "site"], table: Mqtt | Site, pydantic_problems: PydanticProblems
    ) -> None:
        self._section = section
        self._table = table
        self._problems = pydantic_problems

    def problems(self) -> Iterator[Problem]:
        """Everything that does not fit together."""
        yield from self._files()
        if self._table.password is not None and self._table.username is None:
            yield self._about("password", message=Text("needs {other} beside it", other=f"{self._section}.username"))
        yield from self._brokers()

    def _about(self, *keys: str | int, message: Text, warning: bool = False) -> Problem:
        return self._problems.about((self._section, *keys), message, warning=warning)

    def _files(self) -> Iterator[Problem]:
        table = self._table
        if (table.certificate_file is None) != (table.key_file is None):
            given, other = _FILES[1:] if table.certificate_file else (_FILES[2], _FILES[1])
            yield self._about(given, message=Text("needs {other} beside it", other=f"{self._section}.{other}"))
            return
        files = {name: file for name in _FILES if (file := getattr(table, name)) is not None}
        unreadable = [
            problem for name, file in files.items() for problem in readable((self._section, name), file, self._problems)
        ]
        yield from unreadable
        if unreadable or not files:
            return
        try:
            make_context(TlsFiles(table.ca_file))
        except TlsFilesError as error:
            yield self._problems.in_file((self._section, "ca_file"), Text.of(str(error)))
        try:
            make_context(TlsFiles(None, table.certificate_file, table.key_file))
        except TlsFilesError as error:
            yield self._problems.in_file((self._section, "certificate_file"), Text.of(str(error)))

    def _brokers(self) -> Iterator[Problem]:
        table = self._table
        addresses = [broker_address(url) for url in table.brokers]
        for number, address in enumerate(addresses):
            if address in addresses[:number]:
                yield self._about("brokers", number, message=Text("this broker is listed twice"))
            if not address.tls and address.host not in _LOCAL:
                message = (
                    Text("the password goes over the network unencrypted: use mqtts://")
                    if table.password is not None
                    else Text(
                        "all data goes over the network unencrypted, and an attacker can act as the broker: use "
                        "mqtts://"
                    )
                )
                yield self._about("brokers", number, message=message, warning=True)
        if table.certificate_file and addresses and not any(address.tls for address in addresses):
            message = Text("is for mqtts:// brokers only, and there is none")
            yield self._about("certificate_file", message=message)


def readable(path: Path, file: FilePath, pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    """The problem of a file that cannot be read."""
    try:
        with open_regular(file) as stream:
            stream.read(1)
    except OSError as error:
        yield pydantic_problems.in_file(
            path, Text("{path} {message}", path=file, message=Text("cannot be read: {why}", why=reason(error)))
        )
