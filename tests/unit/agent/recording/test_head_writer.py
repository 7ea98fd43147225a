"""The head in its second place: written behind every binding record, before anything moves."""

import pytest

from agent.core.crypto.keys import SigningKey
from agent.core.trust_state import opened_head
from agent.recording.head_writer import HeadWriter
from agent.recording.recorder import Recorder
from agent.store.errors import LedgerConflictError
from agent.store.head_file import HeadFile
from tests.support.store.journals import GATE, UTC, device, granted, open_journal, reserve

KEY = SigningKey.from_seed(b"k" * 32)


class Kept:
    """A recorder whose binding records are followed by the head."""

    def __init__(self, folder):
        self.journal = open_journal(folder / "journal.db")
        self.file = HeadFile(folder / "witness" / "head")
        self.writer = HeadWriter(self.journal, KEY, GATE, lambda: UTC, lambda: ({"trust": 7}, {"before": 9}), self.file)
        self.written = []
        self.recorder = Recorder(self.journal, lambda: UTC, None, self.written.append, bound=self.writer.keep)

    def record(self):
        return opened_head(HeadFile(self.file.path).read().text, KEY.public)


@pytest.fixture
def kept(tmp_path):
    made = Kept(tmp_path)
    yield made
    made.writer.close()
    made.journal.close()


def test_the_record_names_where_the_gate_stands(kept):
    kept.recorder.bind([granted()], [reserve()])
    record, point = kept.record(), kept.journal.checkpoint()
    assert (record.gate, record.stream, record.seq, record.digest) == (GATE, point.stream, point.seq, point.digest)
    assert (record.rows, record.lists, record.former, record.utc_ms) == (1, {"trust": 7}, {"before": 9}, UTC * 1000)


def test_the_head_is_there_when_a_binding_record_returns_and_before_anybody_hears_of_it(kept):
    for number in range(1, 6):
        kept.recorder.bind([granted(f"t{number}")], [reserve(number, f"t{number}")])
        assert kept.record().seq == kept.journal.head == number


def test_what_is_not_recorded_moves_no_head(kept):
    kept.recorder.bind([granted()], [reserve()])
    with pytest.raises(LedgerConflictError):
        kept.recorder.bind([granted("t2")], [reserve(1, "t2")])
    assert kept.record().seq == 1


def test_news_moves_no_head_until_something_binds(kept):
    kept.recorder.bind([granted()], [reserve()])
    kept.recorder.note([device()])
    assert kept.record().seq == 1
    kept.recorder.bind([device()])
    assert kept.record().seq == 3


def test_a_place_that_cannot_be_written_is_told_and_what_was_recorded_stands(kept, tmp_path):
    (tmp_path / "witness").write_text("a file where the folder should be")
    kept.recorder.bind([granted()], [reserve()])
    assert kept.journal.head == 1
    assert "cannot be written" in kept.writer.trouble
    (tmp_path / "witness").unlink()
    kept.recorder.bind([device()])
    assert kept.writer.trouble == ""
    assert kept.record().seq == 2


def test_a_stream_that_must_not_go_on_is_named_no_more(kept):
    kept.recorder.bind([granted()], [reserve()])
    kept.journal.supersede("an older copy")
    assert kept.writer.record() is None
    assert not kept.writer.keep()
    assert "does not say how far it is" in kept.writer.trouble
    assert kept.record().seq == 1


def test_without_a_second_place_nothing_is_missing(tmp_path):
    journal = open_journal(tmp_path / "journal.db")
    writer = HeadWriter(journal, KEY, GATE, lambda: UTC, lambda: ({}, {}), None)
    assert writer.keep()
    assert writer.trouble == ""
    assert opened_head(writer.record(bare=True), KEY.public).orders is None
    journal.close()
