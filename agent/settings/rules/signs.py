"""Signs of lanes: the languages that their cards cannot show, and signs in memory that are one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.i18n import Language
from agent.settings.toml.includes import dotted
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.settings.model.devices import Board
    from agent.settings.model.lane import Lane, Sign
    from agent.settings.model.pydantic_problems import PydanticProblems
    from agent.settings.toml.key_positions import Path
    from agent.settings.toml.problems import Problem


def sign_problems(
    lanes: Mapping[str, Lane], boards: Mapping[Path, Board], pydantic_problems: PydanticProblems
) -> Iterator[Problem]:
    """What is wrong with the signs of all lanes. Drivers' models are known by their fields only."""
    named: dict[str, Path] = {}
    for lane_name, lane in lanes.items():
        for number, sign in enumerate(lane.signs):
            path: Path = ("lanes", lane_name, "signs", number)
            board = boards.get(path)
            if board is None:
                continue
            if Language.KK in sign.languages and hasattr(board.settings, "character_set"):
                yield _without_kazakh(sign, path, pydantic_problems)
            name = getattr(board.settings, "name", "")
            if name and named.setdefault(name, path) != path:
                message = Text("{key} is the sign with this name already", key=dotted(named[name]))
                yield pydantic_problems.about((*path, "name"), message)


def _without_kazakh(sign: Sign, path: Path, pydantic_problems: PydanticProblems) -> Problem:
    if sign.languages == (Language.KK,):
        message = Text("this card's font has no Kazakh letters: add another language")
        return pydantic_problems.about((*path, "languages"), message)
    message = Text("this card's font has no Kazakh letters: it uses another of the languages instead")
    return pydantic_problems.about((*path, "languages"), message, warning=True)
