"""What the tests of the whole product share: the installed wheel, and a broker."""

import pytest

from tests.support.gate.installed import Installation, build_wheel
from tests.support.mqtt.mosquitto import Broker


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """The wheel of this checkout in an environment of its own."""
    folder = tmp_path_factory.mktemp("installed")
    return Installation(build_wheel(folder), folder)


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as broker:
        yield broker
