"""Every icon that a page names is in the sprite, each place has one, and there is none that nothing shows."""

from __future__ import annotations

import ast
import inspect
import re
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, nodes

from agent.console.lanes import lane_standing
from agent.console.navigation import Place
from agent.console.pages.design import icon_names
from agent.console.vehicles import timeline

TEMPLATES = Path(str(files("agent.console"))) / "templates"
SHOW_ICONS = {
    "badge",
    "button",
    "disabled",
    "empty",
    "field",
    "icon",
    "icon_button",
    "item",
    "link",
    "notice",
    "shape",
}
"""The macros of the elements that are given the name of an icon."""
NAMED = re.compile(r"(?:\bicon\(|, name=)'([a-z]+)'")


def test_every_icon_that_a_template_names_is_there():
    named = {name for path in TEMPLATES.rglob("*.html") for name in NAMED.findall(path.read_text(encoding="utf-8"))}
    assert len(named) > 20
    assert named - set(icon_names()) == set()


def test_every_place_has_an_icon():
    assert {place.icon for place in Place} <= set(icon_names())


def names_in(expression):
    """The texts in an expression of a template."""
    return {one.value for one in expression.find_all(nodes.Const) if isinstance(one.value, str)}


def test_every_icon_of_the_sprite_is_on_a_page():
    """The page of the design shows all of them, and so proves nothing."""
    used = {place.icon for place in Place}
    for path in TEMPLATES.rglob("*.html"):
        if path.name != "design.html":
            calls = Environment(autoescape=True).parse(path.read_text(encoding="utf-8")).find_all(nodes.Call)
            shown = (call for call in calls if isinstance(call.node, nodes.Name) and call.node.name in SHOW_ICONS)
            used |= set().union(*map(names_in, shown))
    for module in (timeline, lane_standing):
        tree = ast.parse(inspect.getsource(module))
        used |= {one.value for one in ast.walk(tree) if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    assert set(icon_names()) - used == set()
