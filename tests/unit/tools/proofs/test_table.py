"""The table of proofs: all that docs/proofs.md and the Makefile have, and nothing else, each in plain words."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tools.proofs.proof import Proof, Reading
from tools.proofs.table import LONG_ELSEWHERE, PROOFS
from tools.stress import KINDS
from tools.style.rules import rules

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "proofs.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
NO_PROOFS = {
    *("help", "setup", "demo", "docs", "pictures", "train", "train-detector", "schema", "texts", "architecture"),
    *("format", "lock", "deb", "release", "sign", "clean", "prove"),
}
"""Targets that build, write or show something. A new target is one of these, or has its row in the table of proofs."""
CONTAINED = {command for proof in PROOFS for command in proof.contains}
ITSELF = ("make prove", "python -m tools.proofs")
COMMAND = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


def target(command):
    """The target that a command of make begins with; "" for any other command."""
    found = re.match(r"make ([a-z-]+)", command)
    return found[1] if found else ""


def targets():
    return set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def test_every_proof_of_the_page_is_in_the_table():
    ours = {target(proof.command) for proof in PROOFS} | CONTAINED
    documented = [one for one in COMMAND.findall(PAGE) if not one.startswith(ITSELF)]
    assert len(documented) > 20
    assert [one for one in documented if (target(one) or one) not in ours] == []


def test_every_proof_of_the_table_is_on_the_page():
    commands = {f"make {target(proof.command)}" for proof in PROOFS if target(proof.command)}
    commands |= {command for command in CONTAINED if not target(command)}
    assert [command for command in sorted(commands) if f"`{command}" not in PAGE] == []


def test_every_target_that_proves_something_is_in_the_table():
    proving = {target(proof.command) for proof in PROOFS} | {target(command) for command in CONTAINED}
    assert targets() >= NO_PROOFS
    assert targets() - NO_PROOFS == proving - {""}


def test_a_proof_has_the_name_of_its_target():
    names = [proof.name for proof in PROOFS]
    assert sorted(set(names)) == sorted(names)
    targets_of = Counter(target(proof.command) for proof in PROOFS)
    for proof in PROOFS:
        if name := target(proof.command):
            # A target that several proofs run, each with its settings, begins the names of all.
            assert proof.name == name or (targets_of[name] > 1 and proof.name.startswith(f"{name}-"))


def test_each_kind_of_stress_has_its_proof():
    kinds = [kind for proof in PROOFS for kind in re.findall(r'make stress .*KIND="([^"]+)"', proof.command)]
    assert sorted(kinds) == sorted(KINDS)


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.name)
def test_a_proof_says_in_one_plain_sentence_what_it_proves(proof):
    assert proof.proves.endswith(".")
    assert "\n" not in proof.proves
    assert len(proof.proves) <= 110
    assert [rule.name for rule in rules() if rule.pattern.search(proof.proves)] == []


@pytest.mark.parametrize("path", LONG_ELSEWHERE)
def test_long_tests_that_another_proof_runs_are_there(path):
    assert (ROOT / path).exists()


def test_the_rest_of_the_long_tests_leaves_out_what_others_run():
    (rest,) = (proof for proof in PROOFS if proof.name == "proofs")
    assert all(f"--ignore={path}" in rest.command for path in LONG_ELSEWHERE)
    line = next(line for line in MAKEFILE.splitlines() if "pytest -m long $(LONG)" in line)
    assert line.startswith("\t")


def test_settings_of_a_command_are_those_of_the_makefile():
    settings = {name for proof in PROOFS for name in re.findall(r" ([A-Z_]+)=", proof.command) if target(proof.command)}
    assert settings == {"KIND", "LONG", "RUNS", "SOAK_S"}
    assert settings <= set(re.findall(r"^([A-Z_]+) \?=", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize(
    ("cost_s", "limit_s"), [(45, 1800), (600, 2400), (1800, 7200), (3600, 10_800), (14_400, 21_600)]
)
def test_a_hang_is_a_failure_and_not_a_night(cost_s, limit_s):
    assert Proof("a", "make a", "It is.", cost_s, lambda _: Reading()).limit_s == limit_s
