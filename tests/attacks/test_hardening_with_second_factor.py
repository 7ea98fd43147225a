"""What kept attackers out before keeps them out where every role needs a second factor: M2, M3, M4, C1 and H1 again.

The same tests as of the parts themselves, at gates whose users all have one.
"""

from __future__ import annotations

import pytest

from agent.console.access import totp
from agent.console.access.lockouts import FREE_FAILURES
from tests.support.console.consoles import KNOWN_TO_ALL, ConsoleGate
from tests.unit.agent.console.access.test_login import guessed_at, log_in, visitor  # noqa: F401 - a fixture
from tests.unit.agent.console.pages.test_configuration import (  # noqa: F401 - fixtures too
    gate,
    running,
    secret,
    test_a_refused_proposal_is_an_event_too,
    test_nothing_of_a_file_outside_the_configuration_is_read_through_an_include,
    test_what_an_included_file_includes_stays_in_the_folder_too,
)
from tests.unit.agent.console.pages.test_setup import (  # noqa: F401
    test_a_simulated_vehicle_never_writes_over_a_file_that_is_no_scene,
    test_no_simulated_vehicle_comes_at_a_gate_with_a_real_barrier,
    test_nor_one_of_that_kind_among_the_scenes,
    test_nor_through_a_link,
)
from tests.unit.agent.console.web.test_hostile_http import (  # noqa: F401
    test_half_sent_requests_from_many_addresses_keep_no_technician_out,
    test_requests_that_are_reset_count_for_their_address,
    test_who_resets_the_connection_behind_a_request_is_no_local_caller_and_needs_the_forms_token,
)

EVERY_ROLE = ("viewer", "technician", "admin")


@pytest.fixture(scope="module", autouse=True)
def every_role_needs_one():
    ConsoleGate.factor_roles = EVERY_ROLE
    yield
    ConsoleGate.factor_roles = ()


def test_every_role_of_these_gates_needs_a_second_factor_and_has_one(running):  # noqa: F811 - the fixture
    access = running.app.console.access
    assert access.factor_roles == set(EVERY_ROLE)
    for role in EVERY_ROLE:
        assert running.browser(role).get("/settings/account").status_code == 200
        assert access.factors.standing(f"some-{role}")


def test_who_guesses_at_a_name_keeps_its_owner_out_nowhere_else(guessed_at):  # noqa: F811
    """M3."""
    factors, utc = guessed_at.app.console.access.factors, guessed_at.app.parts.utc()
    known = factors.proposed()
    codes = factors.enrol("aigul", known, totp.code_at(known, totp.step_of(utc)), "")
    assert guessed_at.guess(FREE_FAILURES + 2, "127.0.0.2") == 429
    with visitor(guessed_at, "127.0.0.3") as owner:
        assert log_in(owner, "aigul", KNOWN_TO_ALL, code=codes[0]).status_code == 303
    with visitor(guessed_at, "127.0.0.2") as owner:
        assert log_in(owner, "aigul", KNOWN_TO_ALL, code=codes[1]).status_code == 429
