"""Drivers that cannot be used, one fault each: what is said of them, with whose they are."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError
from tests.support.drivers.outside_packages import DECLARED, FALLS_OVER, PACKAGE, RELAY, installed, put

TABLE = {"port": "/dev/x"}
ABOUT = f"the driver relay.acme of the package {PACKAGE} cannot be used: "
MADE = "        self.capabilities = RelayCapabilities(2, hardware_pulse=False, pulse_step_ms=0, read_back=True)\n"
SETTINGS = "    Settings = AcmeSettings\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "ModuleNotFoundError: No module named 'acme_board'"),
        ("import no_such_library_1", "ModuleNotFoundError: No module named 'no_such_library_1'"),
        ("this is no Python", "SyntaxError: invalid syntax (acme_board.py, line 1)"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise KeyError", "KeyError"),
        ("raise OSError('a\\nb' * 400)", "OSError: a b"),
        ("AcmeBoard = 1", "acme_board has no AcmeRelay"),
        ("AcmeRelay = 1", "acme_board:AcmeRelay is not a class"),
        (RELAY.replace("def set(", "def put("), "acme_board:AcmeRelay lacks: set"),
        ("class AcmeRelay: ...", "acme_board:AcmeRelay lacks: open, close, pulse, set, all_off, state"),
        (RELAY.replace(SETTINGS, ""), "its settings are not a pydantic model"),
        (RELAY.replace(SETTINGS, "    Settings = dict\n"), "its settings are not a pydantic model"),
        (RELAY.replace(MADE, "        pass\n"), "it declares no capabilities"),
        (RELAY.replace(MADE, "        self.capabilities = 4\n"), "its capabilities are invalid: 4"),
        (
            RELAY.replace("RelayCapabilities(2,", "RelayCapabilities(0,"),
            "its capabilities are invalid: RelayCapabilities",
        ),
        (RELAY.replace("RelayCapabilities(2,", "RelayCapabilities('2',"), "TypeError: '>' not supported"),
        (
            RELAY.replace("hardware_pulse=False", "hardware_pulse=True"),
            "its capabilities are invalid: RelayCapabilities",
        ),
        (RELAY.replace(MADE, "        raise RuntimeError('no licence')\n"), "RuntimeError: no licence"),
        (RELAY.replace(MADE, "        raise SystemExit\n"), "SystemExit"),
        (
            RELAY.replace(
                MADE, "        pass\n\n    @property\n    def capabilities(self):\n        return self.none\n"
            ),
            "AttributeError: 'AcmeRelay' object has no attribute 'none'",
        ),
    ],
)
def test_a_driver_that_cannot_be_used_is_told_with_its_package_and_the_fault(tmp_path, text, fault):
    with installed(put(tmp_path, DECLARED, {} if text is None else {"acme_board": text})):
        with pytest.raises(DeviceMisconfiguredError) as told:
            registry.relay("acme", TABLE)
        assert str(told.value).startswith(ABOUT + fault)
        assert len(str(told.value)) < 500
        assert "\n" not in str(told.value)


def test_what_the_port_allows_comes_through_as_it_is(tmp_path):
    lost = RELAY.replace(MADE, "        raise DeviceUnavailableError('not now')\n").replace(
        "import Delivery,", "import Delivery, DeviceUnavailableError,"
    )
    with installed(put(tmp_path, DECLARED, {"acme_board": lost})):
        with pytest.raises(DeviceUnavailableError, match=r"^not now$"):
            registry.relay("acme", TABLE)
        with pytest.raises(ValidationError, match="pin"):
            registry.relay("acme", TABLE | {"pin": 0})


def test_settings_that_fall_over_a_value_are_a_fault_of_the_driver(tmp_path):
    with (
        installed(put(tmp_path, DECLARED, {"acme_board": FALLS_OVER})),
        pytest.raises(DeviceMisconfiguredError, match=f"{ABOUT}KeyError: 7"),
    ):
        registry.relay("acme", TABLE | {"pin": 7})


def test_settings_without_a_schema_are_refused_for_the_whole_schema_would_be_lost(tmp_path):
    strange = (
        RELAY.replace('extra="forbid"', 'extra="forbid", arbitrary_types_allowed=True')
        .replace("class AcmeSettings", "class Strange: ...\n\n\nclass AcmeSettings")
        .replace("    pin: int", "    strange: Strange = Field(default=None)\n    pin: int")
    )
    with (
        installed(put(tmp_path, DECLARED, {"acme_board": strange})),
        pytest.raises(DeviceMisconfiguredError, match="Cannot generate a JsonSchema"),
    ):
        registry.settings_model(registry.RELAYS, "acme")


CAMERA = """
from drivers.api import CameraNeeds


class Camera:
    def __init__(self, settings):
        raise ImportError("loaded where it must not be")

    def open(self): ...

    def close(self): ...

    def read(self): ...

    @staticmethod
    def needs(settings):
        return NEEDS
"""
CAMERA_SETTINGS = "from pydantic import BaseModel\n\n\nclass Settings(BaseModel):\n    url: str = ''\n"


def test_a_camera_tells_what_it_needs_or_is_refused(tmp_path):
    declared = {"camera.acme": "acme_camera:Camera", "camera.acme.settings": "acme_settings:Settings"}
    good = CAMERA.replace("NEEDS", "CameraNeeds(tcp_ports=(554,))")
    with installed(put(tmp_path / "good", declared, {"acme_camera": good, "acme_settings": CAMERA_SETTINGS})):
        assert registry.camera_needs("acme", {}).tcp_ports == (554,)
    with (
        installed(put(tmp_path / "none", declared, {"acme_camera": CAMERA, "acme_settings": CAMERA_SETTINGS})),
        pytest.raises(DeviceMisconfiguredError, match="NameError: name 'NEEDS' is not defined"),
    ):
        registry.camera_needs("acme", {})
    lacking = CAMERA.replace("def needs", "def wants")
    with (
        installed(put(tmp_path / "lacking", declared, {"acme_camera": lacking, "acme_settings": CAMERA_SETTINGS})),
        pytest.raises(DeviceMisconfiguredError, match="acme_camera:Camera lacks: needs"),
    ):
        registry.camera_needs("acme", {})


def test_the_settings_of_a_camera_are_known_without_its_driver(tmp_path):
    declared = {"camera.acme": "acme_camera:Camera", "camera.acme.settings": "acme_settings:Settings"}
    with installed(put(tmp_path, declared, {"acme_settings": CAMERA_SETTINGS})):
        assert list(registry.settings_model(registry.CAMERAS, "acme").model_fields) == ["url"]
        with pytest.raises(DeviceMisconfiguredError, match="No module named 'acme_camera'"):
            registry.camera("acme", {})


@pytest.mark.parametrize("family", registry.FAMILIES.values(), ids=lambda family: family.port)
def test_all_of_ours_have_what_their_port_asks_for(family):
    for kind in family.own:
        registry.load(family, kind)
