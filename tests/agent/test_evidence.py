"""Evidence: pictures by the hash of their bytes, whole or not there, below a cap."""

import hashlib
import os
import threading

import pytest

from agent.store.evidence import EvidenceError, EvidenceStore

CAP = 1000


def picture(number, size=100):
    jpeg = f"{number:06d}".encode().ljust(size, b".")
    return hashlib.sha256(jpeg).hexdigest(), jpeg


@pytest.fixture
def store(tmp_path):
    return EvidenceStore(tmp_path / "evidence", CAP)


def test_a_picture_comes_back_by_its_hash(store, tmp_path):
    name, jpeg = picture(1)
    store.keep(name, jpeg)
    assert store.get(name) == jpeg
    assert name in store
    assert (len(store), store.used_bytes) == (1, 100)
    assert (tmp_path / "evidence" / name[:2] / f"{name}.jpg").read_bytes() == jpeg


def test_a_picture_is_kept_once(store):
    for _ in range(3):
        store.keep(*picture(1))
    assert (len(store), store.used_bytes) == (1, 100)


@pytest.mark.parametrize("name", ["0" * 64, "", "../../etc/passwd", picture(1)[0].upper()])
def test_a_picture_under_a_wrong_name_is_refused(store, name):
    with pytest.raises(EvidenceError, match="not the picture"):
        store.keep(name, picture(1)[1])
    assert len(store) == 0


@pytest.mark.parametrize("name", ["0" * 64, "", "..", "../../etc/passwd", "A" * 64, "0" * 63])
def test_a_picture_that_is_not_there_is_none(store, name):
    assert store.get(name) is None


def test_the_oldest_make_room_for_the_newest(store):
    for number in range(15):
        store.keep(*picture(number))
    assert (len(store), store.used_bytes) == (10, CAP)
    assert [store.get(picture(number)[0]) is not None for number in (4, 5, 14)] == [False, True, True]


def test_a_picture_beyond_the_cap_is_refused_and_costs_no_other(store):
    store.keep(*picture(1))
    with pytest.raises(EvidenceError, match="more than all"):
        store.keep(*picture(2, CAP + 1))
    assert store.get(picture(1)[0]) is not None


def test_a_store_that_is_opened_again_knows_its_pictures_and_their_age(tmp_path):
    first = EvidenceStore(tmp_path, CAP)
    for number in range(8):
        name, jpeg = picture(number)
        first.keep(name, jpeg)
        os.utime(tmp_path / name[:2] / f"{name}.jpg", (1000 - number, 1000 - number))
    again = EvidenceStore(tmp_path, CAP)
    assert (len(again), again.used_bytes) == (8, 800)
    smaller = EvidenceStore(tmp_path, 300)
    assert [number for number in range(8) if picture(number)[0] in smaller] == [0, 1, 2], "the highest are the oldest"


def test_what_a_crash_left_unfinished_is_removed_and_strange_files_are_left_alone(tmp_path):
    name, jpeg = picture(1)
    folder = tmp_path / name[:2]
    folder.mkdir()
    (folder / f"{name}.part").write_bytes(jpeg[:50])
    (folder / "notes.txt").write_text("mine")
    store = EvidenceStore(tmp_path, CAP)
    assert len(store) == 0
    assert sorted(one.name for one in folder.iterdir()) == ["notes.txt"]
    store.keep(name, jpeg)
    assert store.get(name) == jpeg


def test_a_picture_altered_on_the_disk_is_said_to_be(store, tmp_path):
    name, jpeg = picture(1)
    store.keep(name, jpeg)
    (tmp_path / "evidence" / name[:2] / f"{name}.jpg").write_bytes(jpeg[:-1] + b"!")
    with pytest.raises(EvidenceError, match="altered"):
        store.get(name)


def test_a_disk_that_refuses_is_an_error_and_leaves_nothing_half(store, tmp_path):
    name, jpeg = picture(1)
    (tmp_path / "evidence" / name[:2]).write_text("in the way")
    with pytest.raises(EvidenceError, match="cannot keep"):
        store.keep(name, jpeg)
    assert (len(store), store.used_bytes) == (0, 0)
    (tmp_path / "evidence" / name[:2]).unlink()
    store.keep(name, jpeg)
    assert store.get(name) == jpeg


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match="folder"):
        EvidenceStore(tmp_path / "file" / "evidence", CAP)


def test_threads_share_the_cap(store):
    threads = [
        threading.Thread(target=lambda start=start: [store.keep(*picture(n)) for n in range(start, start + 20)])
        for start in (0, 10, 100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert store.used_bytes == sum(100 for n in range(200) if picture(n)[0] in store) <= CAP
