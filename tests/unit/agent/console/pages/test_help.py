"""The page Help: read and searched by a viewer, in every language, with addresses that are there."""

import pytest

from tests.support.console.consoles import ConsoleGate


@pytest.fixture(scope="module")
def viewer(tmp_path_factory):
    with ConsoleGate(tmp_path_factory.mktemp("help")) as gate:
        gate.token("viewer")
        yield gate.browser("viewer")


def test_the_first_page_lists_the_pages(viewer):
    page = viewer.get("/settings/help")
    assert page.status_code == 200
    assert 'href="/settings/help/handbook"' in page.text
    assert 'name="q"' in page.text


def test_a_page_is_shown_with_anchors_and_pictures(viewer):
    page = viewer.get("/settings/help/handbook").text
    assert 'id="6-aim"' in page
    assert '<img src="/settings/help/images/console-aim.webp"' in page
    picture = viewer.get("/settings/help/images/console-aim.webp")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/webp")


def test_a_search_leads_to_sections_and_shows_what_was_typed_as_text(viewer):
    assert (
        'href="/settings/help/handbook#6-aim"'
        in viewer.get("/settings/help", params={"q": "aim traffic lights zone"}).text
    )
    page = viewer.get("/settings/help", params={"q": "<script>"})
    assert page.status_code == 200
    assert "<script>" not in page.text.split('id="content"')[1]


@pytest.mark.parametrize(
    "name", ["nowhere", "images/none.png", "../pyproject", "..%2f..%2fetc%2fpasswd", "glossary.md"]
)
def test_what_is_not_there_is_said_and_nothing_else_is_shown(viewer, name):
    answer = viewer.get(f"/settings/help/{name}")
    assert answer.status_code == 404
