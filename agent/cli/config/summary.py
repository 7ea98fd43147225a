"""What would run with a configuration, in a line for each thing, as `gate-agent config check` shows it."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from agent.cli.configuration import relay_boards
from agent.core.model import CommandName
from agent.i18n import translate
from agent.settings import interlocks, shared_arms
from agent.settings.configuration_loading import drivers_from_outside
from drivers.text import Text, joined, pgettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from agent.i18n import Language
    from agent.settings import CommandKey, Commands, Lane, LoadedSettings, Settings

_GATE: Final = pgettext("in the summary of a configuration", "gate")
_BROKERS: Final = pgettext("in the summary of a configuration", "brokers")
_COMMANDS: Final = pgettext("in the summary of a configuration", "commands")
_LANE: Final = pgettext("in the summary of a configuration", "lane")
_TOGETHER: Final = pgettext("in the summary of a configuration", "together")
_DRIVER: Final = pgettext("in the summary of a configuration", "driver")
_LABELS: Final = (_GATE, _BROKERS, _COMMANDS, _LANE, _TOGETHER, _DRIVER)


def summary_lines(path: Path, loaded: LoadedSettings, language: Language) -> Iterator[str]:
    """The lines, in a language."""
    labels = {label: translate(label, language) for label in _LABELS}
    width = max(map(_cells, labels.values()))
    yield translate(Text("{path}: can be used", path=path), language)
    for label, said in _rows(loaded):
        name = labels[label]
        yield f"  {name}{' ' * (width - _cells(name))} {translate(said, language)}"


def _cells(word: str) -> int:
    """How many cells of a terminal it takes."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in word)


def _rows(loaded: LoadedSettings) -> Iterator[tuple[Text, Text]]:
    settings = loaded.settings
    gate = Text(
        "{gate}, site {site}, configuration {digest}",
        gate=settings.gate.id,
        site=settings.gate.site,
        digest=loaded.digest[:12],
    )
    yield _GATE, gate
    yield _BROKERS, _brokers(settings)
    yield _COMMANDS, _commands(settings.commands)
    for name, lane in settings.lanes.items():
        yield _LANE, _lane(name, lane)
    for said in _together(settings.lanes):
        yield _TOGETHER, said
    # They run with the agent's rights: whose they are is for whoever checks.
    for name, package in drivers_from_outside(settings).items():
        yield _DRIVER, Text("{name} of the package {package}", name=name, package=package)


def _brokers(settings: Settings) -> Text:
    return joined(settings.mqtt.brokers) if settings.mqtt.enabled else Text("none: events stay in the journal")


def _commands(commands: Commands) -> Text:
    """Who may order what."""
    if not commands.keys:
        return Text("none are accepted: there are no keys")
    return joined((_rights(key) for key in commands.keys), "; ")


def _rights(key: CommandKey) -> Text:
    if set(key.may) == set(CommandName):
        return Text("{key} may sign all", key=key.id)
    return Text("{key} may {commands}", key=key.id, commands=", ".join(key.may))


def _together(lanes: Mapping[str, Lane]) -> Iterator[Text]:
    """What lanes have in common."""
    for place, names in relay_boards(lanes).items():
        if len(names) > 1:
            yield Text("{lanes} are on one relay board, {place}", lanes=_and(names), place=place)
    for one, other in shared_arms(lanes):
        yield Text("{one} and {other} share one arm: while one uses it the other waits", one=one, other=other)
    for one, other in interlocks(lanes):
        yield Text(
            "{one} opens only while {other} is closed and at rest, and the other way round", one=one, other=other
        )


def _and(names: Iterable[str]) -> Text:
    first, *others = names
    told = Text.of(first)
    for name in others:
        told = Text("{one} and {other}", one=told, other=name)
    return told


def _lane(name: str, lane: Lane) -> Text:
    parts = [
        Text("{lane}, number {number}, {direction}", lane=name, number=lane.number, direction=_direction(lane)),
        *([Text("DRY RUN, nothing moves")] if lane.dry_run else ()),
        Text("relay {kind}", kind=lane.relay.kind),
        _inputs(lane),
        Text(
            "cameras {devices}",
            devices=_devices((one.id, f"{one.kind}: {'+'.join(one.readers)}") for one in lane.cameras),
        ),
        Text("scanners {devices}", devices=_devices((one.id, one.kind) for one in lane.scanners)),
        Text("signs {devices}", devices=_devices((one.id, one.kind) for one in lane.signs)),
    ]
    if lane.voice:
        parts.append(
            Text("voice {kind} ({languages})", kind=lane.voice.kind, languages=", ".join(lane.voice.languages))
        )
    if lane.witnesses:
        parts.append(Text("witnesses {devices}", devices=_devices((one.id, one.kind) for one in lane.witnesses)))
    closes_itself = lane.close_mode == "controller"
    parts.append(Text("the barrier closes itself") if closes_itself else Text("the agent closes"))
    return joined(parts, "; ")


def _direction(lane: Lane) -> Text:
    if lane.direction == "export":
        return pgettext("direction of a lane", "export")
    return pgettext("direction of a lane", "import")


def _inputs(lane: Lane) -> Text:
    said = Text("inputs {kind}", kind=lane.inputs.kind) if lane.inputs else Text("no inputs")
    if lane.signals is not None and lane.signals.presence is not None:
        return said
    return Text("{inputs} (passages are assumed)", inputs=said)


def _devices(found: Iterable[tuple[str, str]]) -> Text:
    told = ", ".join(f"{name} ({kind})" for name, kind in found)
    return Text.of(told) if told else pgettext("value", "none")
