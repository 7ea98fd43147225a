import pytest

from agent.enrolment import CodeError, Endpoint, EnrolmentCode, fingerprint

CODE = EnrolmentCode("https://est.example:8085", "7-ABCDE-FGHJK-MNPQR-STVWX", bytes(range(32)))


def test_a_code_is_read_back_from_its_text():
    assert CODE.text == f"GAE1,https://est.example:8085,7-ABCDE-FGHJK-MNPQR-STVWX,{bytes(range(32)).hex()}"
    assert EnrolmentCode.parse(f" {CODE.text}\n") == CODE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GP1:whatever",
        CODE.text.replace("GAE1", "GAE2"),
        CODE.text.replace("https:", "http:"),
        CODE.text[:-1],
        f"{CODE.text},more",
        CODE.text.replace(CODE.token, ""),
        CODE.text.replace(CODE.token, "a\x1bb"),
        CODE.text + "0" * 2000,
    ],
)
def test_what_is_no_code_is_refused(text):
    with pytest.raises(CodeError):
        EnrolmentCode.parse(text)


def test_a_fingerprint_is_taken_as_programs_print_it():
    shown = ":".join(f"{byte:02X}" for byte in range(32))
    assert fingerprint(shown) == fingerprint(bytes(range(32)).hex()) == bytes(range(32))
    for wrong in ("", "00", shown[:-1], "g" * 64):
        with pytest.raises(ValueError, match="64 hexadecimal digits"):
            fingerprint(wrong)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://est.example", Endpoint("est.example", 443)),
        ("https://est.example:8085/", Endpoint("est.example", 8085)),
        ("https://est.example/pki/site", Endpoint("est.example", 443, "/pki/site")),
        ("https://[fe80::1]:8085", Endpoint("fe80::1", 8085)),
    ],
)
def test_an_address_is_read(url, found):
    assert Endpoint.parse(url) == found


@pytest.mark.parametrize(
    "url",
    [
        *("http://a", "https://", "est.example", "https://u:p@a", "https://a?b", "https://a#b", "https://a:99999"),
        *("https://a b", "https://a/\r\nX: y", "https://[::1", "https://é.example", "https://a,b"),
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError, match=r"."):
        Endpoint.parse(url)
