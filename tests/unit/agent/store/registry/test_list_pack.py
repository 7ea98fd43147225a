import os
import struct
import zipfile
from functools import cache
from random import Random

import pytest

from agent.core.lists.chunks import unpack_chunk
from agent.core.lists.signed_list import MAX_HEAD_BYTES
from agent.core.model.list_kinds import ListKind
from agent.store.registry.list_pack import MAX_ENTRIES, PackedList, PackError, read_pack, write_pack
from tests.support.lists.lists import (
    DECLARATIONS,
    REVOCATIONS,
    declarations,
    delta,
    revocations,
    snapshot,
    trust_text,
    trusted,
)

FEW = declarations(10)
REVOKED = snapshot(REVOCATIONS, revocations(FEW))
DELTA = delta(DECLARATIONS, 1, 2, upserts=FEW[:1])
TRUST = trust_text(trusted())


@cache
def declared():
    """A snapshot of several chunks."""
    return snapshot(DECLARATIONS, declarations(3000))


@pytest.fixture
def pack(tmp_path):
    path = tmp_path / "lists.zip"
    lists = [
        PackedList(DECLARATIONS, declared().data, declared().packed, [(2, DELTA)]),
        PackedList(REVOCATIONS, REVOKED.data, REVOKED.packed),
    ]
    write_pack(path, TRUST, lists)
    return path


def stored(path, entries):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name), data)
    return path


def refusal(path):
    with pytest.raises(PackError) as caught:
        read_pack(path)
    return str(caught.value)


def test_a_pack_gives_back_every_part_that_was_put_in(pack):
    with read_pack(pack) as opened:
        assert opened.trust == TRUST
        assert opened.kinds == (DECLARATIONS, REVOCATIONS)
        assert opened.head(DECLARATIONS) == declared().data
        assert [opened.chunk(DECLARATIONS, n) for n in range(len(declared().chunks))] == declared().packed
        assert opened.chunk(DECLARATIONS, len(declared().chunks)) is None
        assert opened.deltas(DECLARATIONS) == (2,)
        assert opened.delta(DECLARATIONS, 2) == DELTA
        assert opened.deltas(REVOCATIONS) == ()


def test_the_same_content_makes_the_same_file_and_leaves_no_other(pack, tmp_path):
    before = pack.read_bytes()
    write_pack(
        pack,
        TRUST,
        [
            PackedList(DECLARATIONS, declared().data, declared().packed, [(2, DELTA)]),
            PackedList(REVOCATIONS, REVOKED.data, REVOKED.packed),
        ],
    )
    assert pack.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["lists.zip"]


def test_a_pack_that_cannot_be_finished_leaves_the_old_one_and_no_rest(pack, tmp_path):
    def chunks():
        yield declared().packed[0]
        raise RuntimeError("the source is gone")

    before = pack.read_bytes()
    with pytest.raises(RuntimeError):
        write_pack(pack, TRUST, [PackedList(DECLARATIONS, declared().data, chunks())])
    assert pack.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["lists.zip"]


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    with pytest.raises(PackError, match="cannot be written: No such file"):
        write_pack(tmp_path / "nowhere" / "lists.zip", TRUST, [])


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([("/etc/passwd", b"x")], "which no pack has"),
        ([("../declarations/head", b"x")], "which no pack has"),
        ([("declarations/../head", b"x")], "which no pack has"),
        ([("declarations/snap/01", b"x")], "which no pack has"),
        ([("declarations/snap/-1", b"x")], "which no pack has"),
        ([("declarations/snap/99999999999", b"x")], "which no pack has"),
        ([("declarations/", b"")], "which no pack has"),
        ([("bank/head", b"x")], "which no pack has"),
        ([("declarations/head\n", b"x")], "which no pack has"),
        ([("declarations/head", bytes(MAX_HEAD_BYTES + 1))], "it may have 262144"),
        ([("trust-list.txt", bytes(300_000))], "it may have 200002"),
    ],
)
def test_an_entry_that_no_pack_has_refuses_the_file(tmp_path, entries, words):
    assert words in refusal(stored(tmp_path / "hostile.zip", entries))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_that_is_there_twice_refuses_the_file(tmp_path):
    path = stored(tmp_path / "twice.zip", [("declarations/head", b"one"), ("declarations/head", b"two")])
    assert "occurs twice" in refusal(path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("declarations/head", bytes(200_000_000))
    assert "compressed" in refusal(path)


def test_more_entries_than_a_pack_has_are_refused_by_the_last_record_alone(tmp_path, mocker):
    path = stored(tmp_path / "many.zip", [(f"declarations/snap/{n}", b"") for n in range(MAX_ENTRIES + 1)])
    library = mocker.spy(zipfile, "ZipFile")
    assert "entries" in refusal(path)
    assert library.call_count == 0


def test_a_directory_larger_than_its_entries_need_is_refused(tmp_path):
    path = stored(tmp_path / "long.zip", [("a" * 60_000, b"")])
    assert "long names" in refusal(path)


def test_a_zip_of_a_million_entries_in_the_64_bit_form_is_refused(tmp_path):
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 0, len(locator), 0)
    path = tmp_path / "wide.zip"
    path.write_bytes(locator + end)
    assert "64-bit" in refusal(path)


