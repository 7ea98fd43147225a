"""The time zone of this process, set for a while."""

from __future__ import annotations

import time
from contextlib import contextmanager

import pytest


@contextmanager
def local_zone(name):
    """Have this computer keep the time of a zone, as `TZ` names it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", name)
        time.tzset()
        yield
    time.tzset()
