"""What the tests of the journal share: one that is open, and its clock."""

import pytest

from tests.support.store.journals import FakeClock, open_journal


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def journal(tmp_path, clock):
    journal = open_journal(tmp_path / "journal.db", clock=clock)
    yield journal
    journal.close()
