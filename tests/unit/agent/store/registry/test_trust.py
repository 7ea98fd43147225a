"""The trust lists in the registry: verified each time, the last two kept, never an older one."""

import sqlite3

import pytest

from agent.core.crypto.keys import SigningKey
from agent.core.permit.trust import TrustError, TrustFault
from tests.support.lists.lists import LISTS_KEY, ROOT, trust_text, trusted
from tests.support.store.registries import open_registry

NEXT_ROOT = SigningKey.from_seed(b"n" * 32)
OTHER_KEY = SigningKey.from_seed(b"o" * 32)


@pytest.fixture
def registry(tmp_path):
    found = open_registry(tmp_path / "registry.db")
    yield found
    found.close()


def text(version=1, root=ROOT, **changes):
    return trust_text(trusted(version=version, **changes), root)


def refused(fault):
    return pytest.raises(TrustError, check=lambda error: error.fault is fault)


def test_a_good_list_is_in_force_at_once_and_says_what_was_before(registry):
    applied = registry.take_trust(text(4), "file")
    assert (applied.name, applied.version, applied.before, applied.rows) == ("trust", 4, 0, 1)
    assert applied.key == ROOT.public.key_id.hex()
    assert registry.trust() == trusted(version=4)
    assert registry.take_trust(text(9), "mqtt").before == 4


def test_the_same_list_again_is_no_news_and_another_of_its_version_is_refused(registry):
    registry.take_trust(text(4), "file")
    assert registry.take_trust(text(4) + b"\n", "mqtt") is None
    with refused(TrustFault.ROLLED_BACK):
        registry.take_trust(trust_text(trusted(OTHER_KEY, version=4)), "mqtt")
    assert registry.trust() == trusted(version=4)


def test_an_older_list_is_refused_also_after_a_restart_and_by_another_root(tmp_path):
    path = tmp_path / "registry.db"
    both = (ROOT.public, NEXT_ROOT.public)
    registry = open_registry(path, roots=both)
    registry.take_trust(text(4), "file")
    registry.close()
    again = open_registry(path, roots=both)
    for root in (ROOT, NEXT_ROOT):
        with refused(TrustFault.ROLLED_BACK):
            again.take_trust(text(3, root), "mqtt")
    assert again.take_trust(text(5, NEXT_ROOT), "mqtt").key == NEXT_ROOT.public.key_id.hex()
    again.close()


def test_rubbish_and_a_foreign_root_are_refused_with_their_fault(registry):
    with refused(TrustFault.NOT_A_TRUST_LIST):
        registry.take_trust(b"rubbish", "mqtt")
    with refused(TrustFault.ROOT_UNKNOWN):
        registry.take_trust(text(4, NEXT_ROOT), "mqtt")
    assert registry.trust() is None


def test_what_is_kept_is_verified_anew_and_the_one_before_serves_where_the_last_does_not_hold(tmp_path):
    path = tmp_path / "registry.db"
    registry = open_registry(path, roots=(ROOT.public, NEXT_ROOT.public))
    for version, root in ((1, ROOT), (2, ROOT), (3, NEXT_ROOT)):
        registry.take_trust(text(version, root), "file")
    registry.close()
    only_old = open_registry(path, roots=(ROOT.public,))
    assert only_old.trust() == trusted(version=2)
    with refused(TrustFault.ROLLED_BACK):
        only_old.take_trust(text(2), "file")
    only_old.close()
    neither = open_registry(path, roots=(LISTS_KEY.public,))
    assert neither.trust() is None
    neither.close()


def test_who_can_write_the_file_cannot_make_a_key_valid(registry, tmp_path):
    registry.take_trust(text(4), "file")
    with sqlite3.connect(tmp_path / "registry.db") as connection:
        forged = trust_text(trusted(OTHER_KEY, version=9), NEXT_ROOT)
        connection.execute("INSERT INTO trust (version, text) VALUES (9, ?)", (forged,))
    connection.close()
    assert registry.trust() == trusted(version=4)


def test_a_list_that_another_process_took_in_is_in_force_at_once(registry, tmp_path):
    registry.take_trust(text(4), "file")
    assert registry.trust().version == 4
    other = open_registry(tmp_path / "registry.db")
    other.take_trust(text(5), "file")
    other.close()
    assert registry.trust().version == 5
