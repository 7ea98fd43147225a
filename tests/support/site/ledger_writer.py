"""A process that does all that a site does with a ledger, as fast as it can, and tells what is done once it returned.

One step after the other, by its number: a use that is granted to one gate, and a use that this gate and another both
consume, by turns this one last and the other last. A process that is started anew goes on where the last one was
killed.
"""

import itertools
import sys
from pathlib import Path

from agent.core.site.permit_uses import PeerRow
from tests.support.site.ledgers import CONSUMED, PEER, THIRD, UTC_MS, ask, take
from tests.support.store.journals import consume, open_journal, reserve


def tell(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def shared(number):
    """The permit that two gates consume in that step."""
    return f"shared-{number}".encode()


def granted(number):
    """The permit that is granted to one gate in that step."""
    return f"granted-{number}".encode()


def step(journal, number, known):
    permit, transaction = shared(number), f"t{number}"
    row = PeerRow(number, permit, 1, CONSUMED, f"p{number}", UTC_MS, f"vehicle-{number}", "export")
    if journal.site.claim(ask(f"x{number}", THIRD, granted(number))).use == 1:
        tell(f"granted {number}")
    if permit not in known:
        journal.record([], [reserve(1, transaction, permit)])
    # A claim is granted once more after a kill, a use is consumed and a row taken once more: it must change nothing.
    if number % 2:
        take(journal, row, first=number)
        journal.record([], [consume(1, transaction, permit)])
    else:
        journal.record([], [consume(1, transaction, permit)])
        take(journal, row, first=number)
    tell(f"both {number}")


def main(path, boot):
    journal = open_journal(Path(path), boot=boot)
    # The step of the last row may not be done.
    begin = max(1, journal.site.cursor(PEER).seq)
    known = {row.permit_id for row in journal.site.rows_after(0, 1_000_000)}
    tell("open")
    for number in itertools.count(begin):
        step(journal, number, known)


if __name__ == "__main__":
    main(*sys.argv[1:])
