"""Look for secrets in the files that git knows: private keys, tokens of well-known services, passwords in addresses.

Usage: python tools/secrets_scan.py [FILE ...]; exit code 1 and a line for each where there are some. Drawn examples,
such as user:password@host, are known by their words.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests"
LARGEST_BYTES = 4 * 1024 * 1024
EXAMPLES = re.compile(
    r"(?i)^(\*+|x+|\.+|<.*>|\{.*\}|\$.*|%.*|p|pw|pass|password|passwort|secret\w*|hunter2|geheim|wrong|changeme|s3cret"
    r"|p%40ss.*|pa%2.*)$"
)
RULES = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/]{16}"),
    "an AWS key": re.compile(r"A(?:KIA|SIA)[0-9A-Z]{16}\b"),
    "a GitHub token": re.compile(r"g(?:h[pousr]_[A-Za-z0-9]{36}|ithub_pat_[A-Za-z0-9_]{60,})\b"),
    "a GitLab token": re.compile(r"glpat-[A-Za-z0-9_-]{20,}\b"),
    "a PyPI token": re.compile(r"pypi-AgE[A-Za-z0-9_-]{50,}\b"),
    "a Slack token": re.compile(r"xox[abprs]-[A-Za-z0-9-]{20,}\b"),
    "a Google key": re.compile(r"AIza[A-Za-z0-9_-]{35}\b"),
    "a Telegram token": re.compile(r"[0-9]{9,10}:AA[A-Za-z0-9_-]{33}\b"),
    "a password in an address": re.compile(r"://[^\s:/@\"'`<>]+:([^\s:/@\"'`<>]+)@[A-Za-z0-9\[]"),
}


@dataclass(frozen=True, slots=True)
class SecretFound:
    """What looks like a secret. `line` counts from 1."""

    path: Path
    line: int
    kind: str


def scan(path: Path, text: str) -> Iterator[SecretFound]:
    """What looks like a secret in a text."""
    for kind, rule in RULES.items():
        for match in rule.finditer(text):
            if match.groups() and (path.is_relative_to(TESTS) or EXAMPLES.match(match[1])):
                continue  # tests make passwords up, to see that no message shows them
            yield SecretFound(path, text.count("\n", 0, match.start()) + 1, kind)


def tracked() -> list[Path]:
    """The files that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name]


def findings(paths: Iterable[Path]) -> list[SecretFound]:
    """What looks like a secret in these files; those that are no text, away or very large are left out."""
    found = []
    for path in paths:
        if not path.is_file() or path.stat().st_size > LARGEST_BYTES:
            continue
        data = path.read_bytes()
        if b"\0" not in data[:8192]:
            found += scan(path, data.decode("utf-8", "replace"))
    return found


def main() -> int:
    """Scan the files named, or all that git knows."""
    paths = [Path(name) for name in sys.argv[1:]] or tracked()
    found = findings(paths)
    for finding in found:
        print(f"{finding.path}:{finding.line}: {finding.kind}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
