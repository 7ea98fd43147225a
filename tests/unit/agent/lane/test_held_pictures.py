"""Pictures are held until an event names them: by age, within a limit, and what counts the longest."""

from agent.lane.held_pictures import HELD_S, HeldPictures

AT = 100.0
EVIDENCE_S = 40.0
ALL = ("code", "plate", "parked")
PICTURES = {name: name.encode() for name in ALL}


def held(most_bytes=1 << 20):
    pictures = HeldPictures("exit", EVIDENCE_S, most_bytes)
    pictures.add(PICTURES, AT, codes={"code", None}, plates={"plate", None})
    return pictures


def test_what_is_named_is_given_and_held_on():
    pictures = held()
    assert pictures.named(("plate", "code")) == {"plate": b"plate", "code": b"code"}
    assert pictures.named(ALL) == PICTURES


def test_what_counts_is_held_as_long_as_a_transaction_may_name_it_and_all_else_for_seconds():
    pictures = held()
    pictures.add({}, AT + HELD_S)
    assert list(pictures.named(ALL)) == list(ALL)
    pictures.add({}, AT + HELD_S + 0.1)
    assert list(pictures.named(ALL)) == ["code", "plate"]
    pictures.add({}, AT + EVIDENCE_S + 0.1)
    assert pictures.named(ALL) == {}


def test_a_picture_that_comes_again_or_is_named_by_a_code_later_is_held_longer():
    pictures = held()
    pictures.add({"parked": b"parked"}, AT + 5)
    pictures.add({}, AT + 5 + HELD_S)
    assert "parked" in pictures.named(ALL)
    pictures.add({}, AT + 5 + HELD_S, codes={"parked"})
    pictures.add({}, AT + EVIDENCE_S)
    assert "parked" in pictures.named(ALL)


def test_a_picture_that_a_plate_or_a_vin_names_later_is_held_longer_and_one_of_a_code_stays_one():
    pictures = held()
    pictures.add({}, AT + 5, plates={"parked", "code"})
    pictures.add({}, AT + EVIDENCE_S)
    assert list(pictures.named(ALL)) == list(ALL)
    small = held(most_bytes=15)
    small.add({"more": b"more"}, AT + 5, plates={"more", "code"})
    assert list(small.named(("code", "plate", "more"))) == ["code", "plate", "more"]


def test_a_picture_of_a_code_that_comes_again_with_a_plate_stays_one():
    pictures = held(most_bytes=15)
    pictures.add({"code": b"code"}, AT + 1, plates={"code"})
    pictures.add({"other": b"other"}, AT + 1, plates={"other"})
    assert list(pictures.named(("code", "plate", "parked", "other"))) == ["code", "plate", "other"]
    pictures.add({"more": b"more"}, AT + 1, plates={"more"})
    assert list(pictures.named(("code", "plate", "other", "more"))) == ["code", "other", "more"]


def test_crops_of_bystanders_are_given_up_before_plates_and_plates_before_codes():
    pictures = held(most_bytes=100)
    for number in range(50):
        pictures.add({f"parked{number}": bytes(10)}, AT)
    assert {"code", "plate", "parked49"} <= set(pictures.named((*ALL, "parked49")))
    assert pictures.named(("parked", "parked0")) == {}
    for number in range(50):
        pictures.add({f"plate{number}": bytes(10)}, AT, plates={f"plate{number}"})
    assert list(pictures.named(("code", "plate", "parked49", "plate49"))) == ["code", "plate49"]


def test_a_named_picture_that_is_gone_is_told_of_once_until_all_are_there_again(caplog):
    pictures = held()
    for names in (("gone",), ("gone", "code"), ("code",), ("lost",)):
        pictures.named(names)
    assert [record.getMessage().rpartition(": ")[2] for record in caplog.records] == ["gone", "lost"]
    assert all(record.getMessage().startswith("lane exit: ") for record in caplog.records)
