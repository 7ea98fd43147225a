"""What editors and git hooks are told is what the files are, and what `make check` checks."""

import configparser
import fnmatch
import re
from pathlib import Path

import pytest

from tools.secrets_scan import ROOT, tracked

FILES = [path.relative_to(ROOT).as_posix() for path in tracked()]


def expanded(name):
    """A section's name without its one pair of braces."""
    before, inner, after = re.fullmatch(r"([^{]*)(?:\{(.*)\})?(.*)", name).groups()
    return [before + one + after for one in inner.split(",")] if inner else [name]


def sections():
    """The patterns and settings of each section, in order: the last that fits a file counts."""
    parser = configparser.ConfigParser()
    parser.read_string("[top]\n" + (ROOT / ".editorconfig").read_text(encoding="utf-8"))
    return [(expanded(name), dict(parser[name])) for name in parser.sections() if name != "top"]


def fits(path, pattern):
    return fnmatch.fnmatch(path if "/" in pattern else Path(path).name, pattern.replace("**", "*"))


SECTIONS = sections()


def settings_of(path):
    found = {}
    for patterns, settings in SECTIONS:
        if any(fits(path, pattern) for pattern in patterns):
            found |= settings
    return found


ONE_LINE = re.compile(r"#?\w+ = [\"'\[]")
"""A string of TOML, which cannot be broken, or a key that is commented out, which comes back with one character."""


def texts():
    """Each text file's lines, as they end, and what editors are told of it."""
    for path in FILES:
        content = (ROOT / path).read_bytes()
        if content and b"\0" not in content:
            yield path, content.decode("utf-8").split("\n"), settings_of(path)


def test_every_text_file_ends_and_indents_as_editors_are_told():
    wrong = []
    for path, lines, told in texts():
        if told["insert_final_newline"] == "true" and lines[-1] != "":
            wrong.append((path, "no newline at its end"))
        if told["trim_trailing_whitespace"] == "true" and any(line != line.rstrip() for line in lines):
            wrong.append((path, "blanks or returns at the end of a line"))
        other = {"space": "\t", "tab": " ", "unset": "\0"}[told["indent_style"]]
        if any(line.startswith(other) for line in lines):
            wrong.append((path, f"indented by {other!r}"))
    assert wrong == []


def test_no_line_is_longer_than_editors_are_told():
    """Ruff (E501) leaves out the remarks on its own checks; here they count."""
    limits = [(path, lines, told.get("max_line_length", "off")) for path, lines, told in texts()]
    limited = [(path, lines, int(most)) for path, lines, most in limits if most != "off"]
    assert {Path(path).suffix for path, _, _ in limited} >= {".py", ".toml", ".sh", ".css", ".js", ".html", ".yml"}
    assert {path for path, _, _ in limited} >= {"Makefile", "packaging/deb/preinst", "packaging/deb/postinst"}
    assert [
        f"{path}:{number}"
        for path, lines, most in limited
        for number, line in enumerate(lines, start=1)
        if len(line) > most and not (path.endswith(".toml") and ONE_LINE.match(line))
    ] == []


@pytest.mark.parametrize(
    ("path", "indent", "size", "longest"),
    [
        ("agent/lane/loop.py", "space", "4", "120"),
        ("agent/console/templates/aim.html", "space", "2", "120"),
        ("Makefile", "tab", "4", "120"),
        ("packaging/deb/postinst", "space", "4", "120"),
        ("config/prometheus/alerts.yml", "space", "2", "120"),
        ("tests/mutants.toml", "space", "4", "off"),
        ("agent/console/static/vendor/htmx.min.js", "unset", "unset", "off"),
        ("config/grafana/gate-agent.json", "space", "1", None),
    ],
)
def test_a_file_has_the_settings_of_the_last_section_that_fits(path, indent, size, longest):
    told = settings_of(path)
    assert (told["indent_style"], told["indent_size"], told.get("max_line_length")) == (indent, size, longest)


def test_the_hooks_check_what_make_check_checks():
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").split("\ncheck:")[1].split("\n\n")[0]
    checks = re.findall(r"^\t@\$\(BIN\)/(.+?)(?: 2>.*)?$", recipe, re.MULTILINE)
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"entry: \.venv/bin/(.+)", hooks) == checks
    assert len(checks) == recipe.count("\t@")
    assert re.findall(r"repo: (.+)", hooks) == ["local"]
    assert "://" not in hooks
