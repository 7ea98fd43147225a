"""Bundles that wait to be sent: few, private, whole after a crash, and gone once they are sent."""

import hashlib
import stat

import pytest

from agent.store.errors import EvidenceError
from agent.store.evidence.bundles import BUNDLES_LIMIT, BundleStore


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "bundles"


def test_a_bundle_waits_over_restarts_until_it_is_left(folder):
    name = BundleStore(folder).keep(b"PK one")
    assert name == hashlib.sha256(b"PK one").hexdigest()
    store = BundleStore(folder)
    assert (store.outgoing.first(), store.get(name), store.size(name)) == (name, b"PK one", 6)
    store.leave(name)
    assert (store.outgoing.first(), store.get(name), store.size(name)) == (None, None, None)
    assert list(folder.glob("*.zip")) == []


def test_nobody_else_may_look_into_the_folder(folder):
    BundleStore(folder)
    assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0


def test_few_wait_at_a_time(folder):
    store = BundleStore(folder)
    names = [store.keep(b"PK %d" % number) for number in range(BUNDLES_LIMIT)]
    assert store.is_full
    assert store.keep(b"PK 0") == names[0]
    with pytest.raises(EvidenceError, match="4 bundles wait"):
        store.keep(b"PK more")


def test_what_a_crash_left_is_cleared_up(folder):
    store = BundleStore(folder)
    kept, unqueued = store.keep(b"PK kept"), store.keep(b"PK sent")
    store.outgoing.remove(unqueued)
    (folder / f"{'a' * 64}.part").write_bytes(b"half")
    (folder / "outgoing" / ("b" * 64)).touch()
    (folder / "note.txt").write_text("somebody's own")
    again = BundleStore(folder)
    assert again.outgoing.names(9) == [kept]
    assert sorted(path.name for path in folder.iterdir()) == sorted([f"{kept}.zip", "note.txt", "outgoing"])


def test_a_bundle_that_was_altered_is_not_sent(folder):
    store = BundleStore(folder)
    name = store.keep(b"PK one")
    (folder / f"{name}.zip").write_bytes(b"PK two")
    with pytest.raises(EvidenceError, match="was altered"):
        store.get(name)


@pytest.mark.parametrize("name", ["", "../journal.db", "A" * 64, "a" * 63])
def test_what_is_no_name_is_not_kept(folder, name):
    store = BundleStore(folder)
    assert (store.get(name), store.size(name)) == (None, None)
