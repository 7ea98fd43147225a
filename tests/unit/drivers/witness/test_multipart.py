"""The parts of an endless body: what comes out however it is cut, and what is refused before it is kept."""

from __future__ import annotations

import random

import pytest

from drivers.untrusted_text import DocumentError
from drivers.witness.multipart import MultipartReader, PartLimits, boundary_of

LIMITS = PartLimits(headers=200, text=100, picture=1000)
TEXT = b"Content-Type: text/plain\r\n"


def read(data, *, whole=None, boundary="b", limits=LIMITS):
    return MultipartReader(boundary, limits, whole).feed(data)


def bodies(data, **how):
    return [part.body for part in read(data, **how)]


def byte_by_byte(stream):
    reader = MultipartReader("b", LIMITS)
    for byte in stream:
        reader.feed(bytes([byte]))


def part(body, *, end=b"\r\n", length=True, kind=b"text/plain", boundary=b"b"):
    headers = [b"Content-Type: " + kind, *[b"Content-Length: %d" % len(body)] * length]
    return end.join([b"--" + boundary, *headers, b"", body, b""])


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/mixed; boundary=MIME_boundary", "MIME_boundary"),
        ('multipart/x-mixed-replace;boundary="my boundary"', "my boundary"),
        ("Multipart/Form-Data; charset=UTF-8; Boundary=--b", "--b"),
    ],
)
def test_the_boundary_is_what_the_content_type_names(content_type, boundary):
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/html; boundary=b",
        "multipart/mixed",
        "multipart/mixed; boundary=",
        'multipart/mixed; boundary=""',
        "multipart/mixed; boundary=---",
        "multipart/mixed; boundary=" + "b" * 71,
        "multipart/mixed; boundary=é",
    ],
)
def test_a_body_that_is_not_multipart_is_refused(content_type):
    with pytest.raises(DocumentError, match="expected a stream of parts"):
        boundary_of(content_type)


def test_a_part_has_its_headers_in_small_letters_and_its_body():
    (one,) = read(
        b'--b\r\nContent-TYPE: Image/JPEG; q="1"\r\nContent-Disposition: form-data; name="a"; filename="Plate.jpg"\r\n'
        b"Content-Length: 3\r\n\r\n\xff\xd8\xff\r\n"
    )
    assert (one.media_type, one.is_picture, one.file_name, one.body) == (
        "image/jpeg",
        True,
        "plate.jpg",
        b"\xff\xd8\xff",
    )


STREAMS = {
    "lengths": (part(b"one") + part(b"two\r\n--b\r\nthree") + part(b"four"), [b"one", b"two\r\n--b\r\nthree", b"four"]),
    "bare line feeds": (part(b"one", end=b"\n") + part(b"two", end=b"\n"), [b"one", b"two"]),
    "no lengths": (
        part(b"one", length=False) + part(b"two\r\nlines", length=False) + b"--b--\r\n",
        [b"one", b"two\r\nlines"],
    ),
    "lengths of zero": (
        b"--b\r\nContent-Length: 0\r\n\r\none\r\n--b\r\nContent-Length:0\r\n\r\ntwo\r\n--b\r\n",
        [b"one", b"two"],
    ),
    "a preamble": (b"This is a stream.\r\n" + part(b"one"), [b"one"]),
    "the body right before the boundary": (
        b"--b\r\nContent-Length: 3\r\n\r\none--b\r\n\r\ntwo\r\n--b\r\n",
        [b"one", b"two"],
    ),
    "blank lines between": (part(b"one") + b"\r\n\r\n" + part(b"two"), [b"one", b"two"]),
    "no headers": (b"--b\r\n\r\none\r\n--b\r\n", [b"one"]),
    "an empty part": (b"--b\r\n" + TEXT + b"\r\n\r\n--b\r\n", [b""]),
    "no line end before the boundary of an empty part": (b"--b\r\n" + TEXT + b"\r\n--b\r\n", [b""]),
    "more hyphens": (b"----b\r\nContent-Length: 3\r\n\r\none\r\n----b\r\n", [b"one"]),
    "blanks after the boundary": (b"--b \t\r\nContent-Length: 3\r\n\r\none\r\n--b  \r\n", [b"one"]),
    "what follows the end": (part(b"one") + b"--b--\r\n" + part(b"two"), [b"one"]),
    "a longer boundary in the data": (part(b"one\r\n--bb\r\n", length=False) + b"--b\r\n", [b"one\r\n--bb"]),
}


@pytest.mark.parametrize(("stream", "wanted"), STREAMS.values(), ids=STREAMS)
def test_the_same_parts_come_out_however_the_bytes_are_cut(stream, wanted):
    # A text whose length is not told is given out without the blanks at its end.
    assert bodies(stream) == wanted
    for seed in range(40):
        dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
        reader, found, rest = MultipartReader("b", LIMITS), [], stream
        while rest:
            size = dice.choice((1, 1, 2, 7, 50))
            found += reader.feed(rest[:size])
            rest = rest[size:]
        assert [one.body for one in found] == wanted


