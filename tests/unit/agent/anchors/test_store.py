"""What root writes of the trust anchors, and what it does not."""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from dataclasses import replace

import pytest

from agent.anchors import AnchorStore, AnchorStoreError, recorded_changes
from agent.core.anchors import AnchorFault, AnchorRefusedError, Sender
from agent.settings import changed_anchors, read_anchors
from tests.support.anchors.people import OTHER_ROOT_KEY, UTC, document, held, signed
from tests.support.pki.certificates import Authority

ME = os.geteuid()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "etc-anchors"


@pytest.fixture
def store(folder):
    return AnchorStore(folder, ME)


@pytest.fixture
def adopted(store):
    store.adopt(held(), "root", UTC)
    store.seal(UTC)
    return store


def two(anchors, **changed):
    return signed(document(anchors, **changed), "person:aigul", "person:bolat")


def fault(call, *arguments):
    with pytest.raises(AnchorRefusedError) as refused:
        call(*arguments)
    return refused.value.fault


def test_what_root_adopts_is_what_is_read_and_readable_by_all(store, folder):
    assert store.held() is None
    change = store.adopt(held(number=77), "somebody", UTC)
    found = read_anchors(folder, ME).held
    assert (found.number, found.sealed, found.values) == (1, False, held().values)
    assert (change.authority, change.by, change.digest) == ("root", ("somebody",), found.digest)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "anchors.toml").stat().st_mode) == 0o644
    assert stat.S_IMODE((folder / "changes.jsonl").stat().st_mode) == 0o644


def test_root_adopts_again_until_the_first_real_vehicle(store):
    store.adopt(held(), "root", UTC)
    assert store.adopt(held(document_keys=[]), "root", UTC).number == 2
    store.seal(UTC)
    assert fault(store.adopt, held(), "root", UTC) is AnchorFault.SECOND_PERSON_NEEDED
    assert store.held().sealed


def test_two_persons_change_what_is_sealed_once(adopted, folder):
    signatures = two(adopted.held())
    change = adopted.change(signatures, Sender.SERVICE, UTC)
    assert (change.number, change.authority, change.by) == (2, "persons", ("aigul", "bolat"))
    assert read_anchors(folder, ME).held.values["permits.root_keys"] == [OTHER_ROOT_KEY]
    assert adopted.held().sealed
    assert fault(adopted.change, signatures, Sender.SERVICE, UTC) is AnchorFault.NUMBER_USED


def test_a_document_of_central_is_taken_once_also_after_others(adopted):
    early = signed(document(adopted.held(), number=10, before=None), "central:central")
    late = signed(document(adopted.held(), number=20, before=None, changes={"console.port": 9000}), "central:central")
    assert adopted.change(late, Sender.SERVICE, UTC).number == 20
    assert fault(adopted.change, early, Sender.SERVICE, UTC) is AnchorFault.NUMBER_USED
    assert fault(adopted.change, late, Sender.SERVICE, UTC) is AnchorFault.NUMBER_USED


def test_one_person_and_root_are_both_named(adopted):
    signatures = signed(document(adopted.held()), "person:aigul")
    assert fault(adopted.change, signatures, Sender.SERVICE, UTC) is AnchorFault.SECOND_PERSON_NEEDED
    assert adopted.change(signatures, Sender.ROOT, UTC, "marat").by == ("aigul", "marat")


def test_what_is_not_of_its_form_changes_nothing_however_well_it_is_signed(adopted, folder):
    before = (folder / "anchors.toml").read_bytes()
    for changes in (
        {"permits.root_keys": []},
        {"log.level": "debug"},
        {"anchors.sealed": False},
        {"mqtt.ca": "../../etc/passwd"},
    ):
        signatures = two(adopted.held(), changes=changes)
        assert fault(adopted.change, signatures, Sender.SERVICE, UTC) is AnchorFault.VALUE_INVALID
    assert (folder / "anchors.toml").read_bytes() == before


