"""The index of vehicles: made of the journal, searched, and given up with what the journal gives up."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing

import pytest

from agent.console.vehicles import follower as following
from agent.console.vehicles.index_file import NAME, IndexUnavailableError, delete_index, read_state, reading
from agent.console.vehicles.record import Result
from agent.console.vehicles.search import PER_PAGE, VehicleQuery, before_it, newer, search
from agent.core.events import Draft, PersonalDataErased, digest_of_value
from agent.core.model import Outcome, Reason, Verdict
from agent.store.journal import ErasureScope
from tests.support.console.vehicles import followed, listed, recorded
from tests.support.store.journals import UTC, FakeClock, open_journal
from tests.support.store.personal import bytes_of, found_in, open_erasable, plate, values
from tests.support.store.personal import vehicle as personal_vehicle
from tests.support.waiting import eventually


@pytest.fixture
def journal(tmp_path):
    with closing(open_journal(tmp_path / "journal.db")) as journal:
        yield journal


def found(folder, before=None, **asked):
    with reading(folder) as index:
        return search(index, VehicleQuery(**asked), before)


def plates(folder, **asked):
    return [one.plate for one in found(folder, **asked).found]


def test_vehicles_are_found_by_a_part_of_the_plate_and_by_all_filters(journal, tmp_path):
    recorded(journal, UTC, "京B52K18")
    recorded(journal, UTC + 60, "沪C11111", lane="in", vin="LSGJA52U1AH999999")
    recorded(journal, UTC + 120, "粤D22222", verdict=Verdict.DENY, reason=Reason.EXPIRED, outcome=Outcome.DENIED)
    with followed(journal, tmp_path):
        assert plates(tmp_path) == ["粤D22222", "沪C11111", "京B52K18"]
        assert plates(tmp_path, text="b52") == ["京B52K18"]
        assert plates(tmp_path, text=" 52 k-18 ") == ["京B52K18"]
        assert plates(tmp_path, text="999999") == ["沪C11111"]
        assert plates(tmp_path, lane="in") == ["沪C11111"]
        assert plates(tmp_path, reason="EXPIRED") == ["粤D22222"]
        assert plates(tmp_path, result=Result.REFUSED) == ["粤D22222"]
        assert plates(tmp_path, since_ms=round((UTC + 60) * 1000)) == ["粤D22222", "沪C11111"]
        assert plates(tmp_path, until_ms=round((UTC + 60) * 1000)) == ["京B52K18"]
        assert plates(tmp_path, text="--") == []
        assert plates(tmp_path, text="' OR 1=1 --") == []
        assert found(tmp_path, result=Result.REFUSED).counts == {Result.PASSED: 2, Result.REFUSED: 1}
        with reading(tmp_path) as index:
            assert newer(index, VehicleQuery(), 0) == 3
            assert newer(index, VehicleQuery(lane="in"), 0) == 1
            assert newer(index, VehicleQuery(), journal.head) == 0


def test_pages_follow_one_another_without_a_gap_also_where_vehicles_came_at_the_same_time(journal, tmp_path):
    for number in range(2 * PER_PAGE + 7):
        recorded(journal, UTC + number // 10, f"京A{number:05}")
    with followed(journal, tmp_path):
        seen, before = [], None
        for _ in range(3):
            page = found(tmp_path, before)
            seen += [one.plate for one in page.found]
            before = page.before
        assert before is None
        assert (len(seen), len(set(seen))) == (2 * PER_PAGE + 7, 2 * PER_PAGE + 7)
        assert seen == sorted(seen, reverse=True)


def test_a_vehicle_is_brought_up_to_date_and_the_one_before_of_its_plate_is_known(journal, tmp_path):
    recorded(journal, UTC, "京B52K18")
    with followed(journal, tmp_path):
        recorded(journal, UTC + 3600, "京 B52-K18", outcome=None)
        eventually(lambda: len(found(tmp_path).found) == 2)
        now, first = found(tmp_path).found
        with reading(tmp_path) as index:
            assert before_it(index, now) == first
            assert before_it(index, first) is None


def test_an_index_is_gone_on_with_after_a_restart_and_made_again_for_another_journal(journal, tmp_path):
    recorded(journal, UTC)
    with followed(journal, tmp_path):
        pass
    recorded(journal, UTC + 1, "沪C11111", outcome=None)
    with followed(journal, tmp_path):
        assert plates(tmp_path) == ["沪C11111", "京B52K18"]
    journal.close()
    for file in tmp_path.glob("journal.db*"):
        file.unlink()
    with closing(open_journal(tmp_path / "journal.db")) as other:
        recorded(other, UTC, "粤D22222")
        with followed(other, tmp_path):
            assert plates(tmp_path) == ["粤D22222"]


@pytest.mark.parametrize("spoil", ["bytes", "version", "empty", "folder", "link"])
def test_whatever_lies_in_its_place_it_is_made_again(journal, tmp_path, spoil):
    recorded(journal, UTC)
    with followed(journal, tmp_path):
        pass
    path = tmp_path / NAME
    match spoil:
        case "bytes":
            path.write_bytes(b"\xff" * 5000)
        case "version":
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA user_version = 99")
        case "empty":
            path.write_bytes(b"")
        case "folder":
            delete_index(tmp_path)
            path.mkdir()
        case "link":
            delete_index(tmp_path)
            (tmp_path / "elsewhere").write_bytes(b"kept")
            path.symlink_to(tmp_path / "elsewhere")
    with followed(journal, tmp_path):
        assert plates(tmp_path) == ["京B52K18"]
    if spoil == "link":
        assert (tmp_path / "elsewhere").read_bytes() == b"kept"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("version", [0, 99])
def test_a_search_does_not_take_a_file_that_is_not_made_yet_or_of_another_version_for_the_index(
    journal, tmp_path, version
):
    recorded(journal, UTC)
    with followed(journal, tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(IndexUnavailableError, match="there is no index of vehicles yet"):
        found(tmp_path)


def test_what_the_journal_gives_up_the_index_gives_up(tmp_path):
    clock = FakeClock()
    with closing(open_journal(tmp_path / "journal.db", clock=clock)) as journal:
        recorded(journal, UTC, "京B52K18")
        recorded(journal, UTC + 86_400 * 9, "沪C11111")
        with followed(journal, tmp_path):
            journal.acknowledge(journal.stream, journal.head)
            clock.utc = UTC + 86_400 * 10
            journal.prune(5 * 86_400.0, 1 << 30)
            recorded(journal, UTC + 86_400 * 10, "粤D22222")
            eventually(lambda: plates(tmp_path) == ["粤D22222", "沪C11111"])


def erased_event(utc):
    event = PersonalDataErased(rule="request", values=1, events=1, operator="aigul", cause="asked")
    return Draft(event, None, None, utc)


def test_an_erased_plate_vanishes_from_the_index_to_the_last_byte_and_others_stay(tmp_path):
    clock = FakeClock()
    with closing(open_erasable(tmp_path, clock=clock)) as journal:
        for number in range(12):
            clock.utc += 60
            journal.record(personal_vehicle(number, clock.utc))
        with followed(journal, tmp_path):
            assert plate(7) in plates(tmp_path)
            journal.erase(ErasureScope(digest=digest_of_value(plate(7))), "request")
            journal.wipe_values()
            journal.record([erased_event(clock.utc)])
            eventually(lambda: listed(tmp_path, journal))
            assert plate(7) not in plates(tmp_path)
            assert plates(tmp_path, text=plate(7)) == []
            (gone,) = [one for one in found(tmp_path).found if one.erased]
            assert (gone.plate, gone.vin, gone.declaration, gone.plate_key, gone.sought.count("7W")) == (
                "", "", "", "", 0,
            )  # fmt: skip
            raw = bytes_of(tmp_path)
            assert found_in(raw, values(7)[:2]) == []
            others = [word for number in range(12) if number != 7 for word in values(number)[:2]]
            assert found_in(raw, others) == others


def test_an_erasure_that_a_stop_cut_short_is_done_at_the_next_start(tmp_path, monkeypatch):
    with closing(open_erasable(tmp_path)) as journal:
        for number in range(3):
            journal.record(personal_vehicle(number))
        with followed(journal, tmp_path) as follower:
            monkeypatch.setattr(following.VehicleFollower, "_erase", lambda self, _index: self.worker.ask_to_stop())
            journal.erase(ErasureScope(digest=digest_of_value(plate(1))), "request")
            journal.record([erased_event(UTC)])
            eventually(lambda: not follower.worker.runs)
        with reading(tmp_path) as index:
            assert read_state(index).owes
        monkeypatch.undo()
        with followed(journal, tmp_path):
            assert plate(1) not in plates(tmp_path)


def test_an_index_that_cannot_follow_an_erasure_is_deleted(tmp_path, monkeypatch):
    def fail(_index):
        raise OSError("disk full")

    with closing(open_erasable(tmp_path)) as journal:
        journal.record(personal_vehicle(1))
        with followed(journal, tmp_path) as follower:
            monkeypatch.setattr(following, "RETRY_S", 600.0)
            monkeypatch.setattr(following.IndexFile, "compact", fail)
            journal.erase(ErasureScope(digest=digest_of_value(plate(1))), "request")
            journal.record([erased_event(UTC)])
            eventually(lambda: not (tmp_path / NAME).exists())
            assert follower.worker.runs


def test_values_that_were_erased_by_age_go_from_the_index_too(tmp_path):
    clock = FakeClock()
    with closing(open_erasable(tmp_path, clock=clock)) as journal:
        journal.record(personal_vehicle(1, clock.utc))
        with followed(journal, tmp_path):
            journal.erase(ErasureScope(), "age")
            journal.record([erased_event(clock.utc)])
            eventually(lambda: listed(tmp_path, journal))
            assert plates(tmp_path) == [""]


def test_without_pages_no_index_is_kept(journal, tmp_path):
    recorded(journal, UTC, "京B52K18")
    with followed(journal, tmp_path):
        assert (tmp_path / NAME).exists()
    unwanted = following.VehicleFollower(journal, tmp_path, wanted=False)
    unwanted.start()
    assert not (tmp_path / NAME).exists()
    assert not unwanted.worker.runs
    assert unwanted.stop()


def test_an_index_that_cannot_be_deleted_keeps_no_gate_from_starting(journal, tmp_path, mocker, caplog):
    mocker.patch.object(following, "delete_index", side_effect=PermissionError("not yours"))
    following.VehicleFollower(journal, tmp_path, wanted=False).start()
    assert "cannot be deleted: not yours" in caplog.text
