"""Which central a database belongs to."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from central.database.connection import Database


class Role(StrEnum):
    """What a central does with the gates that it hears.

    ACKNOWLEDGE: the gates may forget what it has stored; there is one for each gate. LISTEN: it tells the gates
    nothing, keeps a watermark of its own, and asks for what it missed.
    """

    ACKNOWLEDGE = "acknowledge"
    LISTEN = "listen"


class IdentityError(Exception):
    """The database is that of another central; the message says which, and how to fix it."""


def claim(database: Database, name: str, role: Role) -> None:
    """Say that this central works on the database; the first to say so owns it.

    Raises IdentityError where it is that of another name or role.
    """
    database.execute("INSERT INTO central (name, role) VALUES (%s, %s) ON CONFLICT DO NOTHING", (name, role.value))
    row = database.execute("SELECT name, role FROM central").fetchone()
    if row is not None and row != (name, role.value):
        raise IdentityError(
            f"the database is that of central {row[0]!r} with the role {row[1]!r}, not of {name!r} with the role "
            f"{role.value!r}. Use a database of its own for each central, or change the row of the table central"
        )
