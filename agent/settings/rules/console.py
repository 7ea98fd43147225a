"""Rules of the section [console]: its addresses and its certificate fit together."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from agent.broker import TlsFiles, TlsFilesError, make_context
from agent.settings.rules.brokers import readable
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.settings.model.agent import Console
    from agent.settings.model.pydantic_problems import PydanticProblems
    from agent.settings.toml.problems import Problem

SECTION: Final = "console"
_FILES: Final = ("certificate_file", "key_file")


def console_problems(console: Console, pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    """Everything that does not fit together."""
    for number, address in enumerate(console.listen):
        path = (SECTION, "listen", number)
        if address in console.listen[:number]:
            yield pydantic_problems.about(path, Text("this address is listed twice"))
        elif ip_address(address).is_unspecified and len(console.listen) > 1:
            yield pydantic_problems.about(path, Text("means every address: list only this address, or only the others"))
        elif ip_address(address).is_multicast:
            yield pydantic_problems.about(path, Text("expected an address of this computer, not of a group"))
    yield from _certificate(console, pydantic_problems)


def _certificate(console: Console, pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    given = {name: file for name in _FILES if (file := getattr(console, name)) is not None}
    if len(given) == 1:
        (there,) = given
        other = next(name for name in _FILES if name != there)
        yield pydantic_problems.about((SECTION, there), Text("needs {other} beside it", other=f"{SECTION}.{other}"))
        return
    unreadable = [
        problem for name, file in given.items() for problem in readable((SECTION, name), file, pydantic_problems)
    ]
    yield from unreadable
    if unreadable or not given:
        return
    try:
        make_context(TlsFiles(None, console.certificate_file, console.key_file))
    except TlsFilesError as error:
        yield pydantic_problems.in_file((SECTION, "certificate_file"), Text.of(str(error)))
    if console.tls == "auto" and all(ip_address(address).is_loopback for address in console.listen):
        message = Text(
            'is not used: all addresses in console.listen are of this computer itself, which needs tls = "always"'
        )
        yield pydantic_problems.about((SECTION, "certificate_file"), message, warning=True)
