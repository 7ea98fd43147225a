"""Personal values go by age and on request: told in counts, with their pictures, from all files of the state folder."""

import hashlib
import json
import os

import pytest

from agent.core.events import digest_of_value
from agent.recording import ErasureRequest, ErasureRequests, PersonalAges, PersonalDataRetention, ValueErasure
from agent.recording.retention import RetentionAges, RetentionJob
from agent.store.errors import EvidenceError, JournalUnavailableError
from agent.store.evidence import EvidenceAges, EvidenceStore
from tests.support.store.journals import UTC, FakeClock
from tests.support.store.personal import bytes_of, found_in, officer, open_erasable, plate, vehicle
from tests.support.store.registries import open_registry

DAY_S = 86_400.0
JPEG = b"\xff\xd8 a picture \xff\xd9"
PICTURE = hashlib.sha256(JPEG).hexdigest()


class Gate:
    """A gate's stores in a folder, with a clock that the test sets."""

    def __init__(self, folder, keep_s=7 * DAY_S):
        self.folder, self.clock, self.told = folder, FakeClock(UTC), []
        self.journal = open_erasable(folder, clock=self.clock)
        self.registry = open_registry(folder / "registry.db")
        self.evidence = EvidenceStore(folder / "evidence", 1 << 20, EvidenceAges(60, 60))
        self.values = ValueErasure(self.journal, self.evidence, folder, keep_s, self.clock, self.told.extend)
        personal = PersonalDataRetention(self.registry, PersonalAges(1e9, 1e9), self.clock, self.told.extend)
        ages = RetentionAges(30 * DAY_S, 1 << 30)
        self.retention = RetentionJob(self.journal, ages, lambda: 0, pytest.fail, personal, self.values)

    def record(self, number):
        drafts = vehicle(number, self.clock.utc)
        closed = drafts[2].event.model_copy(update={"pictures": (PICTURE,)})
        self.journal.record([*drafts[:2], type(drafts[2])(closed, "1", f"t{number}", self.clock.utc)])

    def close(self):
        self.journal.close()
        self.registry.close()


@pytest.fixture
def gate(tmp_path):
    made = Gate(tmp_path)
    yield made
    made.close()


def request(**what):
    return ErasureRequest(id="0b0e", operator="aigul", cause="the owner asked", **what)


def test_what_a_request_names_goes_with_its_pictures_and_is_told_in_counts_alone(gate):
    gate.record(1)
    gate.record(2)
    gate.evidence.keep(PICTURE, JPEG)
    gate.evidence.request([PICTURE])
    answer = gate.values.erase(request(digest=digest_of_value(plate(2))))
    assert (answer.events, answer.pictures, PICTURE in gate.evidence, len(gate.evidence.outgoing)) == (3, 1, False, 0)
    assert found_in(bytes_of(gate.folder), [plate(2)]) == []
    assert found_in(bytes_of(gate.folder), [plate(1), officer(2)]) == [plate(1), officer(2)]
    (draft,) = gate.told
    assert draft.event.model_dump() == {
        "rule": "request",
        "values": answer.values,
        "events": 3,
        "pictures": 1,
        "copies": 0,
        "operator": "aigul",
        "cause": "the owner asked",
        "request": "0b0e",
    }


def test_damaged_copies_of_the_journal_go_with_a_request_and_by_age(gate):
    def copy(age_s):
        for ending in ("", "-wal"):
            file = gate.folder / f"journal.damaged-20261101T000000Z.db{ending}"
            file.write_bytes(plate(1).encode())
            os.utime(file, (UTC - age_s, UTC - age_s))

    copy(6 * DAY_S)
    gate.values.erase_old()
    assert found_in(bytes_of(gate.folder), [plate(1)])
    copy(8 * DAY_S)
    gate.values.erase_old()
    assert found_in(bytes_of(gate.folder), [plate(1)]) == []
    gate.values.record(0.0)
    assert (gate.told[0].event.copies, gate.told[0].event.cause) == (1, "7 days after their events")
    copy(0)
    assert gate.values.erase(request(first=1, last=1)).copies == 1
    assert found_in(bytes_of(gate.folder), [plate(1)]) == []