def test_the_boundary_may_be_named_with_its_hyphens():
    assert bodies(part(b"one"), boundary="--b") == [b"one"]


def test_bytes_of_a_picture_that_look_like_a_boundary_are_its_own_where_its_length_is_told():
    picture = b"\xff\xd8\xff\r\n--b\r\nContent-Type: text/plain\r\n\r\nforged\r\n--b--\r\n"
    found = read(part(picture, kind=b"image/jpeg") + part(b"after"))
    assert [one.body for one in found] == [picture, b"after"]


def test_a_text_that_is_whole_by_its_own_form_does_not_wait_for_the_next_boundary():
    def closed(body):
        return body.rstrip().endswith(b"}")

    reader = MultipartReader("b", LIMITS, closed)
    assert reader.feed(b"--b\r\nContent-Length:0\r\n\r\n{1") == []
    assert [one.body for one in reader.feed(b"}\r\n")] == [b"{1}"]
    assert reader.feed(b"\r\n--b\r\n\r\n{2") == []
    assert [one.body for one in reader.feed(b"\n}\r\n--b\r\n")] == [b"{2\n}"]
    assert [one.body for one in reader.feed(b"\r\n{3}")] == [b"{3}"]
    with pytest.raises(DocumentError, match="longer than announced"):
        reader.feed(b"more")


def test_whether_a_picture_is_whole_is_never_asked():
    asked = []
    reader = MultipartReader("b", LIMITS, lambda body: bool(asked.append(body)))
    assert reader.feed(b"--b\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff}") == []
    assert asked == []


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (b"x" * 457, "another boundary"),
        (b"x" * 201 + b"\r\n--b\r\n", "another boundary"),
        (b"--c\r\n\r\n" * 80, "another boundary"),
        (b"--b\r\n" + b"X: y\r\n" * 40, "more than 200 bytes of headers"),
        (b"--b\r\nX: " + b"y" * 200, "more than 200 bytes of headers"),
        (b"--b\r\nno header\r\n\r\n", "invalid headers"),
        (b"--b\r\n continued: x\r\n\r\n", "invalid headers"),
        (b"--b\r\n: x\r\n\r\n", "invalid headers"),
        (b"--b\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "the same header twice"),
        (b"--b\r\nContent-Length: -1\r\n\r\n", "length is not a number"),
        (b"--b\r\nContent-Length: 1e2\r\n\r\n", "length is not a number"),
        (b"--b\r\nContent-Length: 99999999999\r\n\r\n", "length is not a number"),
        ("--b\r\nContent-Length: ٣\r\n\r\n".encode(), "length is not a number"),
        (b"--b\r\nContent-Length: 101\r\n\r\n", "a text of more than 100 bytes"),
        (b"--b\r\nContent-Type: image/png\r\nContent-Length: 1001\r\n\r\n", "a picture of more than 1000 bytes"),
        (b"--b\r\n\r\n" + b"x" * 400, "a text of more than 100 bytes"),
        (b"--b\r\n\r\n" + b"x" * 101 + b"\r\n--b\r\n", "a text of more than 100 bytes"),
        (b"--b\r\nContent-Type: image/png\r\n\r\n" + b"x" * 1300, "a picture of more than 1000 bytes"),
        (b"--b\r\nContent-Length: 3\r\n\r\nmore than three", "longer than announced"),
        (b"--b\r\nContent-Length: 3\r\n\r\none" + b"\r\n" * 40, "longer than announced"),
        (b"--b\r\nContent-Length: 3\r\n\r\none\r\n--c\r\n", "another boundary"),
        (b"--b\r\nContent-Length: 3\r\n\r\none\r\n--" + b"b" * 300, "another boundary"),
    ],
)
def test_what_no_camera_should_send_is_refused_as_soon_as_it_is_seen(stream, words):
    with pytest.raises(DocumentError, match=words):
        read(stream)
    with pytest.raises(DocumentError, match=words):
        byte_by_byte(stream)


def test_more_headers_than_any_part_has_are_refused():
    with pytest.raises(DocumentError, match="more than 32 headers"):
        read(b"--b\r\n" + b"".join(b"X%d: y\r\n" % number for number in range(33)) + b"\r\n", limits=PartLimits())


def test_no_more_than_one_part_is_ever_kept():
    reader = MultipartReader("b", LIMITS)
    for _ in range(200):
        reader.feed(part(b"x" * 90))
        assert len(reader._buffer) <= 4
    reader.feed(b"--b--\r\n")
    assert reader.ended
    for _ in range(200):
        assert reader.feed(b"x" * 1000) == []
        assert len(reader._buffer) == 0
