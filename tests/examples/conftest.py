"""The example is imported as it stands there: its folder is a place to run, no package."""

import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.postgres import needs_postgres, postgres

__all__ = ["postgres"]
CENTRAL = Path(__file__).parents[2] / "examples" / "central"
sys.path.insert(0, str(CENTRAL))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=needs_postgres)])
def url(request, tmp_path):
    """A new database."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path}/events.db"
    return request.getfixturevalue("postgres").new_database()


@pytest.fixture
def store(url):
    from store import Store  # noqa: PLC0415 - found only once the path above is set

    with closing(Store(url)) as opened:
        yield opened
