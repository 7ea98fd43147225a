"""Every route of the console, asked for as nobody, viewer, technician and admin: who may, and who may not."""

from __future__ import annotations

import re

import pytest
from fastapi import APIRouter, Depends

from agent.console.access.guards import admin, viewer
from agent.console.pages.design import DEVELOPMENT
from agent.console.web.routing import UNGUARDED, UnguardedRouteError, guards_of, page_modules, see_guarded
from tests.support.console.consoles import ConsoleGate

ROLES = ("viewer", "technician", "admin")
PUBLIC = {
    ("GET", "/healthz"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("GET", "/first"),
    ("POST", "/first"),
    ("POST", "/look"),
}
"""All that somebody who is not logged in may ask for, beside the static files."""

SCREENS = {
    ("GET", "/driver"),
    ("GET", "/driver/{lane}"),
    ("GET", "/driver/{lane}/news"),
    ("GET", "/driver/{lane}/watching"),
}
"""What drivers' screens may ask for, by no log-in: see test_driver.py."""

ADMINS = {
    ("GET", "/api/openapi.json"),
    ("GET", "/settings/users"),
    ("POST", "/settings/users"),
    ("POST", "/settings/users/{name}/password"),
    ("POST", "/settings/users/{name}/second-factor"),
    ("POST", "/settings/users/{name}/role"),
    ("POST", "/settings/users/{name}/disabled"),
    ("POST", "/settings/users/{name}/removed"),
}
"""What this file knows to be for admins alone."""


def routes():
    for module in page_modules():
        for route in module.router.routes:
            yield from ((method, route) for method in sorted(route.methods - {"HEAD"}))


def guard(route):
    return "".join(guards_of(route))


ROUTES = [pytest.param(method, route, id=f"{method} {route.path}") for method, route in routes()]


def path(route):
    return re.sub(r"\{[^}]*\}", "x", route.path)


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, ConsoleGate(tmp_path_factory.mktemp("routes")) as gate:
        patch.setenv(DEVELOPMENT, "1")
        gate.token("admin")
        gate.app.console.access.requests._burst = 1e6
        yield gate


@pytest.fixture(scope="module")
def browsers(gate):
    return {role: gate.browser(role) for role in (None, *ROLES)}


def test_what_needs_no_log_in_is_the_short_list_and_nothing_else():
    assert {(method, route.path) for method, route in routes() if guard(route) in {"anybody", ""}} == PUBLIC


def test_what_is_for_drivers_screens_is_their_page_and_nothing_else():
    assert {(method, route.path) for method, route in routes() if guard(route) == "screen"} == SCREENS


def test_users_and_the_description_are_for_admins():
    assert {(method, route.path) for method, route in routes() if guard(route) == "admin"} >= ADMINS


def test_nothing_is_changed_by_a_get():
    assert {method for method, _ in routes()} <= {"GET", "POST"}


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_a_user_without_the_right_is_refused_before_anything_is_done(browsers, method, route):
    least = guard(route)
    if least in {"anybody", "", "screen"}:
        return
    may = ROLES[ROLES.index(least) :]
    for role, browser in browsers.items():
        if role in may:
            continue
        answer = browser.request(method, path(route))
        if role is not None:
            assert answer.status_code == 403, role
        elif route.path.startswith(("/api/", "/live/")):
            assert answer.status_code == 401
        else:
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize(("method", "route"), [each for each in ROUTES if each.values[0] == "POST"])
def test_no_form_is_taken_without_its_token(gate, browsers, method, route):
    browser = browsers["admin"]
    answer = browser.request(method, path(route), headers={"x-csrf-token": "0" * 64})
    assert answer.status_code == 403, answer.text


@pytest.mark.parametrize(
    ("method", "route"), [each for each in ROUTES if each.values[0] == "GET" and "{" not in each.values[1].path]
)
def test_a_user_with_the_right_is_answered(browsers, method, route):
    least = guard(route)
    if route.path.startswith("/live/") or least == "screen":
        return
    for role in ROLES[ROLES.index(least) :] if least in ROLES else (None,):
        answer = browsers[role].get(route.path)
        assert answer.status_code in {200, 303, 308, 422}, (role, answer.text)
        assert "/login" not in answer.headers.get("location", "") or least == "anybody"


def test_the_elements_are_shown_to_developers_alone(browsers, monkeypatch):
    assert browsers["viewer"].get("/design").status_code == 200
    monkeypatch.delenv(DEVELOPMENT)
    assert browsers["admin"].get("/design").status_code == 404


def page():
    """Answer anybody."""


def test_a_route_without_a_guard_cannot_be_served():
    router = APIRouter()
    router.add_api_route("/page", page)
    with pytest.raises(UnguardedRouteError, match="/page"):
        see_guarded(router)


def test_a_route_with_two_guards_cannot_be_served():
    router = APIRouter()
    router.add_api_route("/page", page, dependencies=[Depends(viewer), Depends(admin)])
    with pytest.raises(UnguardedRouteError, match="/page"):
        see_guarded(router)


def test_every_route_that_is_served_is_known_to_this_walk(gate):
    described = gate.browser("admin").get("/api/openapi.json").json()["paths"]
    served = {(method.upper(), path) for path, methods in described.items() for method in methods}
    assert served == {(method, route.path.replace(":path}", "}")) for method, route in routes()}
    assert {"/healthz"} == UNGUARDED
