"""What packages declare of their drivers, judged: what counts, what does not, and why."""

from __future__ import annotations

import pytest

from drivers import registry
from drivers.driver_declaration import PORTS, Declaration, DriverEntry, Package, judged
from drivers.text import Text

ACME = Package("acme-gate", "1.2")
OTHER = Package("other-gate", "0.3")


def rejected(*declarations, taken=None):
    """Name and reason of what is rejected."""
    return [(one.declaration.name, str(one.reason)) for one in judged(declarations, taken or {}).rejected]


def test_a_driver_is_known_by_its_port_and_kind_with_its_package():
    found = judged([Declaration("relay.acme", "acme.board:Relay", ACME)], {})
    assert found.rejected == ()
    assert found.entries == {("relay", "acme"): DriverEntry("relay", "acme", "acme.board:Relay", "", ACME)}


def test_its_settings_may_be_declared_apart():
    found = judged(
        [
            Declaration("camera.acme.settings", "acme.settings:Settings", ACME),
            Declaration("camera.acme", "acme.camera:Camera", ACME),
        ],
        {},
    )
    assert found.entries["camera", "acme"].settings == "acme.settings:Settings"


@pytest.mark.parametrize(
    ("name", "target", "why"),
    [
        ("acme", "acme:Relay", "expected a name of the form PORT.KIND or PORT.KIND.settings, such as relay.my_board"),
        ("relay.acme.model", "acme:Relay", "expected a name of the form PORT.KIND or PORT.KIND.settings"),
        ("relay.", "acme:Relay", "expected a name of the form PORT.KIND"),
        ("", "acme:Relay", "expected a name of the form PORT.KIND"),
        (
            "relais.acme",
            "acme:Relay",
            f"there is no port 'relais'; expected one of {', '.join(PORTS)}; did you mean \"relay\"?",
        ),
        ("door.acme", "acme:Relay", f"there is no port 'door'; expected one of {', '.join(PORTS)}"),
        ("relay.ACME", "acme:Relay", "expected a kind of small letters, digits and _, at most 32, not 'ACME'"),
        ("relay.4acme", "acme:Relay", "expected a kind of small letters"),
        (f"relay.{'a' * 33}", "acme:Relay", "expected a kind of small letters"),
        ("relay.acme", "acme", "expected MODULE:CLASS, such as my_package.my_board:MyBoard, not 'acme'"),
        ("relay.acme", "", "expected MODULE:CLASS"),
        ("relay.acme", "../acme:Relay", "expected MODULE:CLASS"),
        ("relay.acme", "acme:Relay.inner", "expected MODULE:CLASS"),
        ("relay.acme.settings", "acme:Settings", "the driver itself is not declared: add relay.acme"),
        ("camera.acme", "acme:Camera", "its settings must be declared apart, in a module that loads nothing heavy"),
    ],
)
def test_what_is_declared_wrongly_is_rejected_with_what_was_expected(name, target, why):
    ((told, reason),) = rejected(Declaration(name, target, ACME))
    assert told == name
    assert reason.startswith(why)


def test_a_kind_that_is_taken_is_rejected_with_the_reason():
    taken = {("relay", "lcus"): Text("the gate already has a driver of this kind")}
    assert rejected(Declaration("relay.lcus", "acme:Relay", ACME), taken=taken) == [
        ("relay.lcus", "the gate already has a driver of this kind")
    ]


def test_where_two_packages_declare_the_same_driver_neither_is_used_and_all_else_of_them_is():
    found = judged(
        [
            Declaration("relay.acme", "acme:Relay", ACME),
            Declaration("relay.acme", "other:Relay", OTHER),
            Declaration("relay.other", "other:Relay", OTHER),
        ],
        {},
    )
    assert list(found.entries) == [("relay", "other")]
    why = "several packages declare this driver, so none is used: acme-gate 1.2, other-gate 0.3"
    assert [(one.declaration.package, str(one.reason)) for one in found.rejected] == [(ACME, why), (OTHER, why)]


def test_settings_of_another_package_than_the_driver_are_not_used():
    parts = [Declaration("relay.acme", "acme:Relay", ACME), Declaration("relay.acme.settings", "other:Other", OTHER)]
    assert judged(parts, {}).entries == {}


def test_what_one_package_declares_twice_is_not_used():
    twice = [Declaration("relay.acme", "acme:Relay", ACME), Declaration("relay.acme", "acme:Second", ACME)]
    assert {why for _, why in rejected(*twice)} == {"the package declares it more than once"}


def test_all_of_ours_is_declared_as_it_must_be_and_each_line_counts():
    own = judged([Declaration(name, target) for name, target in registry.OWN.items()], {})
    assert own.rejected == ()
    drivers = [name for name in registry.OWN if not name.endswith(".settings")]
    assert sorted(f"{port}.{kind}" for port, kind in own.entries) == drivers
    assert {f"{port}.{kind}" for port, family in registry.FAMILIES.items() for kind in family.own} == set(drivers)
