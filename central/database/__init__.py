"""The central database in PostgreSQL: its schema and migrations, monthly partitions, retention, and readers of events.

May connect to one PostgreSQL server, and create and drop tables there. Connects to no broker.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from central.database.connection import Database, DatabaseError, clean_text, connect
    from central.database.erasure import (
        CentralScope,
        Erased,
        ErasureOrder,
        erase_old_values,
        erase_values,
        rewrite,
    )
    from central.database.identity import IdentityError, Role, claim
    from central.database.migrations import Migration, MigrationError, all_migrations, applied, migrate
    from central.database.partitions import PARTITIONED, drop_month, ensure_months, month_of, months
    from central.database.readers import ReaderPosition, StoredEvent, begin_reader, next_events, take
    from central.database.retention import Dropped, Kept, drop_old_months
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "PARTITIONED",
    "CentralScope",
    "Database",
    "DatabaseError",
    "Dropped",
    "Erased",
    "ErasureOrder",
    "IdentityError",
    "Kept",
    "Migration",
    "MigrationError",
    "ReaderPosition",
    "Role",
    "StoredEvent",
    "all_migrations",
    "applied",
    "begin_reader",
    "claim",
    "clean_text",
    "connect",
    "drop_month",
    "drop_old_months",
    "ensure_months",
    "erase_old_values",
    "erase_values",
    "migrate",
    "month_of",
    "months",
    "next_events",
    "rewrite",
    "take",
]
