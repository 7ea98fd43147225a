"""The house style: each rule finds what it bars, a finding names its place, and the baseline only goes down."""

import subprocess
import sys

import pytest

from tools.style.findings import BASELINE, findings, known, lowered, problems, written
from tools.style.places import ROOT, page, passages, python, template
from tools.style.rules import must_be_clean, rules

MOST_KNOWN = 9
"""How many findings the baseline may hold in all. Lower it with the baseline; it never rises."""


def found(passage, tmp_path):
    """What the rules find in one passage of a file that is there."""
    return findings([passage] if not isinstance(passage, list) else passage, tmp_path)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_a_rule_finds_its_bad_sentence_and_no_rule_finds_its_good_one(rule):
    assert rule.pattern.search(rule.bad)
    assert [one.name for one in rules() if one.pattern.search(rule.good)] == []
    assert rule.why.endswith(".")


def test_rules_have_names_of_their_own():
    names = [rule.name for rule in rules()]
    assert sorted(set(names)) == sorted(names)


def test_a_finding_says_file_line_column_why_and_the_better_words(tmp_path):
    text = "# Title\n\nThe gate is\nno switch.\n"
    (tmp_path / "a.md").write_text(text)
    (one,) = found(page("a.md", text), tmp_path)
    assert str(one).startswith('a.md:3:10: "is no": Not how English says it. Write: is not a')


@pytest.mark.parametrize(
    "text",
    [
        "`make it anew`",
        "```\nmake it anew\n```",
        "[make](anew.md)",
        "<!-- anew -->",
        "There is no camera.",
        "No longer.",
    ],
)
def test_code_addresses_comments_and_common_english_are_not_found(tmp_path, text):
    (tmp_path / "a.md").write_text(text)
    assert found(page("a.md", text), tmp_path) == []


def test_a_message_over_several_lines_is_found_where_its_words_are(tmp_path):
    source = 'X = Text(\n    "The camera is lost and is looked "\n    "for at once."\n)\n'
    (tmp_path / "a.py").write_text(source)
    (one,) = found(list(python("a.py", source)), tmp_path)
    assert (one.line, one.column, one.words) == (2, 32, "looked for")


def test_help_descriptions_and_plurals_are_read_and_other_strings_are_not(tmp_path):
    source = (
        'A = Option(help="do it anew")\nB = Field(description="do it anew")\nC = ngettext("x", "do it anew")\n'
        'D = "do it anew"\n\n\ndef f():\n    """Do it anew."""\n'
    )
    (tmp_path / "a.py").write_text(source)
    assert [one.line for one in found(list(python("a.py", source)), tmp_path)] == [1, 2, 3]


MODULE = '''"""Do it anew."""
class Table:
    """Do it anew."""
def command(way: Annotated[str, typer.Argument()]):
    """Do it anew."""
def other():
    """Do it anew."""
'''


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("agent/room/__init__.py", [1, 5]),
        ("agent/settings/model/lane.py", [3, 5]),
        ("agent/cli/run.py", [5]),
        ("drivers/api.py", [1, 3, 5, 7]),
    ],
)
def test_docstrings_count_where_people_read_them(tmp_path, name, lines):
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text(MODULE)
    assert [one.line for one in found(list(python(name, MODULE)), tmp_path)] == lines


def test_a_message_of_a_page_of_the_console_is_found(tmp_path):
    source = "<p>\n  {{ _('Do it anew') }}</p>\n"
    (tmp_path / "a.html").write_text(source)
    (one,) = found(list(template("a.html", source)), tmp_path)
    assert (one.line, one.column) == (2, 15)


def test_more_findings_than_known_fail_and_fewer_ask_for_a_lower_count(tmp_path):
    text = "Do it anew.\n\nDo it anew.\n"
    (tmp_path / "a.md").write_text(text)
    twice = found(page("a.md", text), tmp_path)
    assert len(list(problems(twice, {"a.md": 1}))) == 2
    assert list(problems(twice, {"a.md": 2})) == []
    (told,) = problems(twice, {"a.md": 3})
    assert "--lower" in told
    assert list(problems([], {"docs/a.md": 1})) == ["docs/a.md: may not be in the baseline"]


def test_lowering_never_raises_a_count_and_adds_no_file(tmp_path):
    text = "Do it anew.\n\nDo it anew.\n"
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text(text)
    here = found([page("a.md", text), page("b.md", text)], tmp_path)
    assert lowered(here, {"a.md": 1, "c.md": 4}) == {"a.md": 1}
    assert '"a.md" = 1\n' in written({"a.md": 1})


def test_the_baseline_is_small_and_names_nothing_that_must_be_clean():
    allowed = known()
    assert [path for path in allowed if must_be_clean(path)] == []
    assert [path for path in allowed if not (ROOT / path).is_file()] == []
    assert sum(allowed.values()) <= MOST_KNOWN
    assert BASELINE.read_text(encoding="utf-8") == written(allowed)


def test_pages_messages_and_templates_are_read_and_what_was_decided_long_ago_is_not(tmp_path):
    for name, text in {
        "README.md": "a",
        "docs/handbook.md": "a",
        "docs/adr/0001.md": "a",
        "agent/room/a.py": 'Text("a")',
        "agent/b.html": "{{ _('a') }}",
        "tests/c.py": 'Text("a")',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    read = sorted(passage.path for passage in passages(tmp_path))
    assert read == ["README.md", "agent/b.html", "agent/room/a.py", "docs/handbook.md"]


def test_the_command_says_what_it_can_do():
    command = [sys.executable, "-m", "tools.style", "--help"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0
    assert "--lower" in run.stdout
