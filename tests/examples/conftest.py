"""The example is imported as it stands there: its folder is a place to run, no package."""

import sys
from contextlib import closing
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from tests.support.consumer.postgres import needs_postgres, postgres

__all__ = ["postgres"]
CENTRAL = Path(__file__).parents[2] / "examples" / "central"
sys.path.append(str(CENTRAL))
# Its own name, central, is that of a package of ours.
_SPEC = spec_from_file_location("reference_consumer", CENTRAL / "central.py")
sys.modules[_SPEC.name] = module_from_spec(_SPEC)
_SPEC.loader.exec_module(sys.modules[_SPEC.name])


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
