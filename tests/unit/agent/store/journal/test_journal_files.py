"""Who looks at a journal from outside knows whether an agent writes it."""

from agent.store.journal import is_written
from agent.store.journal.journal_files import JournalFiles


def test_a_journal_is_written_while_an_agent_has_its_lock_whose_file_stays(tmp_path):
    files = JournalFiles(tmp_path / "journal.db")
    assert not is_written(files.path)
    files.hold()
    assert is_written(files.path)
    files.leave()
    assert files.beside("-lock").exists()
    assert not is_written(files.path)
    files.hold()  # to have looked keeps nobody from it
    files.leave()


def test_where_that_cannot_be_seen_it_counts_as_written(tmp_path):
    lock = tmp_path / "journal.db-lock"
    lock.symlink_to(lock.name)
    assert is_written(tmp_path / "journal.db")
