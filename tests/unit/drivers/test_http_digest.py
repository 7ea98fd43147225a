"""HTTP digest: the examples of the standards, and the ways that are taken and refused."""

from __future__ import annotations

import re

import pytest

from drivers.http_digest import Login, LoginError, challenges, next_nonce_of

RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
RFC_2617 = (
    'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
    'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def login(user="Mufasa", phrase="Circle of Life", cnonce=CNONCE, **how):
    return Login(user, phrase, lambda: cnonce, **how)


def answered(one, target="/dir/index.html"):
    header = one.authorization("GET", target)
    found = re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^",\s]*))', header.removeprefix("Digest "))
    return {name: quoted or plain for name, quoted, plain in found}


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm, response):
    one = login()
    one.challenged([RFC_7616.format(algorithm=algorithm)])
    answer = answered(one)
    assert answer["response"] == response
    assert (answer["nc"], answer["qop"], answer["algorithm"], answer["cnonce"]) == (
        "00000001",
        "auth",
        algorithm,
        CNONCE,
    )
    assert (answer["username"], answer["uri"]) == ("Mufasa", "/dir/index.html")
    assert answer["opaque"] == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
    assert answered(one)["nc"] == "00000002"


def test_the_example_of_rfc_2617():
    one = login(phrase="Circle Of Life", cnonce="0a4f113b")
    one.challenged([RFC_2617])
    answer = answered(one)
    assert answer["response"] == "6629fae49393a05397450978507c4ef1"
    assert "algorithm" not in answer


def test_the_digest_of_rfc_2069_has_no_count():
    one = login(user="u", phrase="p")
    one.challenged(['Digest realm="r", nonce="n"'])
    answer = answered(one, "/")
    # MD5 of MD5("u:r:p"):n:MD5("GET:/"), by another program: openssl dgst -md5.
    assert answer["response"] == "f23121ca97143c6b358da620220c83b4"
    assert "nc" not in answer
    assert "cnonce" not in answer


def test_a_session_keeps_the_key_of_its_first_answer():
    numbers = iter(("c1", "c2"))
    one = Login("u", "p", lambda: next(numbers))
    one.challenged(['Digest realm="r", nonce="n", qop="auth", algorithm=MD5-sess'])
    first, second = answered(one, "/"), answered(one, "/")
    assert (first["cnonce"], second["cnonce"]) == ("c1", "c2")
    # MD5(MD5("u:r:p"):n:c1) in both, by another program.
    assert first["response"] == "71da3a5a366624854f16789e340492ac"
    assert second["response"] == "aacdea0cbfc256f305e0990509ba9758"


def test_a_header_may_offer_several_ways_with_commas_and_quotes_in_them():
    found = challenges(['Basic realm="a, b=\\"c\\"", Digest realm="x", nonce=n1,stale=TRUE', "Negotiate", "Bearer,"])
    assert [one.scheme for one in found] == ["basic", "digest", "negotiate", "bearer"]
    assert found[0].parameters == {"realm": 'a, b="c"'}
    assert found[1].parameters == {"realm": "x", "nonce": "n1", "stale": "TRUE"}
    assert found[1].is_stale


def test_the_strongest_way_is_taken():
    one = login()
    offers = ['Basic realm="r"', *(RFC_7616.format(algorithm=name) for name in ("MD5", "SHA-256", "SHA-512-256"))]
    assert one.challenged(offers).algorithm == "SHA-256"
    assert login().challenged(offers[:2]).algorithm == "MD5"


@pytest.mark.parametrize(
    ("offer", "words"),
    [
        ([], "no login that the agent supports"),
        (["Negotiate"], "no login that the agent supports"),
        ([RFC_7616.format(algorithm="SHA-512-256")], "no login that the agent supports"),
        (['Digest realm="r", nonce="n", qop="auth-int"'], "no login that the agent supports"),
        (['Digest realm="r"'], "no login that the agent supports"),
        (['Digest nonce="n"'], "no login that the agent supports"),
        (['Basic realm="r"'], "offers only Basic"),
        (['Basic realm="r"', 'Digest realm="r", nonce="n", algorithm=MD2'], "offers only Basic"),
    ],
)
def test_a_login_that_cannot_be_given_is_refused_with_what_to_change(offer, words):
    with pytest.raises(LoginError, match=words):
        login().challenged(offer)


def test_basic_is_taken_where_it_may_be_and_nothing_better_is_offered():
    one = login(basic=True)
    assert one.authorization("GET", "/") is None
    one.challenged(['Basic realm="r"'])
    assert one.authorization("GET", "/") == "Basic TXVmYXNhOkNpcmNsZSBvZiBMaWZl"
    one.challenged(['Basic realm="r"', 'Digest realm="r", nonce="n"'])
    assert one.authorization("GET", "/").startswith("Digest ")


def test_the_next_nonce_is_the_one_that_the_camera_names():
    one = login()
    one.challenged([RFC_7616.format(algorithm="MD5")])
    answered(one)
    one.next_nonce("n2")
    answer = answered(one)
    assert (answer["nonce"], answer["nc"]) == ("n2", "00000001")


@pytest.mark.parametrize(
    ("header", "nonce"),
    [('nextnonce="abc", qop=auth', "abc"), ("qop=auth, NextNonce=abc", "abc"), ("qop=auth", None), ("", None)],
)
def test_a_next_nonce_is_found_in_its_header(header, nonce):
    assert next_nonce_of(header) == nonce


def test_quotes_in_names_cannot_end_a_field():
    one = login(user='a"b\\c')
    one.challenged(['Digest realm="r \\"x\\"", nonce="n"'])
    header = one.authorization("GET", '/?x="y"')
    assert 'username="a\\"b\\\\c"' in header
    assert 'realm="r \\"x\\""' in header
