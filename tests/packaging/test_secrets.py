"""No secret is in the repository, and one that were there would be found."""

import base64
import os
import re
import string
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tools.secrets_scan import ROOT, RULES, findings, scan, tracked

DICE = Random(3)  # noqa: S311 - made-up secrets


def some(letters, count):
    return "".join(DICE.choices(letters, k=count))


UPPER, WORD = string.ascii_uppercase + string.digits, string.ascii_letters + string.digits
PLANTED = {
    "a private key": "-----BEGIN " + "PRIVATE KEY-----\n" + base64.b64encode(os.urandom(48)).decode(),
    "an AWS key": "AKIA" + some(UPPER, 16),
    "a GitHub token": "ghp_" + some(WORD, 36),
    "a GitLab token": "glpat-" + some(WORD, 20),
    "a PyPI token": "pypi-AgE" + some(WORD, 60),
    "a Slack token": "xoxb-" + some(WORD, 24),
    "a Google key": "AIza" + some(WORD, 35),
    "a Telegram token": some(string.digits, 10) + ":AA" + some(WORD, 33),
    "a password in an address": "rtsp://admin:" + some(WORD, 10) + "@10.0.0.7/stream1",
}


def in_git():
    return subprocess.run(["git", "rev-parse"], cwd=ROOT, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not in_git(), reason="this is no git checkout, so that nobody can say which files belong to it")
def test_no_file_of_the_repository_holds_a_secret():
    paths = tracked()
    assert len(paths) > 500
    assert findings(paths) == []


def test_each_kind_of_secret_is_found_with_its_place():
    assert set(PLANTED) == set(RULES)
    for kind, secret in PLANTED.items():
        found = list(scan(Path("x.toml"), f'first\nkey = "{secret}"\n'))
        assert [(each.kind, each.line) for each in found] == [(kind, 2)]


def test_examples_of_the_documentation_are_not_taken_for_secrets():
    for example in ("user:password@host", "admin:***@10.0.0.7", "{user}:{password}@host", "gate:$PASSWORD@broker"):
        assert list(scan(Path("docs/x.md"), f"rtsp://{example}/")) == []


def test_the_command_tells_of_a_secret_by_its_place_without_showing_it(tmp_path):
    secret = PLANTED["a GitHub token"]
    (tmp_path / "x").write_text(f"\n\n{secret}\n")
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "secrets_scan.py", tmp_path / "x"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert re.fullmatch(rf"{re.escape(str(tmp_path / 'x'))}:3: a GitHub token\n", done.stdout)
