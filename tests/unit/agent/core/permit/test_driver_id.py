"""A driver's id is kept as a keyed hash only."""

import hashlib
import hmac

import pytest

from agent.core.permit.driver_id import driver_hmac

KEY = bytes(range(32))
FULL_WIDTH = "".join(chr(ord(one) + 0xFEE0) for one in "E12345678")


def test_it_is_the_beginning_of_the_keyed_hash_of_the_plain_number():
    assert driver_hmac(KEY, "E12345678") == hmac.new(KEY, b"E12345678", hashlib.sha256).digest()[:12]


@pytest.mark.parametrize("typed", ["e12345678", " E1234 5678", "E-1234-5678", "E1234.5678", FULL_WIDTH, "E/12345678"])
def test_the_same_number_typed_otherwise_is_the_same_driver(typed):
    assert driver_hmac(KEY, typed) == driver_hmac(KEY, "E12345678")


def test_another_number_or_another_sites_key_is_another_value():
    values = {driver_hmac(key, number) for key in (KEY, KEY[::-1]) for number in ("E12345678", "E12345679", "E1234567")}
    assert len(values) == 6


@pytest.mark.parametrize("number", ["", "  ", "- -", "E1234\x005678", "E12345678\n"])
def test_what_is_no_number_is_refused_without_being_repeated(number):
    with pytest.raises(ValueError, match="letters and digits") as refusal:
        driver_hmac(KEY, number)
    assert not number.strip() or number not in str(refusal.value)


def test_a_key_that_can_be_guessed_is_refused():
    with pytest.raises(ValueError, match="at least 16 bytes, not 15"):
        driver_hmac(KEY[:15], "E12345678")
