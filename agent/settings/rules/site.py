"""Rules of the gates of a site, and of the lists that they share."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from agent.core.model import ListKind
from agent.settings.rules.factors import needs_plate
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.settings.model.agent import Lists, Site
    from agent.settings.model.lane import Lane
    from agent.settings.model.pydantic_problems import PydanticProblems
    from agent.settings.toml.problems import Problem

_AGES = ("fresh_s", "stale_ok_s", "known_only_s")


def site_problems(site: Site, gate: object, pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    """What does not fit in the list of gates. `gate`: this gate's id, as far as it is known."""
    for number, one in enumerate(site.gates):
        path = ("site", "gates", number)
        earlier = site.gates[:number]
        if any(other.id == one.id for other in earlier):
            yield pydantic_problems.about((*path, "id"), Text("this gate is listed twice"))
        if any(other.public_key == one.public_key for other in earlier):
            yield pydantic_problems.about(
                (*path, "public_key"), Text("another gate has this key: each gate has its own")
            )
    names = [one.id for one in site.gates]
    if names and isinstance(gate, str) and gate not in names:
        yield pydantic_problems.about(("site", "gates"), Text("expected this gate, {gate}, in the list too", gate=gate))
    if len(names) > 1 and not site.brokers:
        message = Text("expected a broker of the site: with more than one gate they must ask one another")
        yield pydantic_problems.about(("site", "gates"), message)
    if site.brokers and len(names) < 2:  # noqa: PLR2004 -- one gate has nobody to ask
        message = Text("is not used: site.gates names no other gate")
        yield pydantic_problems.about(("site", "brokers"), message, warning=True)


def claim_problems(site: Site, lanes: Mapping[str, Lane], pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    """Lanes that would give a vehicle up before the home gate of its permit has had its time to speak."""
    if len(site.gates) < 2:  # noqa: PLR2004 -- one gate has nobody to ask
        return
    for name, lane in lanes.items():
        if lane.timing.decide_s <= site.claim_timeout_s:
            message = Text(
                "expected more than {key}, {limit:g}; got {value:g}",
                key="site.claim_timeout_s",
                limit=site.claim_timeout_s,
                value=lane.timing.decide_s,
            )
            yield pydantic_problems.about(("lanes", name, "timing", "decide_s"), message)


def list_problems(lists: Lists, pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    """What does not fit in the ages of the lists."""
    for younger, older in pairwise(_AGES):
        if getattr(lists, younger) > getattr(lists, older):
            message = Text(
                "expected at most {key}, {limit}; got {value}",
                key=f"lists.{older}",
                limit=getattr(lists, older),
                value=getattr(lists, younger),
            )
            yield pydantic_problems.about(("lists", younger), message)
    for number, kind in enumerate(lists.require):
        if kind in lists.require[:number]:
            yield pydantic_problems.about(("lists", "require", number), Text("this list is listed twice"))


def access_problems(
    lanes: Mapping[str, Lane], lists: Lists | None, pydantic_problems: PydanticProblems
) -> Iterator[Problem]:
    """What a lane asks of vehicles and cannot see or know."""
    for name, lane in lanes.items():
        if needs_plate(lane) and lane.cameras and not any("plate" in camera.readers for camera in lane.cameras):
            message = Text(
                'require = "{rule}" needs a camera that reads plates: until then, an officer decides on each vehicle',
                rule=lane.rules.require,
            )
            yield pydantic_problems.about(("lanes", name, "rules", "require"), message, warning=True)
        by_plate = lane.rules.require in {"plate", "either"}
        if by_plate and lists is not None and ListKind.DECLARATIONS not in lists.require:
            message = Text(
                'a plate alone is only as reliable as the list that contains it: add "declarations" to lists.require'
            )
            yield pydantic_problems.about(("lanes", name, "rules", "require"), message, warning=True)