def test_nobody_is_locked_out_for_good(adopted):
    gone = {"anchors.persons": [], "anchors.document_keys": []}
    assert fault(adopted.change, two(adopted.held(), changes=gone), Sender.SERVICE, UTC) is AnchorFault.NOBODY_LEFT


def test_a_gate_whose_anchors_nobody_could_change_is_not_sealed(store):
    store.adopt(held(persons=[], document_keys=[]), "root", UTC)
    assert fault(store.seal, UTC) is AnchorFault.NOBODY_LEFT
    assert not store.held().sealed


def test_it_is_sealed_once(adopted):
    assert adopted.seal(UTC) is None


def test_certificates_lie_beside_the_anchors_and_old_ones_go(adopted, folder, tmp_path):
    first, second = (Authority(tmp_path, name).ca.read_text() for name in ("first", "second"))
    for number, pem in ((2, first), (3, second)):
        signatures = two(adopted.held(), changes={"mqtt.ca": pem})
        assert adopted.change(signatures, Sender.SERVICE, UTC).number == number
    assert {file.read_text() for file in folder.glob("*.pem")} == {first, second}  # the agent still uses the first
    adopted.change(two(adopted.held(), changes={"mqtt.ca": None}), Sender.SERVICE, UTC)
    assert [file.read_text() for file in folder.glob("*.pem")] == [second]
    adopted.change(two(adopted.held()), Sender.SERVICE, UTC)
    assert not list(folder.glob("*.pem"))


def test_every_change_is_noted_with_fingerprints_old_and_new(adopted, folder):
    adopted.change(two(adopted.held()), Sender.SERVICE, UTC + 5)
    first, seal, last = recorded_changes(folder)
    assert {one.key for one in first.differences} >= {"permits.root_keys", "commands.keys"}
    assert (seal.authority, seal.differences, seal.number) == ("seal", (), 1)
    (difference,) = last.differences
    assert difference.key == "permits.root_keys"
    assert difference.before != difference.after
    assert all(one.startswith("sha256:") for one in (*difference.before, *difference.after))
    assert (last.utc, last.cause, last.digest) == (UTC + 5, "a new issuer", adopted.held().digest)


def test_notes_do_not_grow_for_ever(adopted, folder):
    line = json.loads((folder / "changes.jsonl").read_text().splitlines()[0])
    (folder / "changes.jsonl").write_text(f"{json.dumps(line)}\n" * 300)
    adopted.change(two(adopted.held()), Sender.SERVICE, UTC)
    assert len(recorded_changes(folder)) == 200


def test_notes_that_are_too_large_together_lose_their_oldest(adopted, folder, mocker):
    mocker.patch("agent.anchors.store.CHANGES_LIMIT_BYTES", (folder / "changes.jsonl").stat().st_size + 200)
    adopted.change(two(adopted.held()), Sender.SERVICE, UTC)
    adopted.change(two(adopted.held(), changes={"console.port": 9000}), Sender.SERVICE, UTC)
    found = recorded_changes(folder)
    assert 1 <= len(found) < 4
    assert found[-1].number == adopted.held().number == 3


@pytest.mark.parametrize("sign", ["\u2028", "\u0085", "\x1c"])
def test_a_note_is_one_line_whatever_stands_in_it(adopted, folder, sign):
    text = (folder / "changes.jsonl").read_text(encoding="utf-8")
    spoilt = text.replace("taken from the configuration", f"adopted{json.dumps(sign)[1:-1]}by somebody", 1)
    spoilt = json.dumps(json.loads(spoilt.split("\n")[0]), ensure_ascii=sign < " ") + "\n"
    (folder / "changes.jsonl").write_text(spoilt, encoding="utf-8")
    adopted.change(two(adopted.held()), Sender.SERVICE, UTC)
    assert [one.number for one in recorded_changes(folder)] == [1, 2]
    assert sign in recorded_changes(folder)[0].cause


