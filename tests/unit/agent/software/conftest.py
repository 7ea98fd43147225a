"""Releases that are signed once, and a new machine for each test."""

import pytest

from tests.support.packaging.release_keys import release_key, why_not
from tests.support.software.updates import Releases, UpdatedMachine


@pytest.fixture(scope="session")
def releases(tmp_path_factory):
    if reason := why_not():
        pytest.skip(reason)
    with release_key() as key:
        yield Releases(tmp_path_factory.mktemp("releases"), key)


@pytest.fixture
def machine(tmp_path, releases):
    return UpdatedMachine(tmp_path / "machine", releases)