def test_the_copy_of_an_upgrade_goes_too_but_not_while_the_upgrade_may_be_under_way(gate):
    folder = gate.folder / "before-upgrade"
    folder.mkdir()
    (folder / "journal.db").write_bytes(plate(1).encode())
    os.utime(folder, (UTC - 60, UTC - 60))
    assert gate.values.erase(request(first=1, last=1)).copies == 0
    os.utime(folder, (UTC - 3700, UTC - 3700))
    assert gate.values.erase(request(first=1, last=1)).copies == 1
    assert found_in(bytes_of(gate.folder), [plate(1)]) == []


def test_a_copy_that_cannot_be_deleted_is_told_in_the_log(gate, caplog):
    (gate.folder / "journal.damaged-20261101T000000Z.db").mkdir()
    assert gate.values.erase(request(first=1, last=1)).copies == 0
    assert "cannot be deleted" in caplog.text


def test_old_values_go_are_told_once_an_hour_and_wiped_once_a_day(gate):
    gate.record(1)
    gate.clock.utc += 3 * DAY_S
    gate.record(2)
    gate.journal.acknowledge(gate.journal.stream, gate.journal.head)
    gate.clock.utc += 5 * DAY_S
    gate.retention.prune()
    assert found_in(bytes_of(gate.folder), [plate(1), plate(2)]) == [plate(2)]
    assert [(one.event.rule, one.event.events, one.event.operator) for one in gate.told] == [("age", 3, None)]
    gate.clock.utc += 5 * DAY_S
    gate.retention.prune()
    assert len(gate.told) == 1
    gate.retention.start()
    gate.retention.stop()
    assert [one.event.events for one in gate.told] == [3, 3]


def test_without_an_age_values_stay_as_long_as_their_events(tmp_path):
    gate = Gate(tmp_path, keep_s=None)
    gate.record(1)
    gate.journal.acknowledge(gate.journal.stream, 3)
    gate.clock.utc += 29 * DAY_S
    gate.retention.prune()
    assert found_in(bytes_of(tmp_path), [plate(1)])
    gate.close()


def test_a_request_that_lies_in_the_state_folder_is_done_and_answered_there(gate):
    gate.record(1)
    requests = ErasureRequests(gate.folder)
    asked = request(first=1, last=3)
    requests.leave(asked)
    assert requests.answered(asked) is None
    gate.values.take_requests()
    answer = requests.answered(asked)
    assert (answer.events, answer.trouble) == (3, "")
    assert requests.answered(asked) is None
    assert list(requests.waiting()) == []
    gate.values.take_requests()
    assert len(gate.told) == 1


@pytest.mark.parametrize("text", ["", "{", json.dumps({"id": "x"}), request().model_copy(update={"id": "0c"})])
def test_a_request_that_cannot_be_read_is_put_aside_and_the_next_one_is_done(gate, text, caplog):
    requests = ErasureRequests(gate.folder)
    requests.leave(request(first=1, last=3))
    said = text if isinstance(text, str) else text.model_dump_json()
    (gate.folder / "erasure" / "0a.request").write_text(said)
    assert [one.id for one in requests.waiting()] == ["0b0e"]
    assert "cannot be read" in caplog.text
    assert (gate.folder / "erasure" / "0a.request.unusable").exists()


def test_trouble_with_pictures_is_answered_and_told_and_the_values_are_gone_all_the_same(gate, mocker):
    gate.record(1)
    mocker.patch.object(gate.evidence, "erase", side_effect=EvidenceError("no disk"))
    requests = ErasureRequests(gate.folder)
    requests.leave(request(first=1, last=3))
    gate.values.take_requests()
    assert requests.answered(request()).trouble == "no disk"
    assert found_in(bytes_of(gate.folder), [plate(1)]) == []
    assert gate.told[0].event.events == 3


def test_trouble_with_the_journal_is_answered_and_raised(gate, mocker):
    requests = ErasureRequests(gate.folder)
    requests.leave(request(first=1, last=3))
    mocker.patch.object(gate.journal, "erase", side_effect=JournalUnavailableError("no disk"))
    with pytest.raises(JournalUnavailableError):
        gate.values.take_requests()
    assert requests.answered(request()).trouble == "no disk"
