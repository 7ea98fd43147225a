"""What the tests of recording share: a journal that can be made to fail, and a recorder that tries again at once."""

import pytest

from agent.recording.recorder import Recorder
from tests.support.store.flaky_journal import FlakyJournal
from tests.support.store.journals import UTC


@pytest.fixture
def journal(tmp_path):
    journal = FlakyJournal(tmp_path / "journal.db")
    yield journal
    journal.close()


@pytest.fixture
def recorder(journal, monkeypatch):
    monkeypatch.setattr("agent.recording.recorder.RETRY_S", 0.0)
    # The clock stands: however long the disk takes, no call has used up its time.
    return Recorder(journal, lambda: UTC, at=lambda: 0.0)
