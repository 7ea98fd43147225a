"""A process that keeps, sorts and queues pictures as fast as it can, and says on standard output what is done."""

import hashlib
import itertools
import sys
from pathlib import Path

from agent.core.model import Outcome
from agent.store.evidence.evidence_store import EvidenceStore

CAP = 2_000_000
OUTCOMES = (Outcome.PASSED, Outcome.DENIED, Outcome.FAULT)


def picture(number):
    """The name and bytes of a picture; the first bytes tell its number."""
    jpeg = f"{number:08d}".encode() + bytes(number % 251 for _ in range(20_000))
    return hashlib.sha256(jpeg).hexdigest(), jpeg


def tell(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(folder, first):
    store = EvidenceStore(Path(folder), CAP)
    tell("open")
    for number in itertools.count(int(first)):
        name, jpeg = picture(number)
        store.keep(name, jpeg)
        tell(f"kept {number}")
        store.set_outcome([name], OUTCOMES[number % 3])
        store.request([name])
        tell(f"queued {number}")
        if number % 4 == 0:
            store.outgoing.remove(name)
            tell(f"sent {number}")


if __name__ == "__main__":
    main(*sys.argv[1:])
