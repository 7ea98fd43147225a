"""Every sign has a page, what the page says can be used, and it promises no more than its driver does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from agent.settings import load
from agent.settings.configuration_loading import models
from agent.settings.model.agent import EXAMPLE_ROOT_KEY
from drivers import registry
from drivers.api import SignTimer

ROOT = Path(__file__).parents[2]
SIGNS = ROOT / "docs" / "signs"
PAGES = sorted(SIGNS.glob("*.md"))
TOML = re.compile(r"^```toml\n(.*?)^```", re.DOTALL | re.MULTILINE)
BLOCKS = [
    pytest.param(text, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, text in enumerate(TOML.findall(page.read_text("utf-8")))
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
MAIN = (
    f'version = 1\n[gate]\nid = "gate-1"\nsite = 1\n[permits]\nroot_keys = ["{EXAMPLE_ROOT_KEY}"]\n[mqtt]\nenabled '
    "= false\n"
)
SURE = {
    SignTimer.DOCUMENTED: "goes dark by itself | **its protocol says so**",
    SignTimer.INFERRED: "goes dark by itself | **concluded, not written**",
}
CARDS = sorted(set(registry.SIGNS.own) - {"simulated"})


def words(page):
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", sorted(registry.SIGNS.own))
def test_every_kind_has_a_page_in_the_index_that_shows_a_part_of_its_sample(kind):
    assert f"]({kind}.md)" in words(SIGNS / "README.md")
    sample = tomllib.loads(words(ROOT / "config" / "signs" / f"{kind}.toml"))["lanes"]["lane-1"]["signs"][0]
    shown = [tomllib.loads(block)["lanes"]["lane-1"]["signs"][0] for block in TOML.findall(words(SIGNS / f"{kind}.md"))]
    assert all(table["kind"] == kind for table in shown)
    assert sample in shown or kind == "simulated"


@pytest.mark.parametrize("text", BLOCKS)
def test_every_configuration_of_a_page_passes_the_check(text, tmp_path):
    (name,) = tomllib.loads(text)["lanes"]
    lane = f'[lanes.{name}]\nnumber = 1\ndirection = "export"\n[lanes.{name}.relay]\nkind = "simulated"\n'
    main = tmp_path / "gate.toml"
    main.write_text(MAIN + lane + text, encoding="utf-8")
    loaded = load(main, environment={}, credentials_directory=None, models=models, relays=registry.relay)
    assert loaded.settings.lanes[name].signs


@pytest.mark.parametrize("kind", CARDS)
def test_a_page_says_how_sure_it_is_that_the_sign_goes_dark_and_how_long_a_page_may_last(kind):
    page = words(SIGNS / f"{kind}.md")
    there = registry.sign(kind, {"port": "/dev/none"}).capabilities
    assert SURE[there.timer] in page
    longest = {"fk": ("255 times 255 s", 255 * 255), "onbon": ("65535 s", 65535), "aa55": ("255 s", 255)}
    written, longest_s = longest[kind]
    assert f"longest time of a page | {written}" in page
    assert there.longest_s == longest_s


@pytest.mark.parametrize("kind", CARDS)
def test_a_page_names_each_key_that_it_advises_as_the_driver_has_it(kind):
    fields = registry.settings_model(registry.SIGNS, kind).model_fields
    advised = re.findall(r"`([a-z_]+)(?: = [^`]+)?`", words(SIGNS / f"{kind}.md"))
    assert [key for key in advised if key not in fields] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page):
    for target in LINK.findall(words(page)):
        path, _, place = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if place:
            heads = re.findall(r"^#+ (.+)$", words(file), re.MULTILINE)
            assert place in {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}, target
