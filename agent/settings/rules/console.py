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
    from agent.settings.model.pydantic_problems import Complaints
    from agent.settings.toml.problems import Problem

SECTION: Final = "console"
_FILES: Final = ("certificate_file", "key_file")


def console_problems(console: Console, complaints: Complaints) -> Iterator[Problem]:
    """Everything that does not fit together."""
    for number, address in enumerate(console.listen):
        path = (SECTION, "listen", number)
        if address in console.listen[:number]:
            yield complaints.about(path, Text("this address stands here twice"))
        elif ip_address(address).is_unspecified and len(console.listen) > 1:
            yield complaints.about(path, Text("stands for every address: name it alone, or the others without it"))
        elif ip_address(address).is_multicast:
            yield complaints.about(path, Text("expected an address of this computer, not of a group"))
    yield from _certificate(console, complaints)


def _certificate(console: Console, complaints: Complaints) -> Iterator[Problem]:
    given = {name: file for name in _FILES if (file := getattr(console, name)) is not None}
    if len(given) == 1:
        (there,) = given
        other = next(name for name in _FILES if name != there)
        yield complaints.about((SECTION, there), Text("needs {other} beside it", other=f"{SECTION}.{other}"))
        return
    unreadable = [problem for name, file in given.items() for problem in readable((SECTION, name), file, complaints)]
    yield from unreadable
    if unreadable or not given:
        return
    try:
        make_context(TlsFiles(None, console.certificate_file, console.key_file))
    except TlsFilesError as error:
        yield complaints.about((SECTION, "certificate_file"), Text.of(str(error)))
    if console.tls == "auto" and all(ip_address(address).is_loopback for address in console.listen):
        message = Text('serves no address: all in console.listen are this computer\'s own, which need tls = "always"')
        yield complaints.about((SECTION, "certificate_file"), message, warning=True)
