"""One connection to PostgreSQL, with the limits that a service needs."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import psycopg

Database: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"
"""Opened with autocommit: what belongs together goes into `with database.transaction()`."""

DatabaseError = psycopg.Error
CONNECT_S: Final = 10
TCP_ANSWER_MS: Final = 20_000
# A worker that froze must not hold a stream's lock forever; a commit must outlive a power cut.
_WRITER: Final = "-c idle_in_transaction_session_timeout=30s -c lock_timeout=60s -c synchronous_commit=on"
_READER: Final = "-c default_transaction_read_only=on -c statement_timeout=20s"


def connect(url: str, *, read_only: bool = False) -> Database:
    """Open a connection that speaks UTC. `read_only`: it changes nothing, and no question takes longer than 20 s.

    Raises DatabaseError: the server cannot be reached, or refuses.
    """
    options = f"{_READER if read_only else _WRITER} -c timezone=UTC"
    return psycopg.connect(
        url, autocommit=True, connect_timeout=CONNECT_S, tcp_user_timeout=TCP_ANSWER_MS, options=options
    )


def clean_text(text: str) -> str:
    """The text without the character NUL, which PostgreSQL stores in no text."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}")
