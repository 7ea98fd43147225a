"""The five places: who sees which pages, and where a path stands."""

from __future__ import annotations

import pytest

from agent.console.access.roles import Role
from agent.console.navigation import PLACES, Nav, Navigation, Place
from agent.console.web.routing import page_modules
from agent.i18n import Language, translate
from drivers.text import Text

LONGEST = 10
ENTRIES = (
    Nav(Place.HEALTH, 20, "/devices", Text("Devices"), Role.VIEWER),
    Nav(Place.HEALTH, 10, "/health", Text("Health"), Role.VIEWER),
    Nav(Place.VEHICLES, 10, "/vehicles", Text("Vehicles"), Role.VIEWER, ("/journal",)),
    Nav(Place.SETTINGS, 10, "/settings/configuration", Text("Configuration"), Role.TECHNICIAN),
    Nav(Place.SETTINGS, 20, "/settings/anchors", Text("Trust anchors"), Role.TECHNICIAN),
    Nav(Place.SETTINGS, 90, "/settings/account", Text("Account"), Role.VIEWER),
)


def shown(role, path):
    return Navigation(ENTRIES).shown(role, path)


@pytest.mark.parametrize(
    ("role", "paths"),
    [
        (Role.VIEWER, ["/vehicles", "/health", "/settings/account"]),
        (Role.ADMIN, ["/vehicles", "/health", "/settings/configuration"]),
    ],
)
def test_a_place_leads_to_its_first_page_that_the_person_may_see(role, paths):
    assert [place.path for place in shown(role, "/")] == paths


@pytest.mark.parametrize(
    ("path", "place", "page"),
    [
        ("/devices", Place.HEALTH, "/devices"),
        ("/journal/vehicle/7", Place.VEHICLES, "/vehicles"),
        ("/settings/configuration/table", Place.SETTINGS, "/settings/configuration"),
        ("/settings/anchors", Place.SETTINGS, "/settings/anchors"),
        ("/healthy", None, None),
    ],
)
def test_a_path_stands_in_one_place_and_page(path, place, page):
    found = shown(Role.ADMIN, path)
    assert [one.place for one in found if one.current] == ([] if place is None else [place])
    assert [one.path for each in found for one in each.pages if one.current] == ([] if page is None else [page])


def test_the_first_page_is_that_of_the_first_place():
    assert Navigation(ENTRIES).first(Role.VIEWER) == "/vehicles"


@pytest.mark.parametrize("language", Language)
def test_a_telephone_shows_all_places_in_one_line(language):
    assert list(PLACES) == list(Place)
    assert max(len(translate(title, language)) for title in PLACES.values()) <= LONGEST


def test_every_place_has_a_page():
    assert {module.NAV.place for module in page_modules() if hasattr(module, "NAV")} == set(Place)
