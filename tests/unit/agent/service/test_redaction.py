"""What makes a URL of an object store worth having is masked wherever a text with it is shown."""

import pytest

from agent.service.redaction import MASK, masked_urls

URL = (
    "https://store.example/gates/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20261130&X-Amz-Expires=900"
    "&X-Amz-Security-Token=t0ken&X-Amz-Signature=s3cret"
)


def test_of_a_presigned_url_its_place_and_its_times_stay():
    told = masked_urls(f"PUT {URL} failed")
    assert told == (
        f"PUT https://store.example/gates/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={MASK}&X-Amz-Expires=900"
        f"&X-Amz-Security-Token={MASK}&X-Amz-Signature={MASK} failed"
    )


@pytest.mark.parametrize(
    "query",
    [
        "X-Goog-Signature=s3cret",
        "sig=s3cret",
        "Signature=s3cret",
        "AWSAccessKeyId=s3cret",
        "a=b&x-amz-signature=s3cret",
    ],
)
def test_so_are_those_of_other_stores(query):
    assert "s3cret" not in masked_urls(f"https://store.example/a?{query}")
