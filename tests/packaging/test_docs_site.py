"""The static site of the pages: whole, with a search, and nothing in it is fetched from elsewhere."""

import json
import re
from html.parser import HTMLParser

import pytest

from tools.docs_site.site import build

PAGES = {
    "index.md": "# All pages\n\n* [Boards](boards/README.md)\n* [Aim](cameras.md#aim)\n",
    "cameras.md": "# Cameras\n\n![A yard](images/yard.png)\n\n## Aim\n\nSee [the file](../config/gate.toml).\n",
    "boards/README.md": "# Boards\n\nBack to [cameras](../cameras.md). ![wiring](lane.svg) <br>\n",
    "adr/0001.md": "# Long ago\n",
    "images/yard.png": "a picture",
    "boards/lane.svg": "<svg/>",
}


class Links(HTMLParser):
    """What a page fetches, and where it leads."""

    def __init__(self):
        super().__init__()
        self.addresses = []

    def handle_starttag(self, _tag, attrs):
        self.addresses += [value for name, value in attrs if name in {"src", "href"}]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    docs = tmp_path_factory.mktemp("docs")
    for name, text in PAGES.items():
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text(text)
    folder = tmp_path_factory.mktemp("out") / "site"
    assert build(docs, folder) == 3
    return folder


def test_every_address_on_every_page_is_a_file_of_the_site(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) == 3
    for page in pages:
        found = Links()
        found.feed(page.read_text())
        assert found.addresses
        for address in found.addresses:
            path = address.partition("#")[0]
            assert not re.match(r"[a-z]+:|/", address), address
            assert not path or (page.parent / path).is_file(), (page.name, address)


def test_what_was_decided_long_ago_is_left_out(site):
    assert not (site / "adr").exists()


def test_the_index_has_every_section(site):
    rows = json.loads((site / "search-index.js").read_text().removeprefix("window.SECTIONS = ").rstrip(";\n"))
    assert ["cameras.html#aim", "Cameras", "Aim", "See the file."] in rows


def test_scripts_and_styles_name_no_other_host(site):
    for file in (*site.glob("*.css"), site / "search.js", *site.rglob("*.html")):
        assert re.findall(r"(?:https?:)?//[a-z]", file.read_text().replace("// Finds", "")) == [], file.name


def test_building_again_leaves_nothing_of_before(site, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# One\n")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "old.html").write_text("old")
    build(tmp_path / "docs", tmp_path / "site")
    assert not (tmp_path / "site" / "old.html").exists()
