"""What a software document may order, and which machine may install it."""

import pytest

from agent.core.fleet import DocumentFault, DocumentRefusedError
from agent.core.software import Machine, chosen_package, package_version, parsed_order

SHA = "ab" * 32
GOOD = f"""
version = "0.5.0"
floor = "0.4.0"
path = "apt"
rest_s = 900

[window]
begin = "22:00"
end = "04:00"

[packages.deb13_amd64]
file = "gate-agent_0.5.0+deb13_amd64.deb"
sha256 = "{SHA}"
bytes = 1000
"""
HERE = Machine("0.4.1+deb13", "0.4.1+deb13", 13, "trixie", "amd64")


def machine(**changes):
    fields = {name: getattr(HERE, name) for name in HERE.__slots__}
    return Machine(**(fields | changes))


def test_a_good_order_chooses_the_package_of_the_machine():
    chosen = chosen_package(parsed_order(GOOD), HERE)
    assert (chosen.version, chosen.file, chosen.suite) == (
        "0.5.0+deb13",
        "gate-agent_0.5.0+deb13_amd64.deb",
        "trixie",
    )
    assert (chosen.path, chosen.sha256, chosen.bytes) == ("apt", SHA, 1000)


@pytest.mark.parametrize(
    ("here", "fault"),
    [
        ({"architecture": "arm64"}, DocumentFault.OTHER_ARCHITECTURE),
        ({"release": 12}, DocumentFault.OTHER_ARCHITECTURE),
        ({"installed": "0.5.1+deb13"}, DocumentFault.DOWNGRADE),
        ({"installed": "0.5.0+deb14"}, DocumentFault.DOWNGRADE),
        ({"floor": "0.5.1+deb13"}, DocumentFault.BELOW_FLOOR),
        ({"floor": "?"}, DocumentFault.BELOW_FLOOR),
        ({"installed": "0.5.0~rc1+deb13", "floor": ""}, None),
        ({"floor": "0.5.0+deb13"}, None),
    ],
)
def test_no_machine_goes_back_or_below_a_floor(here, fault):
    order = parsed_order(GOOD)
    if fault is None:
        assert chosen_package(order, machine(**here)) is not None
        return
    with pytest.raises(DocumentRefusedError) as refused:
        chosen_package(order, machine(**here))
    assert refused.value.fault is fault


def test_what_is_installed_already_needs_no_package():
    assert chosen_package(parsed_order(GOOD), machine(installed="0.5.0+deb13", floor="0.9+deb13")) is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"0.5.0"\n', '"0.5"\n', 'expected the file "gate-agent_0.5+deb13_amd64.deb"'),
        ('"0.5.0"\n', '"0.5.0; reboot"\n', "expected a version of the product"),
        ('"0.4.0"', '"0.6.0"', "floor of at most the version"),
        ('"apt"', '"/etc"', "folders below the repository"),
        ('"apt"', '"apt/../../x"', "folders below the repository"),
        ('"apt"', '"apt?x=1"', "folders below the repository"),
        ("deb13_amd64]", "debian]", 'expected a name such as "deb13_amd64"'),
        ("_amd64.deb", "_arm64.deb", "expected the file"),
        (SHA, SHA.upper(), "packages.deb13_amd64.sha256"),
        ("= 1000", "= 0", "packages.deb13_amd64.bytes"),
        ("rest_s = 900", "rest_s = 5", "rest_s"),
        ("rest_s = 900", "rests = 900", "rests"),
        ('"22:00"', '"25:00"', "window.begin"),
        ("[window]", "[window", "line"),
        (GOOD[GOOD.index("[packages") :], "", "packages"),
    ],
)
def test_what_is_wrong_with_an_order_is_told_with_its_place(old, new, told):
    assert old in GOOD
    with pytest.raises(DocumentRefusedError) as refused:
        parsed_order(GOOD.replace(old, new))
    assert refused.value.fault is DocumentFault.CONTENT_INVALID
    assert told in str(refused.value)


def test_a_candidate_comes_before_its_release():
    assert package_version("0.5.0rc1", 13) == "0.5.0~rc1+deb13"
