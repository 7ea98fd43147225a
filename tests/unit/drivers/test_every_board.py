"""Every line of the registry is held to its contract: a board that nobody proved does not ship."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import pytest

from drivers import registry
from drivers.contracts.camera import CameraContract
from drivers.contracts.inputs import InputContract
from drivers.contracts.relay import RelayContract
from drivers.contracts.scanner import ScannerContract
from drivers.contracts.sign import SignContract
from drivers.contracts.voice import VoiceContract
from drivers.contracts.witness import WitnessContract


def held_to(contract: type, module: str, kind: str) -> list[str]:
    """The test classes of a module that hold this kind to the contract."""
    assert find_spec(module), f"kind {kind!r} is in the registry; write {module.replace('.', '/')}.py with its contract"
    classes = [each for each in vars(import_module(module)).values() if isinstance(each, type)]
    return [
        each.__name__
        for each in classes
        if issubclass(each, contract) and each.__name__.startswith("Test") and each.kind == kind
    ]


@pytest.mark.parametrize("kind", registry.RELAYS.own)
def test_every_relay_driver_is_held_to_the_contract(kind: str) -> None:
    assert held_to(RelayContract, f"tests.unit.drivers.relay.test_{kind}", kind)


@pytest.mark.parametrize("kind", registry.INPUTS.own)
def test_every_input_driver_is_held_to_the_contract(kind: str) -> None:
    assert held_to(InputContract, f"tests.unit.drivers.inputs.test_{kind}", kind)


@pytest.mark.parametrize("kind", registry.SCANNERS.own)
def test_every_scanner_driver_is_held_to_the_contract(kind: str) -> None:
    assert held_to(ScannerContract, f"tests.unit.drivers.scanner.test_{kind}", kind)


@pytest.mark.parametrize("kind", registry.SIGNS.own)
def test_every_sign_driver_is_held_to_the_contract(kind: str) -> None:
    assert held_to(SignContract, f"tests.unit.drivers.sign.test_{kind}", kind)


@pytest.mark.parametrize("kind", registry.VOICES.own)
def test_every_voice_driver_is_held_to_the_contract(kind: str) -> None:
    assert held_to(VoiceContract, f"tests.unit.drivers.voice.test_{kind}", kind)


@pytest.mark.parametrize(
    ("kind", "module"), [("folder", "picture_folder"), ("opencv", "opencv"), ("simulated", "simulated")]
)
def test_every_camera_driver_is_held_to_the_contract(kind: str, module: str) -> None:
    assert set(registry.CAMERAS.own) == {"folder", "opencv", "simulated"}
    assert held_to(CameraContract, f"tests.unit.drivers.camera.test_{module}", kind)


@pytest.mark.parametrize("kind", registry.WITNESSES.own)
def test_every_witness_driver_is_held_to_the_contract(kind: str) -> None:
    assert held_to(WitnessContract, f"tests.unit.drivers.witness.test_{kind}", kind)


def test_a_kind_without_its_test_module_is_named() -> None:
    with pytest.raises(
        AssertionError, match=r"kind .abacus. is in the registry; write tests/unit/drivers/relay/test_abacus\.py"
    ):
        held_to(RelayContract, "tests.unit.drivers.relay.test_abacus", "abacus")
