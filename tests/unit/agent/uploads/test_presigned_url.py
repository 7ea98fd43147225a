"""Where a presigned URL may lead: to the hosts that the configuration names, over TLS, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model.store_host import StoreHost
from agent.core.model.upload_fault import UploadFault
from agent.uploads.presigned_url import LONGEST, PlaceRefusedError, SignedPlace

ALLOWED = ("store.example", "minio.example:9000", "127.0.0.1:9000", "[::1]:9000")
QUERY = "X-Amz-Expires=900&X-Amz-Signature=s3cret"


@pytest.mark.parametrize(
    ("url", "host", "tls"),
    [
        (f"https://store.example/gates/a?{QUERY}", StoreHost("store.example"), True),
        (f"https://STORE.example:443/gates/a?{QUERY}", StoreHost("store.example"), True),
        (f"https://minio.example:9000/a?{QUERY}", StoreHost("minio.example", 9000), True),
        (f"http://127.0.0.1:9000/a?{QUERY}", StoreHost("127.0.0.1", 9000), False),
        (f"http://[::1]:9000/a?{QUERY}", StoreHost("::1", 9000), False),
    ],
)
def test_a_place_at_an_allowed_host_is_taken(url, host, tls):
    place = SignedPlace.parse(url, ALLOWED)
    assert (place.host, place.tls) == (host, tls)
    assert place.target.endswith(QUERY)
    assert "s3cret" not in repr(place)


def test_the_host_header_is_as_the_url_has_it_since_it_is_signed():
    assert SignedPlace.parse("https://STORE.example:443/a", ALLOWED).netloc == "STORE.example:443"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/a",
        "https://store.example.evil.example/a",
        "https://store.example:444/a",
        "https://minio.example/a",
        "http://127.0.0.1:9001/a",
        "https://xn--stor-vra.example/a",
        "https://store.example./a",
    ],
)
def test_no_other_host_is_sent_anything(url):
    with pytest.raises(PlaceRefusedError) as refused:
        SignedPlace.parse(url, ALLOWED)
    assert refused.value.code in {UploadFault.HOST_NOT_ALLOWED, UploadFault.URL_INVALID}
    assert "/a" not in refused.value.detail


@pytest.mark.parametrize(
    "url",
    [
        "http://store.example:80/a",
        "ftp://store.example/a",
        "https://user@store.example/a",
        "https://user:pw@store.example/a",
        "https://evil.example@store.example/a",
        "https://store.example@evil.example/a",
        "https://store.example\\@evil.example/a",
        "https://store.example",
        "https:///a",
        "https://[store.example/a",
        "https://store.example/a#b",
        "https://store.example/a b",
        "https://store.example/a\r\nHost: evil.example",
        "https://störe.example/a",
        "https://store.example/" + "a" * LONGEST,
        "https://0x7f000001/a",
        "",
    ],
)
def test_what_is_no_place_is_refused(url):
    with pytest.raises(PlaceRefusedError):
        SignedPlace.parse(url, (*ALLOWED, "store.example:80", "evil.example"))


def test_plain_http_is_for_this_computer_alone():
    with pytest.raises(PlaceRefusedError, match="expected https"):
        SignedPlace.parse("http://store.example:80/a", ("store.example:80",))
    with pytest.raises(PlaceRefusedError, match="expected https"):
        SignedPlace.parse("http://localhost:80/a", ("localhost:80",))


@given(st.text(max_size=300))
def test_nothing_else_is_raised_whatever_the_text(text):
    for url in (text, f"https://{text}/a", f"https://store.example{text}"):
        try:
            place = SignedPlace.parse(url, ALLOWED)
        except PlaceRefusedError:
            continue
        assert place.host.text in ALLOWED


@pytest.mark.parametrize(
    "text", ["", "a b", "store.example:0", "store.example:65536", "-a.example", "[::g]", "1.2.3.4.5"]
)
def test_what_is_no_host_is_none(text):
    with pytest.raises(ValueError, match=r"."):
        StoreHost.parse(text)


def test_a_host_has_one_spelling():
    assert StoreHost.parse("Store.Example:443").text == "store.example"
    assert StoreHost.parse("[0:0::1]:9000").text == "[::1]:9000"
