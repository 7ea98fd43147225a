"""Every kind of witness has a page, and what the pages say can be used."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from drivers import registry
from drivers.witness.dahua_codec import EVENTS, PICTURES
from drivers.witness.hikvision_codec import ABOUT
from drivers.witness.hikvision_codec import EVENTS as ALERTS

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "witnesses"
INDEX = (PAGES / "README.md").read_text(encoding="utf-8")
SAMPLE = ROOT / "config" / "lanes" / "witness.toml"
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("kind", sorted(registry.WITNESSES.own))
def test_every_kind_has_a_page_that_the_index_leads_to(kind):
    assert (PAGES / f"{kind}.md").is_file()
    assert f"]({kind}.md)" in INDEX


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in LINK.findall(text):
        path, _, place = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if place:
            heads = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert place in {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}, target


def test_what_the_index_shows_is_a_part_of_the_sample():
    (block,) = re.findall(r"^```toml\n(.*?)^```", INDEX, re.DOTALL | re.MULTILINE)
    (shown,) = tomllib.loads(block)["lanes"]["witness"]["witnesses"]
    samples = tomllib.loads(SAMPLE.read_text(encoding="utf-8"))["lanes"]["witness"]["witnesses"]
    assert any(shown.items() <= sample.items() for sample in samples)


def test_the_pages_name_what_the_drivers_ask_for():
    hikvision, dahua = ((PAGES / f"{kind}.md").read_text(encoding="utf-8") for kind in ("hikvision", "dahua"))
    assert f"`GET {ALERTS}`" in hikvision
    assert f"`GET {ABOUT}`" in hikvision
    assert {EVENTS, PICTURES} <= set(dahua.splitlines())
