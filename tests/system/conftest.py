"""What the tests of the whole product share: the installed wheel, and a broker."""

import fcntl
import os

import pytest

from tests.support.gate.installed import Installation, build_wheel, install
from tests.support.mqtt.mosquitto import Broker


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """The wheel of this checkout in an environment of its own, which the workers of a run share."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "installed"
    folder.mkdir(exist_ok=True)
    complete = folder / "complete"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            install(build_wheel(folder), folder)
            complete.touch()
    return Installation(folder, tmp_path_factory.mktemp("scratch"))


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as broker:
        yield broker
