"""Evidence: pictures by the hash of their bytes, whole or not there, below a cap, each kept as long as its outcome
says.
"""

import hashlib
import os
import threading
from pathlib import Path

import pytest

from agent.core.model import Outcome
from agent.store.errors import EvidenceError
from agent.store.evidence import upload_queue
from agent.store.evidence.evidence_store import EvidenceRequest, EvidenceStore
from agent.store.evidence.retention import EvidenceAges, RetentionClass
from tests.support.waiting import scaled

CAP = 1000
AGES = EvidenceAges(passed_s=100, other_s=1000)
UTC = 1_800_000_000.0


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
    assert (tmp_path / "evidence" / "open" / name[:2] / f"{name}.jpg").read_bytes() == jpeg


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
    with pytest.raises(EvidenceError, match="more than the limit for all"):
        store.keep(*picture(2, CAP + 1))
    assert store.get(picture(1)[0]) is not None


def test_a_store_that_is_opened_again_knows_its_pictures_and_their_age(tmp_path):
    first = EvidenceStore(tmp_path, CAP)
    for number in range(8):
        name, jpeg = picture(number)
        first.keep(name, jpeg)
        os.utime(tmp_path / "open" / name[:2] / f"{name}.jpg", (1000 - number, 1000 - number))
    again = EvidenceStore(tmp_path, CAP)
    assert (len(again), again.used_bytes) == (8, 800)
    smaller = EvidenceStore(tmp_path, 300)
    assert [number for number in range(8) if picture(number)[0] in smaller] == [0, 1, 2], "the highest are the oldest"


def test_what_a_crash_left_unfinished_is_removed_and_strange_files_are_left_alone(tmp_path):
    name, jpeg = picture(1)
    folder = tmp_path / "passed" / name[:2]
    folder.mkdir(parents=True)
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
    (tmp_path / "evidence" / "open" / name[:2] / f"{name}.jpg").write_bytes(jpeg[:-1] + b"!")
    with pytest.raises(EvidenceError, match="altered"):
        store.get(name)


def test_a_disk_that_refuses_is_an_error_and_leaves_nothing_half(store, tmp_path):
    name, jpeg = picture(1)
    (tmp_path / "evidence" / "open" / name[:2]).write_text("in the way")
    with pytest.raises(EvidenceError, match="cannot keep"):
        store.keep(name, jpeg)
    assert (len(store), store.used_bytes) == (0, 0)
    (tmp_path / "evidence" / "open" / name[:2]).unlink()
    store.keep(name, jpeg)
    assert store.get(name) == jpeg


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match="folder"):
        EvidenceStore(tmp_path / "file" / "evidence", CAP)


@pytest.mark.parametrize("name", [".", "open", "passed", "other", "outgoing"])
@pytest.mark.parametrize("put", [Path.touch, os.mkfifo, lambda path: path.symlink_to("/nonexistent/folder")])
def test_what_lies_in_the_place_of_a_folder_is_put_aside_and_told(tmp_path, name, put):
    place = Path(os.path.normpath(tmp_path / "evidence" / name))
    place.parent.mkdir(exist_ok=True)
    put(place)
    (told,) = EvidenceStore(tmp_path / "evidence", CAP).set_aside
    assert told == f"{place} was not a folder and was moved to {place}.unusable"
    assert EvidenceStore(tmp_path / "evidence", CAP).set_aside == ()


