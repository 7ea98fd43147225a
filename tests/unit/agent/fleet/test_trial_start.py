"""The trial of a fleet document as whoever starts the agent sees it."""

import pytest

from agent.core.fleet import HeldFleet, applied, begun, put_on_trial, read_signed, taken_in
from agent.core.model import Instant
from agent.fleet import FleetStore, TrialStart
from tests.support.fleet.documents import UTC, signed

TEXT = signed("[mqtt]\nwindow = 6\n")


def full(_path, _data, _like):
    raise OSError(28, "No space left on device")


@pytest.fixture
def store(tmp_path):
    store = FleetStore(tmp_path, "this")
    found = read_signed(TEXT)[0]
    store.change(lambda held: put_on_trial(taken_in(held, found, UTC), found, (), was_whole=True))
    return store


def start(store):
    return TrialStart(store, lambda: Instant(1.0, UTC))


def test_only_the_documents_with_which_the_agent_starts_begin_their_trial(store):
    assert start(store).begin(())
    assert not store.held().trial.begun
    assert start(store).begin((TEXT,))
    assert store.held().trial.begun


def test_a_trial_that_cannot_be_noted_does_not_begin(store, tmp_path):
    assert not start(FleetStore(tmp_path, "this", full)).begin((TEXT,))
    assert not store.held().trial.begun
    assert start(store).in_force() == ()


def test_a_document_that_was_undone_counts_no_more(store):
    starts = start(store)
    assert starts.counts((TEXT,))
    assert starts.begin((TEXT,))
    assert starts.fail((TEXT,), "why")
    assert starts.counts(())
    assert not starts.counts((TEXT,))


def test_what_is_in_force_is_no_trial(tmp_path):
    found = read_signed(TEXT)[0]
    store = FleetStore(tmp_path, "this")
    held = put_on_trial(taken_in(HeldFleet(), found, UTC), found, (), was_whole=True)
    store.change(lambda _held: applied(begun(held, "this", 1.0, UTC), UTC))
    assert start(store).begin((TEXT,))
    assert not start(store).fail((TEXT,), "why")
    assert start(store).in_force() == (TEXT,)