def test_entries_that_share_bytes_are_refused(tmp_path):
    path = stored(tmp_path / "shared.zip", [("declarations/head", bytes(100_000)), ("declarations/snap/0", b"x")])
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")  # the directory entry of the second part claims the bytes of the first
    data[at + 20 : at + 28] = struct.pack("<LL", 100_000, 100_000)
    path.write_bytes(data)
    assert "overlap" in refusal(path)


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip at all" * 10, bytes(22)])
def test_what_is_no_zip_is_told_so(tmp_path, data):
    path = tmp_path / "no.zip"
    path.write_bytes(data)
    assert "does not end as a zip" in refusal(path)


def test_a_file_cut_short_anywhere_is_refused(pack, tmp_path):
    whole = pack.read_bytes()
    path = tmp_path / "short.zip"
    for length in [0, 1, 21, 22, len(whole) // 2, len(whole) - 100, len(whole) - 23, len(whole) - 1]:
        path.write_bytes(whole[:length])
        assert "no pack of lists" in refusal(path)


def test_bytes_before_or_behind_the_parts_are_refused(pack, tmp_path):
    path = tmp_path / "more.zip"
    path.write_bytes(b"MZ" + pack.read_bytes())
    assert "something stands before" in refusal(path)
    path.write_bytes(pack.read_bytes() + b"\n")
    assert "no pack of lists" in refusal(path)


def test_a_damaged_part_is_named(pack):
    data = bytearray(pack.read_bytes())
    at = data.index(declared().packed[0])
    data[at + 5] ^= 1
    pack.write_bytes(data)
    with read_pack(pack) as opened, pytest.raises(PackError, match="declarations/snap/0 is damaged"):
        opened.chunk(DECLARATIONS, 0)


def test_what_is_no_file_is_told_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refusal(tmp_path / "pipe")
    assert "cannot be read" in refusal(tmp_path)
    assert "cannot be read: No such file" in refusal(tmp_path / "nowhere.zip")


def test_a_head_that_is_missing_is_told(pack):
    with read_pack(pack) as opened, pytest.raises(PackError, match="watch/head is missing"):
        opened.head(ListKind.WATCH)


def test_no_change_of_a_byte_brings_in_other_rows_or_another_error(pack, tmp_path):
    dice = Random(7)  # noqa: S311 - the same changes each time
    whole = pack.read_bytes()
    path = tmp_path / "changed.zip"
    refused = 0
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(dice.choice((1, 1, 4, 30))):
            # Most changes at the end: there stands the directory, which says where everything is.
            data[-dice.randrange(1, dice.choice((23, 1200, len(data))))] = dice.randrange(256)
        path.write_bytes(data)
        try:
            with read_pack(path) as opened:
                for number, chunk in enumerate(declared().chunks):
                    found = opened.chunk(DECLARATIONS, number)
                    assert found is None or unpack_chunk(found, chunk.ref) == unpack_chunk(chunk.data, chunk.ref)
        except PackError:
            refused += 1
    assert refused > 100
