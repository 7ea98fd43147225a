"""How much the stores of a gate may still grow."""

from __future__ import annotations

import pytest

from agent.console.vehicles.index_file import NAME as INDEX
from agent.doctor.collectors.files import MEGABYTE, stores, wanted_bytes
from agent.settings.configuration_loading import load_configuration
from agent.store.numbers import NAME as NUMBERS
from tests.support.gate.gate_site import GateSite
from tests.support.gate.simulated_gate import simulated_lane

JOURNAL_MB = 200
NOBODY = 'brokers = ["mqtt://127.0.0.1:1"]'
CONSOLE = "\n[journal]\nmax_mb = {journal_mb}\n[console]\nenabled = {enabled}\n"


@pytest.fixture
def settings_with(tmp_path):
    """The settings of a gate with a console, or without."""

    def loaded(enabled):
        more = CONSOLE.format(journal_mb=JOURNAL_MB, enabled=enabled)
        return load_configuration(
            GateSite(tmp_path).configure(simulated_lane(tmp_path.name), mqtt=NOBODY, more=more)
        ).settings

    return loaded


@pytest.mark.parametrize(("enabled", "index"), [("true", {INDEX: JOURNAL_MB / 10}), ("false", {})])
def test_numbers_and_the_index_of_vehicles_have_their_place_in_the_budget_of_the_disk(settings_with, enabled, index):
    found = {path.name: most / MEGABYTE for path, most in stores(settings_with(enabled))}
    assert found.keys() == {"journal.db", "evidence", "registry.db", NUMBERS, *index}
    assert {name: found[name] for name in (NUMBERS, *index)} == {NUMBERS: 64, **index}


def test_what_a_store_has_already_is_not_wanted_again(settings_with):
    settings = settings_with("true")
    before = wanted_bytes(settings)
    settings.state.directory.mkdir(exist_ok=True)
    (settings.state.directory / INDEX).write_bytes(bytes(MEGABYTE))
    assert wanted_bytes(settings) == before - MEGABYTE
