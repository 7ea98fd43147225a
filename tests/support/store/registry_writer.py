"""A process that applies lists without end, in a child for each line it reads, so that the child can be killed.

Versions 3n and 3n+1 are whole lists, all rows RELEASED or all HELD; 3n+2 is a change that cancels the first `CHANGED`
rows.
"""

import itertools
import os
import sys
from dataclasses import replace
from pathlib import Path

from agent.core.lists.chunks import pack_chunks
from agent.core.lists.codec import encode_row
from agent.core.lists.signed_list import ListDelta, ListHead, OpenedList
from agent.core.model.list_rows import DeclarationStatus
from tests.support.lists.lists import DECLARATIONS, SITE, declarations
from tests.support.pki.permits import NOW
from tests.support.store.registries import open_registry

COUNT = 2000
CHANGED = 300
ROWS = declarations(COUNT)
KEY = b"key1"


def status_at(version, number):
    """What row `number` says at a version."""
    if version % 3 == 2 and number < CHANGED:
        return DeclarationStatus.CANCELLED
    return DeclarationStatus.RELEASED if version % 3 == 0 else DeclarationStatus.HELD


def encoded(version):
    return [encode_row(replace(row, status=status_at(version, number))) for number, row in enumerate(ROWS)]


def apply_all(registry, whole, cancelled, tell):
    first = max((each.version for each in registry.standings()), default=0) + 1
    for version in itertools.count(first):
        if version % 3 == 2:
            delta = ListDelta(DECLARATIONS, SITE, version - 1, version, NOW, tuple(cancelled), ())
            registry.apply_delta(OpenedList(delta, KEY), "mqtt")
        else:
            chunks = whole[version % 3]
            refs = tuple(chunk.ref for chunk in chunks)
            head = ListHead(DECLARATIONS, SITE, version, NOW, NOW + 999, version, refs)
            registry.apply_snapshot(OpenedList(head, KEY), [chunk.data for chunk in chunks], "mqtt")
        tell(version)


def say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(path):
    whole = {remainder: list(pack_chunks(encoded(remainder))) for remainder in (0, 1)}
    cancelled = encoded(2)[:CHANGED]
    say("ready")
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            registry = open_registry(Path(path))
            say(f"child {os.getpid()}")
            apply_all(registry, whole, cancelled, say)
        os.waitpid(child, 0)
        say("ended")


if __name__ == "__main__":
    main(*sys.argv[1:])
