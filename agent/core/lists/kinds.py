"""The kinds of signed lists beside the trust list."""

from __future__ import annotations

from enum import StrEnum


class ListKind(StrEnum):
    """A list that central keeps in step at a site. The value is its name in topics, files and settings."""

    DECLARATIONS = "declarations"
    REVOCATIONS = "revocations"
    WATCH = "watch"
