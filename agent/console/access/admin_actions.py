"""What an administrator of the computer did to the users from the command line, until the agent has recorded it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.console.access.database import AccessDatabase


VIEWED: Final = "evidence.viewed"
"""The act of a command that showed events; it becomes an event of this type, others `console.acted`."""


@dataclass(frozen=True, slots=True)
class AdminAction:
    """`operator`: the user of the computer. `act`, `detail`: as in the event `console.acted`. `utc`: when."""

    operator: str
    act: str
    detail: str
    utc: float


class AdminActions:
    """Those not recorded yet, oldest first. Methods may raise AccessStoreError."""

    def __init__(self, database: AccessDatabase) -> None:
        self._database = database

    def add(self, act: AdminAction) -> None:
        """Leave one for the agent."""
        row = (act.operator, act.act, act.detail, act.utc)
        self._database.write(
            lambda db: db.execute("INSERT INTO acts (operator, act, detail, utc) VALUES (?, ?, ?, ?)", row)
        )

    def hand_over(self, record: Callable[[AdminAction], None]) -> None:
        """Have each recorded, then forget it. After a crash between the two it is recorded twice, never not at all."""
        rows = self._database.read(
            lambda db: db.execute("SELECT number, operator, act, detail, utc FROM acts ORDER BY number").fetchall()
        )
        for number, *row in rows:
            record(AdminAction(*row))
            self._forget(number)

    def _forget(self, number: int) -> None:
        self._database.write(lambda db: db.execute("DELETE FROM acts WHERE number = ?", (number,)))