@pytest.mark.parametrize("spoilt", [b"\xff\xfe", b"{", b"[]\n", b'{"number":1}\n', b"x" * 100])
def test_damaged_notes_keep_no_change_from_being_made_and_noted(adopted, folder, spoilt):
    (folder / "changes.jsonl").write_bytes(spoilt)
    adopted.change(two(adopted.held()), Sender.SERVICE, UTC)
    (found,) = recorded_changes(folder)
    assert (found.number, found.by, found.digest) == (2, ("aigul", "bolat"), adopted.held().digest)


def test_anchors_that_were_taken_away_leave_their_numbers_behind(adopted, folder):
    """What two persons signed once is worth nothing after root has begun anew with the very same anchors."""
    before = adopted.held()
    signatures = two(before)
    central = signed(document(before, number=9, before=None, changes={"console.port": 9000}), "central:central")
    adopted.change(signatures, Sender.SERVICE, UTC)
    adopted.change(central, Sender.SERVICE, UTC)
    (folder / "anchors.toml").unlink()
    assert adopted.adopt(before, "root", UTC).number == 10
    assert adopted.held().digest == before.digest
    for used in (signatures, central):
        assert fault(adopted.change, used, Sender.SERVICE, UTC) is AnchorFault.NUMBER_USED


def test_damaged_anchors_are_never_taken_for_none(adopted, folder):
    (folder / "anchors.toml").write_text("version = 1\n")
    with pytest.raises(AnchorStoreError):
        adopted.adopt(held(), "root", UTC)
    with pytest.raises(AnchorStoreError):
        adopted.change(two(held()), Sender.ROOT, UTC)


@pytest.mark.parametrize("name", ["anchors.toml", ".anchors.toml.part", "changes.jsonl", ".changes.jsonl.part", "lock"])
@pytest.mark.parametrize("what", ["link", "link to nothing", "hard link", "fifo", "folder"])
def test_nothing_that_is_planted_in_the_folder_leads_elsewhere(store, folder, tmp_path, name, what):
    victim = tmp_path / "victim"
    victim.write_text("of root\n")
    victim.chmod(0o600)
    folder.mkdir(mode=0o755)
    place = folder / name
    match what:
        case "link":
            place.symlink_to(victim)
        case "link to nothing":
            place.symlink_to(tmp_path / "nothing")
        case "hard link":
            place.hardlink_to(victim)
        case "fifo":
            os.mkfifo(place)
        case _:
            place.mkdir()
    before = victim.stat().st_mode, victim.read_text()
    with suppress(AnchorStoreError):  # refused, or done in spite of it
        store.adopt(held(), "root", UTC)
        assert store.held().values == held().values
    assert (victim.stat().st_mode, victim.read_text()) == before
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
def test_a_folder_that_others_may_write_is_not_used(folder, store, mode):
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(AnchorStoreError):
        store.adopt(held(), "root", UTC)
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_a_link_is_not_used(folder, store, tmp_path):
    (tmp_path / "other").mkdir()
    folder.symlink_to(tmp_path / "other")
    with pytest.raises(AnchorStoreError):
        store.adopt(held(), "root", UTC)
    assert list((tmp_path / "other").iterdir()) == []


def test_a_crash_before_the_anchors_are_in_place_leaves_the_old_ones(adopted, folder, mocker):
    before = adopted.held()
    mocker.patch("agent.anchors.root_folder.os.rename", side_effect=OSError(28, "No space left on device"))
    with pytest.raises(AnchorStoreError, match="No space left"):
        adopted.change(two(before), Sender.SERVICE, UTC)
    mocker.stopall()
    assert adopted.held() == before
    assert adopted.change(two(before), Sender.SERVICE, UTC).number == 2


def test_values_of_before_may_come_back_only_by_a_new_change(adopted):
    before = adopted.held()
    adopted.change(two(before), Sender.SERVICE, UTC)
    back = {"permits.root_keys": before.values["permits.root_keys"]}
    again = replace(changed_anchors(adopted.held(), 3, back), number=2)
    assert again.digest == before.digest
    assert adopted.change(two(adopted.held(), changes=back), Sender.SERVICE, UTC).number == 3
