"""A copy of the trust list in force, beside the registry."""

from agent.core.lists.freshness import FreshnessRules
from agent.core.model.instant import Instant
from agent.lists.intake import ListIntake
from agent.lists.monitor import ListMonitor
from agent.lists.trust_copy import NAME, TrustCopy
from agent.lists.trust_file import TrustFile
from agent.store.registry.chunk_spool import ChunkSpool
from tests.support.lists.lists import trust_text, trusted
from tests.support.pki.permits import NOW
from tests.support.store.registries import open_registry

OLD, NEW = (trust_text(trusted(version=version)) for version in (1, 2))


def monitor(folder, registry, events, feed=None):
    def now():
        return Instant(at=1.0, utc=float(NOW))

    copy = TrustCopy([folder / "state", folder / "witness"])
    intake = ListIntake(registry, ChunkSpool(folder / "incoming"), now, events.append, copy=copy)
    return intake, ListMonitor(registry, intake, FreshnessRules(), now, events.append, feed=feed)


def test_what_was_accepted_lies_in_every_folder_and_is_written_once(tmp_path):
    copy = TrustCopy([tmp_path / "state", tmp_path / "witness"])
    copy.keep(NEW)
    first = (tmp_path / "state" / NAME).stat().st_ino
    copy.keep(NEW)
    assert (tmp_path / "state" / NAME).stat().st_ino == first
    assert copy.texts() == [NEW]
    (tmp_path / "state" / NAME).unlink()
    assert copy.texts() == [NEW]


def test_a_new_registry_hears_the_copy_before_an_older_file(tmp_path):
    """H4: the registry was damaged, and the file of the trust list, older, with the revoked key, was in force again."""
    file, events = tmp_path / "trust.gtl", []
    file.write_bytes(OLD)
    registry = open_registry(tmp_path / "one.db")
    intake, _ = monitor(tmp_path, registry, events)
    assert intake.take_trust(NEW, "mqtt") == ""
    registry.close()
    registry = open_registry(tmp_path / "two.db")
    intake, looks = monitor(tmp_path, registry, events, TrustFile(file))
    looks.start()
    assert looks.stop()
    assert intake.trust().version == 2
    registry.close()


def test_a_registry_of_before_gets_its_copy_at_the_start(tmp_path):
    registry = open_registry(tmp_path / "one.db")
    registry.take_trust(NEW, "mqtt")
    _, looks = monitor(tmp_path, registry, [])
    looks.start()
    assert looks.stop()
    assert (tmp_path / "witness" / NAME).read_bytes() == NEW
    registry.close()


def test_a_list_that_another_process_took_in_is_copied_too(tmp_path):
    """As `gate-agent lists import` does, beside the agent."""
    registry = open_registry(tmp_path / "one.db")
    intake, _ = monitor(tmp_path, registry, [])
    registry.take_trust(NEW, "file")
    intake.maintain_registry()
    assert (tmp_path / "state" / NAME).read_bytes() == NEW
    registry.close()


def test_a_copy_that_could_not_be_written_is_written_once_it_can_be(tmp_path):
    (tmp_path / "witness").write_bytes(b"no folder")
    registry = open_registry(tmp_path / "one.db")
    intake, _ = monitor(tmp_path, registry, [])
    assert intake.take_trust(NEW, "mqtt") == ""
    assert (tmp_path / "state" / NAME).read_bytes() == NEW
    (tmp_path / "witness").unlink()
    intake.maintain_registry()
    assert (tmp_path / "witness" / NAME).read_bytes() == NEW
    registry.close()


def test_a_copy_that_somebody_altered_is_not_taken(tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / NAME).write_bytes(NEW[:-3] + b"AAA")
    registry = open_registry(tmp_path / "one.db")
    intake, looks = monitor(tmp_path, registry, [])
    looks.start()
    assert looks.stop()
    assert intake.trust() is None
    registry.close()


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path):
    (tmp_path / "witness").write_text("a file")
    copy = TrustCopy([tmp_path / "witness", tmp_path / "state"])
    copy.keep(NEW)
    assert copy.texts() == [NEW]
