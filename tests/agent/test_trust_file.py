"""The trust list in its file: read again when it changes, never replaced by a worse one."""

import pytest

from agent.core.permit import trust
from agent.core.permit.issue import DAY_S, Issuer, trust_list
from agent.core.permit.keys import SigningKey
from agent.trust_file import TrustFile
from tests.lists import ROOT
from tests.permits import KEY, NOW

STRANGER = SigningKey.from_seed(b"s" * 32)


def sealed(version=1, key=ROOT):
    return trust.seal(trust_list([Issuer("KHE", KEY)], NOW - DAY_S, version), key)


class Folder:
    """The file, and whoever reads it."""

    def __init__(self, folder):
        self.path = folder / "trust.gtl"
        self.replace(sealed())
        self.file = TrustFile(self.path, [ROOT.public.raw.hex()])

    def replace(self, content):
        fresh = self.path.with_name("fresh")
        fresh.write_bytes(content)
        fresh.replace(self.path)

    @property
    def version(self):
        """That of the list in force, 0 for none."""
        found = self.file.current()
        return 0 if found is None else found.version


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def test_without_a_file_there_is_no_list(folder, caplog):
    assert TrustFile(None, []).current() is None
    folder.path.unlink()
    assert folder.version == 0
    assert str(folder.path) in caplog.text


def test_a_list_that_comes_later_or_is_replaced_is_taken_at_once(folder):
    folder.path.unlink()
    assert folder.version == 0
    for version in (1, 2, 9):
        folder.replace(sealed(version))
        assert folder.version == version


BAD_LISTS = {
    "signed by another root": sealed(9, key=STRANGER),
    "cut off": sealed(9)[:-9],
    "empty": b"",
    "noise": bytes(range(256)) * 9,
    "altered": sealed(9)[:-1] + b"?",
    "older": sealed(1),
}


@pytest.mark.parametrize("content", BAD_LISTS.values(), ids=BAD_LISTS)
def test_a_bad_list_is_refused_with_a_word_and_the_old_one_stays(folder, content, caplog):
    folder.replace(sealed(5))
    assert folder.version == 5
    folder.replace(content)
    assert folder.version == folder.version == 5
    assert sum("is refused" in line.message for line in caplog.records) == 1, "once for each file"
    folder.replace(sealed(6))
    assert folder.version == 6


def test_a_bad_list_at_the_start_is_no_list(folder):
    folder.replace(BAD_LISTS["noise"])
    assert folder.version == 0


def test_a_list_that_vanishes_stays_in_force_and_is_told_of_once(folder, caplog):
    assert folder.version == 1
    folder.path.unlink()
    assert folder.version == folder.version == 1
    assert sum("cannot be read" in line.message for line in caplog.records) == 1
    folder.replace(sealed(2))
    assert folder.version == 2


def test_a_list_that_cannot_be_read_is_tried_every_time(folder):
    folder.path.unlink()
    folder.path.mkdir()
    assert folder.version == folder.version == 0
    folder.path.rmdir()
    folder.replace(sealed())
    assert folder.version == 1
