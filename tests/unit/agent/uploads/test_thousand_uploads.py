"""A thousand pictures into a store in trouble, while events go their way: every byte arrives. How late events are is
told by bench/uploads.py.
"""

import pytest

from bench.uploads import PICTURES, measure
from tests.support.mqtt.mosquitto import needs_mosquitto


@pytest.mark.long
@pytest.mark.timeout(600)
@needs_mosquitto
def test_a_thousand_pictures_arrive_whole_in_a_store_that_is_in_trouble(tmp_path):
    measured = measure(tmp_path)
    assert measured.whole == PICTURES
    assert measured.outcomes["done"] == PICTURES
    assert sum(measured.outcomes.values()) > PICTURES * 1.1
