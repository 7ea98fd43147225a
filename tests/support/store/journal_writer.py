"""A process that writes a journal as fast as it can and says on standard output what has been recorded.

For each vehicle: one record of grant and reservation, one of the outcome and consumption; each is told after it
returned.
"""

import itertools
import sys
from pathlib import Path

from tests.support.store.journals import closed, consume, granted, open_journal, present, reserve


def tell(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(path, boot):
    journal = open_journal(Path(path), boot=boot)
    tell("open")
    for number in itertools.count():
        transaction = f"{boot}-{number}"
        permit = transaction.encode()
        seq = journal.record([present(transaction), granted(transaction)], [reserve(1, transaction, permit)])[-1].seq
        tell(f"reserved {seq} {transaction}")
        seq = journal.record([closed(transaction)], [consume(1, transaction, permit)])[-1].seq
        tell(f"consumed {seq} {transaction}")


if __name__ == "__main__":
    main(*sys.argv[1:])
