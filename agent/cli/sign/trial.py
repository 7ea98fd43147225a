"""The command `gate-agent sign test`: a page of each colour, the languages, a countdown, and how it goes dark."""

from __future__ import annotations

import threading
from pathlib import Path  # noqa: TC003 - Typer reads the annotations of its callbacks
from typing import TYPE_CHECKING, Annotated, Final

import typer

from agent.cli.sign.target_signs import chosen
from agent.cli.terminal import echo
from agent.i18n import Language
from drivers.api import SignColour, SignLine, SignPage, SignTimer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from drivers.api import SignCapabilities, SignPort

PAUSE_S = 3.0
MARGIN_S = 10
"""For so much longer than until the next page each is shown, so that none goes dark before."""
COUNTDOWN_S = 5
DARK_AFTER_S = 5
LONG_S = 30
TEXTS: Final[Mapping[Language, tuple[str, ...]]] = {
    Language.EN: ("WAIT", "STOP"),
    Language.ZH: ("请等待", "等待"),
    Language.RU: ("Ждите", "Жди", "СТОП"),
    Language.KK: ("Күтіңіз", "Күт"),
}
"""The same in each language, the longest first: the first that fits is shown."""
LONG: Final = ("请到二号通道等待工作人员", "Please wait for an officer")
SENTENCES: Final = ("请等待", "请稍候", "欢迎光临")


def try_sign(
    *,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The configuration file.", show_default=False)
    ] = None,
    sign: Annotated[
        str | None,
        typer.Option("--sign", "-s", help="Name of the sign, LANE/ID or ID; needed if there are several."),
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", "-k", help="Kind of a sign that is not in a configuration.")
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A key of that sign's table, such as port=/dev/...; repeat for more."
        ),
    ] = None,
    pause_s: Annotated[float, typer.Option("--pause", min=0, max=60, help="Seconds between two pages.")] = PAUSE_S,
) -> None:
    """Show pages in each colour and language, a long text and a countdown, and check that the sign then goes dark.

    The command says what you must see: compare. At the end it sends nothing more, and the sign must go dark by itself.

    No barrier moves. Stop the agent first: while the agent has the port, the command refuses. Exit code 0 when the sign
    accepted every page.
    """
    target = chosen(config, sign, kind, keys)
    driver = target.driver()
    target.check_free()
    echo(driver.open())
    try:
        for words, page in _pages(driver, target.languages, pause_s):
            echo(words)
            driver.show(page)
            threading.Event().wait(min(pause_s, 1.0) if words.isdigit() else pause_s)
        echo(_ending(driver.capabilities))
        driver.show(SignPage((SignLine("END", SignColour.YELLOW),), DARK_AFTER_S))
        threading.Event().wait(pause_s and DARK_AFTER_S + 1)
    finally:
        driver.close()


def _pages(sign: SignPort, languages: tuple[Language, ...], pause_s: float) -> Iterator[tuple[str, SignPage]]:
    """Each page, and what must be seen."""
    there = sign.capabilities
    seconds = min(there.longest_s, round(pause_s) + MARGIN_S)
    for colour in SignColour:
        yield f"every line {colour}", SignPage((SignLine("ABC1", colour),) * there.lines, seconds)
    for number in range(there.lines):
        lines = (*[SignLine("")] * number, SignLine(f"L{number + 1}"))
        yield f"line {number + 1} alone", SignPage(lines, seconds)
    for language in languages:
        text = next(filter(sign.can_show, TEXTS[language]), None)
        if text is None:
            echo(f"{language}: this sign has no letters or no room for it")
        else:
            yield f"{language}: {text}", SignPage((SignLine(text, SignColour.RED),), seconds)
    text = next(filter(sign.can_show, LONG), None) if there.scrolls else None
    if text is not None:
        yield f"longer than a line: {text}", SignPage((SignLine(text),), min(there.longest_s, LONG_S))
    sentence = next(filter(sign.can_speak, SENTENCES), None)
    if sentence is not None:
        yield f"it says {sentence}", SignPage((SignLine(sentence),), seconds, spoken=sentence)
    for left in range(COUNTDOWN_S, 0, -1):
        yield str(left), SignPage((SignLine(str(left), SignColour.GREEN),), seconds)


def _ending(there: SignCapabilities) -> str:
    sure = {
        SignTimer.DOCUMENTED: "its protocol has a time limit for that",
        SignTimer.INFERRED: "this is inferred from its protocol, so check",
        SignTimer.NONE: "it has no timer of its own, so it may not go dark",
    }[there.timer]
    return (
        f"END, then after {DARK_AFTER_S} s dark, or the card's own idle text: {sure}. That text must never say that "
        "the way is free"
    )
