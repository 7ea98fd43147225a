"""The published test vectors: they are what the gate's code says today, and no refusal is without one."""

import json
import re
from pathlib import Path

import pytest

from agent.core.commands import Refusal
from agent.core.events import AckFault
from agent.core.fleet import DocumentFault
from agent.core.lists import ListFault
from agent.core.permit import PLATE_KINDS, TrustFault
from tools.vectors import acknowledgements, permits
from tools.vectors.__main__ import FOLDER, made, main

PAGE = (Path(__file__).parents[2] / "docs" / "permits.md").read_text("utf-8")
NOT_OF_ONE_TEXT = {Refusal.RATE_LIMITED, Refusal.GATE_FAULT, AckFault.RATE_LIMITED, TrustFault.TOO_LARGE}
NOT_OF_ONE_TEXT |= {
    *(DocumentFault.TOO_LARGE, DocumentFault.CONFIGURATION_INVALID, DocumentFault.NOT_KEPT),
    *(DocumentFault.UNDONE_BEFORE, DocumentFault.NOT_CONNECTED, DocumentFault.NOT_WHOLE, DocumentFault.NOT_STARTED),
    DocumentFault.CUT_OFF,
    *(DocumentFault.NOT_FETCHED, DocumentFault.NOT_PACKAGED, DocumentFault.NOT_INSTALLED, DocumentFault.NOT_RESTORED),
    *(DocumentFault.OTHER_ARCHITECTURE, DocumentFault.DOWNGRADE, DocumentFault.BELOW_FLOOR),
    *(DocumentFault.NO_ROOM, DocumentFault.NOT_AUTHENTIC),
}
"""What depends on more than the bytes, or would make the file huge."""


def vectors(name):
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def refused(name, *parts):
    return {case["expect"].get("refused") for part in parts or ("cases",) for case in vectors(name)[part]} - {None}


def test_the_published_vectors_are_what_the_code_makes():
    found = {file.name: file.read_text("utf-8") for file in FOLDER.glob("*.json")}
    assert found == made(), "run: python -m tools.vectors"


def test_the_tool_writes_the_published_files(tmp_path, mocker):
    mocker.patch("tools.vectors.__main__.FOLDER", tmp_path / "vectors")
    assert main() == 0
    written = {file.name for file in (tmp_path / "vectors").iterdir()}
    assert written == {file.name for file in FOLDER.iterdir()}


def test_a_vector_that_the_gate_sees_otherwise_is_not_written(monkeypatch):
    monkeypatch.setattr(permits, "verdict", lambda _text, _change: {"reason": "OK"})
    with pytest.raises(ValueError, match="longer than a gate looks at"):
        permits.vectors()
    monkeypatch.setattr(acknowledgements, "verdict", lambda _payload, _change: {"taken": 3})
    with pytest.raises(ValueError, match="no JSON"):
        acknowledgements.vectors()


def test_every_reason_that_a_text_alone_can_have_has_a_vector():
    order = PAGE.split("Checks run in a fixed order")[1].split("then lists")[0]
    reasons = {*re.findall(r"`([A-Z_]+)`", order), "DECLARATION_UNKNOWN", "OK"}
    assert {case["expect"]["reason"] for case in vectors("permits")["cases"]} == reasons


@pytest.mark.parametrize(("name", "faults"), [
    ("commands", Refusal),
    ("acknowledgements", AckFault),
    ("trust-list", TrustFault),
    ("fleet-documents", DocumentFault),
])  # fmt: skip
def test_every_refusal_has_a_vector(name, faults):
    assert refused(name) == {fault.value for fault in faults if fault not in NOT_OF_ONE_TEXT}


def test_every_refusal_of_one_part_of_a_list_has_a_vector():
    of_one_part = {
        *("structure_invalid", "key_unknown", "key_expired", "key_revoked", "key_of_other_purpose"),
        *("signature_invalid", "content_invalid", "expired", "wrong_site", "chunk_wrong"),
    }
    assert refused("lists", "heads", "deltas", "chunks", "rows") == of_one_part
    assert of_one_part < {fault.value for fault in ListFault}


def test_every_kind_of_plate_stands_with_its_number_in_the_page():
    table = PAGE.split("### Plates")[1].split("## Uses")[0]
    assert {(int(number), kind) for number, kind in re.findall(r"\| (\d+) \| `(\w+)` \|", table)} == {
        (number, kind.value) for number, kind in PLATE_KINDS.items()
    }
