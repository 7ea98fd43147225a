"""The webhook's address, secret and signature."""

import base64

import pytest

from agent.core.notices import WebhookAddress, webhook_key, webhook_signature


def test_the_signature_is_that_of_the_standards_own_example():
    """The vector of the reference libraries (standard-webhooks, libraries/python/tests)."""
    key = webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = webhook_signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://alarms.example", WebhookAddress("alarms.example", 443, "/")),
        ("https://alarms.example:8443/a/b?key=1", WebhookAddress("alarms.example", 8443, "/a/b?key=1")),
        ("https://[::1]/x", WebhookAddress("::1", 443, "/x")),
    ],
)
def test_an_address_is_taken_apart(url, address):
    assert WebhookAddress.parse(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "http://alarms.example/a",
        "alarms.example",
        "https://",
        "https://user:word@alarms.example/",
        "https://alarms.example/#x",
        "https://alarms.example/a b",
        "https://alarms.example/\r\nX: y",
        "https://alarms.example:99999/",
        "https://alarms.example:0/",
        "https://алма.example/",
        "https://alarms.example/" + "a" * 3000,
    ],
)
def test_all_else_is_no_address(url):
    with pytest.raises(ValueError, match="expected"):
        WebhookAddress.parse(url)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "s3cret",
        "whsec_",
        "whsec_s3cret!",
        "whsec_" + base64.b64encode(b"s3cret").decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
    ],
)
def test_a_secret_of_another_form_is_refused_without_showing_it(secret):
    with pytest.raises(ValueError, match="expected whsec_") as refused:
        webhook_key(secret)
    assert "s3cret" not in str(refused.value)
