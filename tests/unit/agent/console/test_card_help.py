"""Every card of every page has a "?" that leads to a heading of the help; the few that need none are listed."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from jinja2 import Environment, nodes

import agent.console
from agent.console.help.library import HelpLibrary
from agent.setup import StepCode

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATES: Final = Path(agent.console.__file__).parent / "templates"
SOURCES: Final = {
    path.relative_to(TEMPLATES).as_posix(): path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html")
}
HELP_OF: Final = {"help_link": 0, "card": 1, "card_head": 1, "card_title": 1, "fold": 1, "page_head": 2}
"""Where each macro takes the place in the help."""
_TAG: Final = re.compile(r'<[a-z{][^<>]*?\bclass="([^"]*)"', re.DOTALL)
_HELPED: Final = re.compile(r"\b(help_link|card_head|card_title)\(")

LISTED: Final = "rows of a list: the heading of the page has it"
MESSAGE: Final = "a message, which says all"
PART: Final = "a part of a step of the set-up: the card on top of the step has it"
NOT_IN: Final = "before somebody is logged in there is no help"
FORM: Final = "the one form of its page, whose heading has it"
NONE: Final = {
    ("anchors.html", "card table-wrap"): LISTED,
    ("base.html", "menu-panel card"): "the menu",
    ("configuration_add.html", "configuration card card-pad stack"): FORM,
    ("configuration_found.html", "list card"): LISTED,
    ("configuration_history.html", "card table-wrap"): LISTED,
    ("configuration_raw.html", "card card-pad stack"): FORM,
    ("configuration_table.html", "configuration card card-pad stack"): FORM,
    ("devices_answer.html", "card card-pad stack answer"): MESSAGE,
    ("elements/lists.html", "card"): "a chart of the page of the design",
    ("elements/lists.html", "card tile"): "one figure, which leads to its list",
    ("elements/messages.html", "card empty"): MESSAGE,
    ("elements/messages.html", "card empty is-refused"): MESSAGE,
    ("first.html", "card card-pad stack"): NOT_IN,
    ("help.html", "card fold"): "the help itself",
    ("help.html", "card help-page"): "the help itself",
    ("help_search.html", "card"): "the help itself",
    ("journal.html", "card card-pad"): LISTED,
    ("lane.html", "card card-pad muted"): MESSAGE,
    ("lane_card.html", "card lane"): "one of many that are alike: the heading of the page has it",
    ("lane_vehicles.html", "card list"): LISTED,
    ("lane_vehicles.html", "muted card card-pad"): MESSAGE,
    ("login.html", "card card-pad stack"): NOT_IN,
    ("passkey_made.html", "card card-pad stack"): FORM,
    ("recovery_codes.html", "card card-pad stack"): FORM,
    ("second_factor.html", "card card-pad"): "two figures: the heading of the page has it",
    ("setup_aim.html", "card"): PART,
    ("setup_body.html", "card card-pad"): MESSAGE,
    ("setup_leaving.html", "card fold"): PART,
    ("setup_fields.html", "card card-pad stack"): PART,
    ("setup_live.html", "card"): PART,
    ("setup_practice.html", "card"): PART,
    ("setup_safety.html", "card card-pad stack"): PART,
    ("setup_streams.html", "card card-pad stack"): PART,
    ("setup_vehicle.html", "card"): PART,
    ("shell_away.html", "card empty"): MESSAGE,
    ("users.html", "card card-pad stack"): "one of many that are alike: the heading of the page has it",
    ("vehicle_compare.html", "table-wrap card compared"): LISTED,
    ("vehicles.html", "card list vehicles"): LISTED,
}
"""Cards without, by template and class, and why."""


def cards_without(source: str) -> Iterator[str]:
    """The classes of the cards in a template that have no "?" before the next card begins."""
    found = []
    for tag in _TAG.finditer(source):
        classes = re.sub(r"\{[{%].*?[%}]\}", " ", tag[1], flags=re.DOTALL).split()
        if "card" in classes:
            found.append((tag.start(), " ".join(classes)))
    for (start, classes), (end, _) in pairwise([*found, (len(source), "")]):
        if not _HELPED.search(source, start, end):
            yield classes


def places(source: str) -> Iterator[tuple[str, list[str]]]:
    """The calls that lead to the help: the macro, and the places that it may be given."""
    tree = Environment(autoescape=True).parse(source)
    tables = {one.target.name: one.node for one in tree.find_all(nodes.Assign) if isinstance(one.node, nodes.Dict)}
    for call in tree.find_all(nodes.Call):
        name = call.node.name if isinstance(call.node, nodes.Name) else ""
        if name not in HELP_OF:
            continue
        named = {one.key: one.value for one in call.kwargs}
        given = call.args[HELP_OF[name]] if len(call.args) > HELP_OF[name] else named.get("help")
        if given is not None:
            yield name, list(texts(given, tables))


def texts(given: nodes.Expr, tables: dict[str, nodes.Dict]) -> Iterator[str]:
    """The texts that an argument may be: itself, either of two, or any of a table."""
    match given:
        case nodes.Const():
            yield given.value
        case nodes.CondExpr():
            yield from texts(given.expr1, tables)
            yield from texts(given.expr2, tables)
        case nodes.Getitem(node=nodes.Name(name=name)):
            yield from (one.value.value for one in tables[name].items)
        case _:
            pass


PAGES: Final = sorted(name for name in SOURCES if name != "design.html")


@pytest.mark.parametrize("name", PAGES)
def test_every_card_has_its_place_in_the_help(name: str) -> None:
    assert {(name, one) for one in cards_without(SOURCES[name])} == {row for row in NONE if row[0] == name}


@pytest.mark.parametrize("name", [name for name in PAGES if not name.startswith("elements/")])
def test_every_place_is_a_heading_of_the_help(name: str) -> None:
    there = {f"{page}#{anchor}" for page, anchors in HelpLibrary.installed().anchors().items() for anchor in anchors}
    for macro, found in places(SOURCES[name]):
        assert found, f"{macro} is given nothing that can be read here"
        assert set(found) <= there


def test_every_step_of_the_set_up_has_a_place() -> None:
    tree = Environment(autoescape=True).parse(SOURCES["setup_body.html"])
    (table,) = (one.node for one in tree.find_all(nodes.Assign) if one.target.name == "places")
    assert [one.key.value for one in table.items] == [str(one) for one in StepCode]


@pytest.mark.parametrize(
    ("source", "without"),
    [
        ('<section class="card"><h2>A</h2></section>', ["card"]),
        ('<p class="card-foot"></p>', []),
        ("<section class=\"card{{ ' x' }}\">{{ card_head(_('A'), 'a#b') }}</section>", []),
        ('<div class="card"></div><div class="card {{ one }} wide">{{ help_link("a#b", "A") }}</div>', ["card"]),
        ('<div class="card">{{ card_title("A", "a#b") }}</div><div class="card fold"></div>', ["card fold"]),
    ],
)
def test_a_card_without_is_told(source: str, without: list[str]) -> None:
    assert list(cards_without(source)) == without
