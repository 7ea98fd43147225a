"""Every icon that a page names is in the sprite, and each place has one."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from agent.console.navigation import Place
from agent.console.pages.design import icon_names

TEMPLATES = Path(str(files("agent.console"))) / "templates"
NAMED = re.compile(r"(?:\bicon\(|, name=)'([a-z]+)'")


def test_every_icon_that_a_template_names_is_there():
    named = {name for path in TEMPLATES.rglob("*.html") for name in NAMED.findall(path.read_text(encoding="utf-8"))}
    assert len(named) > 20
    assert named - set(icon_names()) == set()


def test_every_place_has_an_icon():
    assert {place.icon for place in Place} <= set(icon_names())
