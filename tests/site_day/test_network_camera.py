"""The camera in the network: it streams while there is power and no fault, in whatever order they come and go."""

from contextlib import contextmanager
from itertools import pairwise, permutations

import pytest

from tests.site_day.network_camera import NetworkCamera


class Machine:
    def __init__(self):
        self.entered = 0

    @contextmanager
    def network(self):
        self.entered += 1
        yield


class Camera:
    def __init__(self):
        self.orders = []

    def start(self):
        self.orders.append("start")

    def kill(self):
        self.orders.append("kill")


ORDERS = {
    "power off": lambda camera: camera.set_power(on=False),
    "power on": lambda camera: camera.set_power(on=True),
    "fails": lambda camera: camera.set_failing(fails=True),
    "works": lambda camera: camera.set_failing(fails=False),
}


@pytest.mark.parametrize(
    "order",
    [
        names
        for names in permutations(ORDERS)
        if names.index("power off") < names.index("power on") and names.index("fails") < names.index("works")
    ],
)
def test_it_streams_again_after_power_and_fault_have_come_and_gone_in_any_order(tmp_path, order):
    machine, made = Machine(), Camera()
    camera = NetworkCamera(tmp_path, tmp_path / "scene.json", machine)
    camera._camera = made
    camera.set_power(on=True)
    for name in order:
        ORDERS[name](camera)
    assert made.orders[0] == made.orders[-1] == "start"
    assert all(one != other for one, other in pairwise(made.orders))
    assert machine.entered == made.orders.count("start")
    camera.set_power(on=False)
    camera._log.close()
    assert made.orders[-1] == "kill"
