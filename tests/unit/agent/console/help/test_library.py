"""The library of the help: which pages there are, and what a search finds."""

import pytest

from agent.console.help import HelpLibrary, PageUnknownError


@pytest.fixture
def library(tmp_path):
    for name, text in {
        "index.md": "# All pages\n\n[Aim](cameras.md#aim)\n",
        "cameras.md": "# Cameras\n\nWhat.\n\n## Aim\n\nTurn the focus ring: is the picture sharp?\n\n## Rest\n\nNo.\n",
        "boards/lcus.md": "# LCUS\n\nA relay board. The picture ring.\n",
        "boards/lcus.svg": "<svg/>",
        "secret.txt": "no page",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return HelpLibrary(tmp_path)


def test_a_page_has_its_title_and_its_sections(library):
    page = library.page("cameras")
    assert (page.title, [one.anchor for one in page.contents]) == ("Cameras", ["aim", "rest"])


@pytest.mark.parametrize(
    "name", ["../secret", "secret.txt", "boards", "", "/etc/passwd", "cameras.md", "boards/lcus.svg"]
)
def test_what_is_not_a_page_is_not_shown(library, name):
    with pytest.raises(PageUnknownError):
        library.page(name)


@pytest.mark.parametrize("name", ["secret.txt", "index.md", "../index.md", "/etc/hostname"])
def test_what_is_not_a_picture_is_not_given(library, name):
    with pytest.raises(PageUnknownError):
        library.picture(name)


def test_a_picture_of_a_page_is_given(library):
    path, media_type = library.picture("boards/lcus.svg")
    assert (path.read_text(), media_type) == ("<svg/>", "image/svg+xml")


def test_a_search_finds_sections_with_all_words_titles_first(library):
    assert {one.address for one in library.search("RING picture")} == {
        "/settings/help/cameras#aim",
        "/settings/help/boards/lcus#lcus",
    }
    assert next((one.address, one.page_title) for one in library.search("aim")) == (
        "/settings/help/cameras#aim",
        "Cameras",
    )
    assert "focus ring" in library.search("focus")[0].snippet
    assert library.search("ring nowhere") == []
    assert library.search("   ") == []


def test_a_library_without_pages_is_empty_and_knows_it(tmp_path):
    assert HelpLibrary(None).is_empty
    assert HelpLibrary(tmp_path).is_empty
    assert HelpLibrary(None).search("x") == []
