"""The page on security says what is tested, and names tests that are there."""

import re
from pathlib import Path

from tests.support.vision.sandbox_attempts import ATTEMPTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def section(title):
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text):
    cells = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in cells[1:]]


def test_every_control_names_a_test_that_is_there():
    controls = rows(section("Controls"))
    assert len(controls) >= 20
    for against, _, proofs in controls:
        named = re.findall(r"`(tests/[\w/]+\.py)`", proofs)
        assert named, against
        assert [path for path in named if not (ROOT / path).is_file()] == [], against


def test_the_page_lists_all_that_a_vision_worker_is_refused_and_nothing_else():
    said = [
        what
        for _, refused in rows(section("What a vision worker can do once it was taken over"))
        for what in refused.split("; ")
    ]
    assert sorted(said) == sorted(attempt.what for attempt in ATTEMPTS)


def test_every_file_that_the_page_names_is_there():
    links = re.findall(r"\]\(([\w/.-]+)\)", PAGE)
    named = re.findall(r"`((?:agent|drivers|tools|tests)/[\w/.-]+\.\w+)`", PAGE)
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_each_finding_of_the_audit_has_its_row_and_what_holds_it():
    findings = {name: (status, held) for name, _, status, held in rows(section("Findings"))}
    counts = {"C": 2, "H": 6, "M": 8, "L": 8}
    assert list(findings) == [f"{kind}{number}" for kind, last in counts.items() for number in range(1, last + 1)]
    for name, (status, held) in findings.items():
        assert status.startswith(("closed", "explained", "**open**")), name
        assert ("`tests/" in held) == status.startswith("closed"), name


# The requirements for components, of which some are for one kind of component only (IEC 62443-4-2:2019).
REQUIREMENTS = {1: 14, 2: 13, 3: 14, 4: 3, 5: 3, 6: 2, 7: 8}
NOT_FOR_COMPONENTS = {"2.3"}


def test_the_table_of_iec_62443_4_2_has_each_requirement_once_with_a_verdict():
    named = []
    for requirement, verdict, why in rows(section("IEC 62443-4-2")):
        named += re.findall(r"\b\d\.\d+\b", requirement)
        assert verdict in {"met", "partly", "not", "site", "-"}, requirement
        assert why, requirement
    all_of_them = {f"{part}.{number}" for part, last in REQUIREMENTS.items() for number in range(1, last + 1)}
    assert sorted(named) == sorted(all_of_them - NOT_FOR_COMPONENTS)


def test_every_package_of_a_gate_is_pinned_by_version_and_hash():
    entries = re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert len(entries) > 30
    for entry in entries:
        name = entry.split("==")[0]
        assert re.match(r"[a-z0-9._-]+(?:\[[a-z,]+\])?==[^\s;]+", entry), name
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), name
        assert "://" not in entry.split("#")[0], name
