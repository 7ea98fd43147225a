"""The colours of the console: every text can be read on its ground, in three themes (WCAG 2, 1.4.3 and 1.4.6)."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

STATIC = files("agent.console") / "static"
TONES = ("passed", "refused", "officer", "warning", "unknown", "offline", "busy")
GROUNDS = ("canvas", "surface", "sunken", "hover")
LEAST = {"light": 4.5, "dark": 4.5, "sun": 7.0}
LEAST_EDGE = 3.0


def tokens(theme):
    """The colours of a theme by name; what it does not set is that of the light one."""
    text = (STATIC / "tokens.css").read_text(encoding="utf-8")
    blocks = re.findall(r"^(:root[^{]*)\{(.*?)^\}", text, re.DOTALL | re.MULTILINE)
    wanted = [body for head, body in blocks if head.strip() in {":root", f':root[data-theme="{theme}"]'}]
    return {name: colour for body in wanted for name, colour in re.findall(r"--([\w-]+): (#[0-9a-f]{6});", body)}


def light_of(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, light = sorted((light_of(one), light_of(other)))
    return (light + 0.05) / (dark + 0.05)


def pairs():
    """Text and ground."""
    yield from (("ink", ground) for ground in GROUNDS)
    yield from (("ink-2", ground) for ground in GROUNDS)
    yield from (("ink-3", ground) for ground in ("canvas", "surface"))
    yield from (("accent", "surface"), ("accent", "canvas"), ("on-accent", "accent"), ("accent", "accent-soft"))
    for tone in TONES:
        yield from ((tone, "surface"), (tone, f"{tone}-soft"), (f"{tone}-on", f"{tone}-solid"))


@pytest.mark.parametrize("theme", LEAST)
def test_every_text_can_be_read(theme):
    colours = tokens(theme)
    poor = {pair: round(contrast(*(colours[name] for name in pair)), 2) for pair in pairs()}
    assert {pair: found for pair, found in poor.items() if found < LEAST[theme]} == {}


@pytest.mark.parametrize("theme", LEAST)
@pytest.mark.parametrize("edge", ["line-strong", "focus", "c-1", "c-2", "c-3", "c-4", "c-5"])
def test_every_edge_and_chart_can_be_seen(theme, edge):
    colours = tokens(theme)
    assert contrast(colours[edge], colours["surface"]) >= LEAST_EDGE


def test_no_page_has_a_colour_of_its_own_for_a_status():
    """Pages take the tokens: a colour that is written out knows of no theme."""
    for name in ("health.css", "configuration.css", "vehicles.css"):
        found = re.findall(r"#[0-9a-fA-F]{3,8}\b", (STATIC / name).read_text(encoding="utf-8"))
        assert found == [], name
