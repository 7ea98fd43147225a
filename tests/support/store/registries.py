"""Registries for tests: opened with the test site's root, filled by its lists."""

from math import inf

from agent.core.lists.signed_list import open_delta, open_head
from agent.store.registry.registry import Registry
from tests.support.lists.lists import LISTS_KEY, ROOT, SITE, delta, head_after, snapshot, trust_text, trusted
from tests.support.pki.permits import NOW

MIB = 1 << 20
OPEN_BYTES = 512 * MIB


def open_registry(path, *, roots=(ROOT.public,), max_bytes=OPEN_BYTES, utc=NOW, latest=lambda: inf):
    """The registry in this file."""
    return Registry.open(path, SITE, roots, max_bytes, utc=utc, latest=latest)


def with_trust(registry, *keys, version=1, **changes):
    """The same registry, with a trust list in force whose keys may sign lists."""
    registry.take_trust(trust_text(trusted(*keys or (LISTS_KEY,), version=version, **changes)), "file")
    return registry


def opened(snap, *, utc=NOW + 1):
    """The head of a snapshot as a gate opens it."""
    return open_head(snap.data, trusted(), SITE, utc)


def put_whole(registry, kind, rows, version=1, **changes):
    """Apply a snapshot of these rows, and return it."""
    snap = snapshot(kind, rows, version=version, **changes)
    registry.apply_snapshot(opened(snap), snap.packed, "mqtt")
    return snap


def change(kind, since, version, **changes):
    """A delta as a gate opens it."""
    return open_delta(delta(kind, since, version, **changes), trusted(), SITE, NOW + 1)


def later_head(snap, version, **changes):
    """The head of a later version, opened."""
    return open_head(head_after(snap, version, **changes), trusted(), SITE, NOW + 1)
