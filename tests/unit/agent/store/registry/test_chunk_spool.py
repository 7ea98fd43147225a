"""Chunks on their way, kept in a folder in which anything may lie."""

import os
from pathlib import Path

import pytest

from agent.store.registry.chunk_spool import ChunkSpool
from tests.support.lists.lists import DECLARATIONS, declarations, snapshot

PUT = {
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "a link to nothing": lambda path: path.symlink_to("/nonexistent/file"),
}


@pytest.fixture
def whole():
    return snapshot(DECLARATIONS, declarations(3))


def place_of(folder, ref):
    return folder / "lists" / DECLARATIONS / ref.digest.hex()


@pytest.mark.parametrize("put", PUT.values(), ids=PUT)
def test_what_is_no_file_is_no_chunk_and_goes_and_nobody_waits_for_it(tmp_path, whole, put):
    (ref,) = whole.head.chunks
    spool = ChunkSpool(tmp_path / "lists")
    assert spool.begin(DECLARATIONS, [ref]) == []
    for name in (ref.digest.hex(), "something else"):
        put(tmp_path / "lists" / DECLARATIONS / name)
    assert spool.begin(DECLARATIONS, [ref]) == []
    spool.keep(DECLARATIONS, ref, whole.packed[0])
    assert spool.begin(DECLARATIONS, [ref]) == [0]
    assert list(spool.chunks(DECLARATIONS, [ref])) == [whole.packed[0]]


@pytest.mark.parametrize("name", ["lists", f"lists/{DECLARATIONS}"])
def test_a_file_in_the_place_of_a_folder_is_put_aside(tmp_path, whole, name):
    place = tmp_path / name
    place.parent.mkdir(exist_ok=True)
    place.write_text("no folder")
    assert ChunkSpool(tmp_path / "lists").begin(DECLARATIONS, whole.head.chunks) == []
    assert place.with_name(f"{place.name}.unusable").read_text() == "no folder"