@pytest.mark.parametrize("put", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/nonexistent/file")])
def test_what_lies_in_the_place_of_a_picture_is_none_and_nobody_waits_for_it(store, tmp_path, put):
    name, jpeg = picture(1)
    store.keep(name, jpeg)
    path = tmp_path / "evidence" / "open" / name[:2] / f"{name}.jpg"
    path.unlink()
    put(path)
    for place in (path.with_suffix(".part"), tmp_path / "evidence" / "outgoing" / picture(2)[0]):
        put(place)
    assert name not in EvidenceStore(tmp_path / "evidence", CAP)
    if not path.is_symlink():
        with pytest.raises(EvidenceError, match="cannot read"):
            store.get(name)


def test_threads_share_the_cap(store):
    threads = [
        threading.Thread(target=lambda start=start: [store.keep(*picture(n)) for n in range(start, start + 20)])
        for start in (0, 10, 100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(scaled(30))
    assert store.used_bytes == sum(100 for n in range(200) if picture(n)[0] in store) <= CAP


# ------------------------------------------------------------------------------------------------------------- outcomes


def filled(folder, count=4, **options):
    store = EvidenceStore(folder, CAP, AGES, **options)
    for number in range(count):
        store.keep(*picture(number))
    return store


def names(*numbers):
    return [picture(number)[0] for number in numbers]


@pytest.mark.parametrize("violated", [False, True])
@pytest.mark.parametrize("outcome", Outcome)
def test_only_vehicles_that_passed_in_order_have_their_pictures_kept_shortly(tmp_path, outcome, violated):
    store = filled(tmp_path)
    store.set_outcome(names(0, 1), outcome, violated=violated)
    orderly = outcome in (Outcome.PASSED, Outcome.OVERRIDDEN) and not violated
    expected = RetentionClass.PASSED if orderly else RetentionClass.OTHER
    assert [store.retention_class(name) for name in names(0, 1, 2)] == [expected, expected, RetentionClass.OPEN]
    again = EvidenceStore(tmp_path, CAP, AGES)
    assert [again.retention_class(name) for name in names(0, 1, 2)] == [expected, expected, RetentionClass.OPEN]
    assert again.get(names(0)[0]) == picture(0)[1]


@pytest.mark.parametrize("outcomes", [(Outcome.PASSED, Outcome.DENIED), (Outcome.DENIED, Outcome.PASSED)])
def test_a_picture_of_two_transactions_is_kept_as_long_as_the_one_that_needs_it_longer(tmp_path, outcomes):
    store = filled(tmp_path)
    for outcome in outcomes:
        store.set_outcome(names(0), outcome)
    assert store.retention_class(names(0)[0]) is RetentionClass.OTHER


def test_a_picture_that_comes_after_its_outcome_goes_where_it_belongs(tmp_path):
    store = EvidenceStore(tmp_path, CAP, AGES, send={Outcome.PASSED})
    store.set_outcome([*names(1), "../../etc/passwd"], Outcome.PASSED)
    assert len(store.outgoing) == 0
    store.keep(*picture(1))
    store.keep(*picture(2))
    assert [store.retention_class(name) for name in names(1, 2)] == [RetentionClass.PASSED, RetentionClass.OPEN]
    assert store.outgoing.first() == names(1)[0]


def test_a_picture_that_cannot_be_moved_stays_where_it_was_and_that_is_said(tmp_path):
    store = filled(tmp_path)
    (tmp_path / "passed" / names(0)[0][:2]).write_text("in the way")
    with pytest.raises(EvidenceError, match="cannot move"):
        store.set_outcome(names(0), Outcome.PASSED)
    assert store.get(names(0)[0]) == picture(0)[1]
    assert store.retention_class(names(0)[0]) is RetentionClass.OPEN


# ----------------------------------------------------------------------------------------------------------- giving up


def aged(folder, **ages):
    """A store of pictures 0 (passed), 1 (denied), 2 (open) and 3 (passed), kept so many seconds before UTC."""
    store = filled(folder)
    store.set_outcome(names(0, 3), Outcome.PASSED)
    store.set_outcome(names(1), Outcome.DENIED)
    for file in folder.rglob("*.jpg"):
        age_s = ages[f"p{names(0, 1, 2, 3).index(file.stem)}"]
        os.utime(file, (UTC - age_s, UTC - age_s))
    return EvidenceStore(folder, CAP, AGES)


def test_pictures_are_deleted_by_the_age_of_their_class(tmp_path):
    store = aged(tmp_path, p0=100, p1=999, p2=1000, p3=99)
    assert store.prune(UTC, synced=True) == 2
    assert [name in store for name in names(0, 1, 2, 3)] == [False, True, False, True]
    assert sorted(file.stem for file in tmp_path.rglob("*.jpg")) == sorted(names(1, 3))
    assert store.used_bytes == 200
    assert store.take_dropped() == 0, "they had their time"


def test_a_clock_that_is_not_synced_deletes_nothing(tmp_path):
    store = aged(tmp_path, p0=5000, p1=5000, p2=5000, p3=5000)
    assert store.prune(UTC, synced=False) == 0
    assert len(store) == 4


def test_one_picture_from_the_future_keeps_no_other_alive(tmp_path):
    store = aged(tmp_path, p0=-5000, p1=5000, p2=5000, p3=5000)
    assert store.prune(UTC, synced=True) == 3
    assert names(0)[0] in store


def test_pictures_kept_under_a_wrong_clock_have_their_right_age_once_it_is_right(tmp_path):
    store = filled(tmp_path)
    right = 4_000_000_000.0
    assert store.prune(right, synced=True) == 0
    again = EvidenceStore(tmp_path, CAP, AGES)
    assert again.prune(right + 900, synced=True) == 0
    assert again.prune(right + 1100, synced=True) == 4


def test_a_picture_that_somebody_deleted_keeps_the_others_no_longer(tmp_path):
    store = filled(tmp_path)
    next(tmp_path.rglob(f"{names(0)[0]}.jpg")).unlink()
    right = 4_000_000_000.0
    assert store.prune(right, synced=True) == 0
    assert [name in store for name in names(0, 1, 2, 3)] == [False, True, True, True]
    assert EvidenceStore(tmp_path, CAP, AGES).prune(right + 1100, synced=True) == 3


def test_what_the_cap_drops_is_the_shortest_lived_first_and_counted(tmp_path):
    store = filled(tmp_path, 10)
    store.set_outcome(names(5, 6), Outcome.PASSED)
    store.set_outcome(names(3, 4), Outcome.DENIED)
    for number in range(20, 23):
        store.keep(*picture(number))
    assert [number for number in range(10) if names(number)[0] not in store] == [3, 5, 6]
    assert store.take_dropped() == 3
    assert store.take_dropped() == 0
    for number in range(30, 33):
        store.keep(*picture(number))
    assert [number for number in range(10) if names(number)[0] not in store] == [0, 1, 3, 4, 5, 6]
    assert store.used_bytes == CAP


def test_a_picture_that_somebody_deleted_is_gone_and_no_trouble(tmp_path):
    store = filled(tmp_path)
    for file in tmp_path.rglob(f"{names(0)[0]}.jpg"):
        file.unlink()
    assert store.get(names(0)[0]) is None
    assert (len(store), store.used_bytes) == (3, 300)


# ------------------------------------------------------------------------------------------------------- older layouts


def test_a_store_of_an_older_agent_is_brought_forward_with_its_pictures_and_their_age(tmp_path):
    for number in range(5):
        name, jpeg = picture(number)
        (tmp_path / name[:2]).mkdir(exist_ok=True)
        (tmp_path / name[:2] / f"{name}.jpg").write_bytes(jpeg)
        os.utime(tmp_path / name[:2] / f"{name}.jpg", (UTC, UTC))
    (tmp_path / picture(0)[0][:2] / "notes.txt").write_text("mine")
    (tmp_path / picture(1)[0][:2] / f"{picture(9)[0]}.part").write_bytes(b"half")
    for _ in range(2):
        store = EvidenceStore(tmp_path, CAP, AGES)
        assert [store.retention_class(name) for name in names(0, 1, 2, 3, 4)] == [RetentionClass.OTHER] * 5
        assert store.get(names(3)[0]) == picture(3)[1]
    assert [file.name for file in tmp_path.glob("??/*")] == ["notes.txt"]
    assert store.prune(UTC + 1000, synced=True) == 5


def test_a_picture_that_lies_in_two_folders_is_counted_once(tmp_path):
    store = filled(tmp_path, 1)
    name, jpeg = picture(0)
    (tmp_path / "passed" / name[:2]).mkdir()
    (tmp_path / "passed" / name[:2] / f"{name}.jpg").write_bytes(jpeg)
    store = EvidenceStore(tmp_path, CAP, AGES)
    assert (len(store), store.used_bytes, store.retention_class(name)) == (1, 100, RetentionClass.OPEN)
    assert len(list(tmp_path.rglob("*.jpg"))) == 1


# -------------------------------------------------------------------------------------------------------- sending queue


def test_a_request_queues_what_is_kept_names_what_is_not_and_survives_a_restart(tmp_path):
    store = filled(tmp_path)
    assert store.request([*names(2, 0, 9), "../x"]) == EvidenceRequest(tuple(names(2, 0)), (names(9)[0], "../x"))
    assert store.request(names(2)) == EvidenceRequest(tuple(names(2)), ())
    os.utime(tmp_path / "outgoing" / names(2)[0], (UTC, UTC))
    os.utime(tmp_path / "outgoing" / names(0)[0], (UTC + 1, UTC + 1))
    for waiting in (store.outgoing, EvidenceStore(tmp_path, CAP, AGES).outgoing):
        assert (len(waiting), waiting.first()) == (2, names(2)[0])
    store.outgoing.postpone(names(2)[0])
    assert store.outgoing.first() == names(0)[0]
    store.outgoing.remove(names(0)[0])
    store.outgoing.remove(names(0)[0])
    assert EvidenceStore(tmp_path, CAP, AGES).outgoing.first() == names(2)[0]


def test_the_pictures_of_chosen_outcomes_are_queued_by_themselves(tmp_path):
    store = filled(tmp_path, send={Outcome.DENIED})
    store.set_outcome(names(0), Outcome.PASSED)
    store.set_outcome(names(1, 2), Outcome.DENIED)
    assert len(store.outgoing) == 2


def test_a_queue_that_is_full_refuses_in_words_and_takes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(upload_queue, "LIMIT", 2)
    store = filled(tmp_path)
    store.request(names(0))
    with pytest.raises(EvidenceError, match="1 pictures are waiting to be sent; the limit is 2"):
        store.request(names(1, 2))
    assert len(store.outgoing) == 1
    assert store.request(names(0, 1)).queued == tuple(names(0, 1))


def test_a_queue_on_a_disk_in_trouble_refuses_in_words(tmp_path):
    store = filled(tmp_path)
    (tmp_path / "outgoing").rmdir()
    with pytest.raises(EvidenceError, match="cannot queue"):
        store.request(names(0))
    assert len(store.outgoing) == 0


def test_pictures_are_erased_before_their_time_and_sent_no_more(store, tmp_path):
    (first, jpeg), (second, other) = picture(1), picture(2)
    store.keep(first, jpeg)
    store.keep(second, other)
    store.request([first, second])
    assert store.erase([first, "00" * 32]) == 1
    assert (first in store, second in store, store.outgoing.first()) == (False, True, second)
    assert [path.name for path in tmp_path.rglob("*.jpg")] == [f"{second}.jpg"]


def test_a_picture_that_cannot_be_erased_is_told(store, mocker):
    name, jpeg = picture(1)
    store.keep(name, jpeg)
    mocker.patch.object(Path, "unlink", side_effect=PermissionError("not yours"))
    with pytest.raises(EvidenceError, match="not yours"):
        store.erase([name])
    assert name in store
