"""XML of cameras: what is read of it, and bombs that are refused before they grow."""

from __future__ import annotations

import tracemalloc

import pytest

from drivers.strict_xml import MOST_BYTES, read_xml
from drivers.untrusted_text import DocumentError

SPACE = 'xmlns="http://www.isapi.org/ver20/XMLSchema"'


def test_texts_are_found_by_their_path_with_and_without_a_name_space():
    for root in ("<a>", f"<a {SPACE}>", '<p:a xmlns:p="urn:x">'):
        prefix = "p:" if root.startswith("<p:") else ""
        data = f"{root}<{prefix}b> <{prefix}c>\n 沪A1 </{prefix}c></{prefix}b></{prefix}a>"
        found = read_xml(data.encode(), ("a",))
        assert found.words("b", "c") == "沪A1"
        assert found.words("b", "none", "c") == ""


@pytest.mark.parametrize(
    "data",
    [
        "<a>&lt;&#65;&amp;</a>",
        "\n \0<a><![CDATA[<A&]]></a>\r\n\0",
        '<?xml version="1.0" encoding="GB2312"?><!-- a remark --><a>&lt;A&amp;</a>',
    ],
)
def test_what_is_written_in_another_way_is_the_same_text(data):
    assert read_xml(data.encode(), ("a",)).text == "<A&"


HEAD = '<?xml version="1.0"?>'
BOMBS = {
    "a thousand million laughs": HEAD
    + "<!DOCTYPE a ["
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    + '<!ENTITY l0 "ha">]><a>&l9;</a>',
    "one large entity": f'<!DOCTYPE a [<!ENTITY x "{"x" * 30_000}">]><a>{"&x;" * 1000}</a>',
    "a file": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "a document type elsewhere": '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>',
    "a parameter entity": '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1/">%p;]><a/>',
    "a document type alone": "<!DOCTYPE a><a/>",
    "an instruction": "<a><?php system('x') ?></a>",
    "a style sheet": '<?xml-stylesheet href="http://127.0.0.1/"?><a/>',
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_document_that_would_grow_or_fetch_is_refused_before_it_does(bomb):
    tracemalloc.start()
    try:
        with pytest.raises(DocumentError, match="a document type, an entity or an instruction"):
            read_xml(bomb.encode(), ("a",))
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("prefix", ["", " "])
def test_the_parser_itself_refuses_a_document_type_too(prefix, monkeypatch):
    """Where the first look at the bytes missed one."""
    monkeypatch.setattr("drivers.strict_xml._MARKS", ())
    with pytest.raises(DocumentError, match="a document type, an entity or an instruction"):
        read_xml((prefix + BOMBS["a thousand million laughs"][len(HEAD) :]).encode(), ("a",))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not XML"),
        (b"<a>", "not XML"),
        (b"<a></b>", "not XML"),
        (b"<a/><a/>", "not XML"),
        (b"<a>&none;</a>", "not XML|a document type"),
        (b"<a>\xff</a>", "not XML"),
        (b"<a>\x00</a>", "not XML"),
        ("<a>文</a>".encode("gb18030"), "not XML"),
        ("<a/>".encode("utf-16"), "not XML"),
        (b'<a b="1" b="2"/>', "not XML"),
        (b"<p:a/>", "not XML"),
        (b"<b/>", "expected a"),
        (b"<html><body>Log in</body></html>", "expected a"),
        (b"<a>" * 17 + b"</a>" * 17, "too many"),
        (b"<a>" + b"<b/>" * 1000 + b"</a>", "too many"),
        (b"<a>" + b"x" * MOST_BYTES + b"</a>", "more than 65536 bytes"),
    ],
)
def test_anything_else_is_refused(data, words):
    with pytest.raises(DocumentError, match=words):
        read_xml(data, ("a",))


def test_an_element_that_is_there_twice_is_not_guessed():
    found = read_xml(b"<a><b>1</b><b>2</b><c/></a>", ("a",))
    assert found.words("c") == ""
    with pytest.raises(DocumentError, match="the element b twice"):
        found.words("b")
