"""The commit that is proven, and whether the working tree is that commit."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

PAGE: Final = "docs/proof.md"
PUBLISHED: Final = "docs/proof"
"""The folder of the results that the page shows: committed with it, so that another machine can go on from them."""
_ALL_BUT_REPORT: Final = ("--", ".", f":(exclude){PAGE}", f":(exclude){PUBLISHED}")
"""The report of a commit is committed after it. So a commit that only brings the report is the commit before, and its
results stay.
"""


class NoCheckoutError(Exception):
    """The folder is not a checkout of git; the message says what git answered."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """`commit`: the last one that changed anything but the report. `dated`: its day. `is_changed`: the tree differs."""

    commit: str
    dated: str
    is_changed: bool

    @property
    def short(self) -> str:
        """The first letters of the commit."""
        return self.commit[:10]

    @property
    def folder(self) -> str:
        """The name of the folder of its results. A changed tree never writes beside those of the commit itself."""
        return f"{self.commit}-changed" if self.is_changed else self.commit


def checkout(root: Path) -> Checkout:
    """The checkout in a folder. Raises NoCheckoutError."""
    commit, _, dated = _git(root, "log", "-1", "--format=%H %cs", *_ALL_BUT_REPORT).strip().partition(" ")
    if not commit:
        raise NoCheckoutError("there is no commit yet")
    return Checkout(commit, dated, is_changed=bool(_git(root, "status", "--porcelain", *_ALL_BUT_REPORT)))


def _git(root: Path, *words: str) -> str:
    try:
        return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout
    except FileNotFoundError as error:
        raise NoCheckoutError("git is not installed") from error
    except subprocess.CalledProcessError as error:
        raise NoCheckoutError(error.stderr.strip()) from error
