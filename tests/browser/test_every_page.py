"""Every page of the navigation, in every language, on desktop and phone, as an administrator sees it.

Pictures of all of them are kept below build/console.
"""

from __future__ import annotations

import hashlib
import tomllib
from itertools import product

import pytest

from agent.console.web.routing import page_modules
from agent.i18n import Language
from tests.browser.gate import PLATE
from tests.browser.visit import NARROWEST, SIZES, VENDOR

BESIDE = ("/settings/account/second-factor",)
"""Pages that are not in the navigation, and have forms of their own."""
PATHS = [*(entry.path for entry in sorted(module.NAV for module in page_modules() if hasattr(module, "NAV"))), *BESIDE]


def name_of(path):
    return path.strip("/").replace("/", "-") or "start"


@pytest.fixture(scope="module", autouse=True)
def history(gate):
    """A vehicle that passed, one that was refused, and one that is there."""
    gate.pass_by()
    gate.turn_back()
    gate.vehicle(gate.site.forged(PLATE))
    gate.until(lambda: gate.app.lanes[0].view.state == "denied", "the refusal")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", Language)
def test_every_page_is_whole_in_every_language_on_desktop_and_phone(page_of, language):
    visitor = page_of(language=language)
    wrong = []
    for path in PATHS:
        visitor.resize("desktop")
        visitor.go(path)
        for size in SIZES:
            visitor.resize(size)
            visitor.picture(f"{name_of(path)}-{language}-{size}")
            wrong += [f"{path}: not filled in: {text}" for text in visitor.forgotten()]
            wrong += [f"{path} on {size}: cut: {text}" for text in visitor.cut()]
            if (moved_px := visitor.sideways_px()) > 0:
                wrong.append(f"{path} on {size}: {moved_px} px wider than the screen")
            assert visitor.page.get_attribute("html", "lang") == language
    assert not wrong


@pytest.mark.parametrize(
    ("size", "theme"),
    [("desktop", "light"), ("phone", "light"), *product(("desktop", "phone"), ("dark", "sun"))],
    ids=["desktop", "phone", "desktop by night", "desktop in the sun", "phone by night", "phone in the sun"],
)
def test_no_page_keeps_people_out_who_see_hear_or_move_less(page_of, size, theme):
    visitor = page_of(size=size, theme=theme)
    found = []
    for path in PATHS:
        visitor.go(path)
        found += [f"{path}: {barrier}" for barrier in visitor.barriers()]
        if theme != "light":
            visitor.picture(f"{name_of(path)}-en-{size}-{theme}")
    assert not found


@pytest.mark.parametrize("theme", ["light", "sun"])
def test_no_page_moves_sideways_on_the_narrowest_telephone(page_of, theme):
    visitor = page_of(language="kk", theme=theme)
    visitor.page.set_viewport_size({"width": NARROWEST[0], "height": NARROWEST[1]})
    wrong = []
    for path in PATHS:
        visitor.go(path)
        if (moved_px := visitor.sideways_px()) > 0:
            wrong.append(f"{path}: {moved_px} px wider than the screen")
        wrong += [f"{path}: cut: {text}" for text in visitor.cut()]
    assert not wrong


def test_every_foreign_file_of_these_tests_is_the_one_that_its_maker_published():
    manifest = tomllib.loads((VENDOR / "manifest.toml").read_text(encoding="utf-8"))
    licences = {row["licence_file"] for row in manifest.values()}
    assert {file.name for file in VENDOR.iterdir()} == {*manifest, *licences, "manifest.toml"}
    for name, row in manifest.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == row["sha256"], name
