import re

import pytest

from central.est.tokens import new_token, token_digest, token_site


def test_a_token_names_its_site_and_is_never_the_same():
    made = {new_token(7) for _ in range(100)}
    assert len(made) == 100
    for token in made:
        assert re.fullmatch(r"7(-[0-9A-HJKMNP-TV-Z]{5}){4}", token)
        assert token_site(token) == 7
    assert len({token_digest(token) for token in made}) == 100


def test_a_token_is_known_however_it_is_typed():
    digest = token_digest("7-K01AB-CDEFG-HJKMN-PQRST")
    for typed in ("7-kO1ab-cdefg-hjkmn-pqrst", " 7-K0IAB CDEFG HJKMN PQRST ", "7-K0LABCDEFGHJKMNPQRST"):
        assert token_digest(typed) == digest
    assert token_digest("8-K01AB-CDEFG-HJKMN-PQRST") != digest


@pytest.mark.parametrize(
    "text", ["", "7", "7-", "7-K01AB", "K01AB-CDEFG-HJKMN-PQRST", "7-U" + "0" * 19, "7-" + "é" * 20]
)
def test_what_is_no_token_has_no_digest(text):
    assert token_digest(text) is None


def test_a_long_text_is_not_looked_at():
    assert token_digest("7-" + "0" * 20 + " " * 100) is None
