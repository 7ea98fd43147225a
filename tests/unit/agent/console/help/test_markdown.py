"""Pages as HTML: safe, without styles and strange tags, with links that stay inside the help."""

from html.parser import HTMLParser

import pytest

from agent.console.help.markdown import Anchors, headings, plain, render, target

PAGES = dict.fromkeys(("handbook", "boards/README", "boards/lcus", "lane"))


def html(source, page="handbook"):
    return str(render(source, lambda href: target(page, href, PAGES)).html)


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "text <script src=//x></script> text",
        '<img src="x" onerror="alert(1)">',
        '<img src="https://elsewhere.example/a.png" width="48" height="48" alt="">',
        "[x](javascript:alert(1))",
        "[x](data:text/html,x)",
        "[x](//elsewhere.example/)",
        "![x](https://elsewhere.example/a.png)",
        "<style>*{}</style>",
        "<a href='javascript:x'>x</a>",
    ],
)
def test_nothing_runs_and_nothing_is_fetched_from_elsewhere(source):
    page = Tags()
    page.feed(html(source))
    assert page.tags <= {"p", "img", "a"}
    assert page.attributes <= {("src", ""), ("alt", "x"), ("loading", "lazy")}


class Tags(HTMLParser):
    """The tags of a page, and their attributes."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes = set(), set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(attrs)


def test_cells_of_a_table_have_no_style_which_the_console_would_refuse():
    shown = html("| a | b |\n|---|--:|\n| 1 | 2 |\n")
    assert "<td>2</td>" in shown
    assert "style" not in shown


@pytest.mark.parametrize(
    ("page", "href", "address"),
    [
        ("handbook", "lane.md", "/settings/help/lane"),
        ("handbook", "lane.md#states", "/settings/help/lane#states"),
        ("handbook", "boards/README.md", "/settings/help/boards/README"),
        ("handbook", "boards", "/settings/help/boards/README"),
        ("boards/lcus", "../handbook.md#3-wire", "/settings/help/handbook#3-wire"),
        ("boards/lcus", "README.md", "/settings/help/boards/README"),
        ("boards/lcus", "lcus.svg", "/settings/help/boards/lcus.svg"),
        ("handbook", "../config/gate.toml", ""),
        ("handbook", "../agent/x.png", ""),
        ("handbook", "unknown.md", ""),
    ],
)
def test_a_link_leads_to_the_page_in_the_help_or_nowhere(page, href, address):
    assert target(page, href, PAGES) == address


def test_a_link_that_leads_out_of_the_help_stays_as_words():
    assert html("See [the file](../config/gate.toml) and [the web](https://x.example/).") == (
        "<p>See the file and the web.</p>\n"
    )


def test_pictograms_and_line_breaks_are_kept():
    line = '<img src="../agent/console/static/pictograms/wait.svg" width="48" height="48" alt="Please wait"> a<br>b'
    assert html(line) == (
        '<p><img src="/static/pictograms/wait.svg" width="48" height="48" alt="Please wait"> a<br>b</p>\n'
    )


def test_headings_have_the_anchors_that_links_name():
    source = "# Title\n\n## A `code` & more\n\n```\n# no heading\n```\n\n## Same\n\n## Same\n"
    rendered = render(source, lambda _href: "")
    assert [one.anchor for one in rendered.headings] == ["title", "a-code--more", "same", "same-1"]
    assert [one.anchor for _, one in headings(source)] == [one.anchor for one in rendered.headings]


def test_anchors_are_those_of_github():
    anchors = Anchors()
    assert anchors.anchor("6. Aim") == "6-aim"
    assert anchors.anchor("6. Aim") == "6-aim-1"


def test_a_line_is_words_alone():
    assert plain("| [`a`](b.md) | **c** <br> d |").split() == ["a", "c", "d"]
