"""Rules of a lane's driver page: it is served by the console, and its token cannot be guessed."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from agent.settings.rules.brokers import readable
from agent.store.durable_files import open_regular
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path as FilePath

    from agent.settings.model.agent import Console
    from agent.settings.model.lane import DriverPage
    from agent.settings.model.pydantic_problems import PydanticProblems
    from agent.settings.toml.key_positions import Path
    from agent.settings.toml.problems import Problem

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{32,128}")
_MOST_BYTES: Final = 256


def screen_token(file: FilePath) -> str | None:
    """The token in a file, as it stands in the address of a screen; None where the file holds none. Raises OSError."""
    with open_regular(file) as stream:
        found = stream.read(_MOST_BYTES).decode("ascii", errors="replace").strip()
    return found if _TOKEN.fullmatch(found) else None


def driver_page_problems(
    lane: Path, page: DriverPage, console: Console | None, pydantic_problems: PydanticProblems
) -> Iterator[Problem]:
    """Everything that does not fit together. `lane`: where the lane stands. `console`: None where it is not sound."""
    path = (*lane, "driver_page")
    for number, language in enumerate(page.languages):
        if language in page.languages[:number]:
            yield pydantic_problems.about((*path, "languages", number), Text("this language is listed twice"))
    if not page.enabled:
        return
    if console is not None:
        yield from _reached(path, console, pydantic_problems)
    if page.token_file is not None:
        unreadable = list(readable((*path, "token_file"), page.token_file, pydantic_problems))
        yield from unreadable
        if not unreadable and screen_token(page.token_file) is None:
            message = Text("{path} holds no token: expected 32 to 128 letters and digits", path=page.token_file)
            yield pydantic_problems.in_file((*path, "token_file"), message)


def _reached(path: Path, console: Console, pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    if not console.enabled:
        message = Text("needs console.enabled = true: the console serves the page")
        yield pydantic_problems.about((*path, "enabled"), message)
        return
    if console.tls == "always" or not any(ip_address(address).is_loopback for address in console.listen):
        message = Text(
            "a screen of this computer cannot open the page: it needs 127.0.0.1 among the addresses of console.listen, "
            'and console.tls = "auto". Screens elsewhere can'
        )
        yield pydantic_problems.about((*path, "enabled"), message, warning=True)
