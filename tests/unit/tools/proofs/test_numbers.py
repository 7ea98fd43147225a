"""The numbers to reach name proofs and figures that there are."""

import re
from pathlib import Path

import pytest

from tools.proofs.numbers import NUMBERS
from tools.proofs.table import PROOFS
from tools.style.rules import rules

ROOT = Path(__file__).parents[4]
WANTED = [wanted for number in NUMBERS for wanted in number.wanted]
BENCHES = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "bench").glob("*.py")))
FAULTS = (ROOT / "tests" / "faults" / "rows.py").read_text(encoding="utf-8")
READINGS = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "tools" / "proofs" / "readings").glob("*.py")))
SOURCES = {"bench": BENCHES, "faults": FAULTS + READINGS}
PARTS = re.compile(r"\*|, |: |\b\d[\d,.]*\b")
"""Between these are the words of a figure's name that its source has as they are."""


def words(figure):
    return [part.strip() for part in PARTS.split(figure) if part.strip()]


@pytest.mark.parametrize("wanted", WANTED, ids=lambda wanted: f"{wanted.proof}: {wanted.figure}")
def test_a_number_names_a_proof_and_words_that_the_proof_prints(wanted):
    assert wanted.proof in {proof.name for proof in PROOFS}
    source = SOURCES.get(wanted.proof, READINGS + (ROOT / "tests" / "races" / "races.py").read_text(encoding="utf-8"))
    assert words(wanted.figure)
    assert [part for part in words(wanted.figure) if part not in source] == []


def test_every_number_is_there_once_in_plain_words():
    names = [number.what for number in NUMBERS]
    assert sorted(set(names)) == sorted(names)
    assert [rule.name for name in names for rule in rules() if rule.pattern.search(name)] == []
    assert all(number.wanted for number in NUMBERS)
