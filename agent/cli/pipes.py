"""Output into a pipe whose reader has gone away, such as `head`."""

from __future__ import annotations

import os
import sys


def drop_output() -> None:
    """Have all further output go nowhere.

    What is still buffered would fail, and be complained of, while Python exits.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
