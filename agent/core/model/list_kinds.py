"""The kinds of signed lists beside the trust list."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias


class ListKind(StrEnum):
    """A list that central keeps current at a site. The value is its name in topics, files and settings."""

    DECLARATIONS = "declarations"
    REVOCATIONS = "revocations"
    WATCH = "watch"


ListName: TypeAlias = Literal["trust", "declarations", "revocations", "watch"]
"""A list as events name it: the trust list, or a ListKind's value."""
Source: TypeAlias = Literal["mqtt", "file"]
"""How a list came."""
