"""How each gate stands with its fleet documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from central.consumer.gate_messages import Fleet
    from central.database import Database

DOCUMENTS_LIMIT: Final = 64
"""Of one gate, so that no gate fills the table."""


def note_documents(database: Database, gate: str, said: Fleet) -> None:
    """Note the documents that a gate names, in place of those that it named before. Raises DatabaseError."""
    told = {(one.kind, one.audience): one for one in said.documents[:DOCUMENTS_LIMIT]}
    rows = [told[place] for place in sorted(told)]
    database.execute(
        "DELETE FROM gate_documents d WHERE gate = %s AND NOT EXISTS (SELECT 1 FROM unnest(%s::text[], %s::text[]) "
        "AS n (kind, audience) WHERE n.kind = d.kind AND n.audience = d.audience)",
        (gate, [one.kind for one in rows], [one.audience for one in rows]),
    )
    database.execute(
        "INSERT INTO gate_documents (gate, kind, audience, version, digest, state, code, changed_at, in_force) "
        "SELECT %s, kind, audience, version, digest, state, code, to_timestamp(nullif(at, 0)), in_force FROM "
        "unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[]) "
        "AS n (kind, audience, version, digest, state, code, at, in_force) "
        "ON CONFLICT (gate, kind, audience) DO UPDATE SET version = excluded.version, digest = excluded.digest, "
        "state = excluded.state, code = excluded.code, changed_at = excluded.changed_at, in_force = excluded.in_force",
        (
            gate,
            [one.kind for one in rows],
            [one.audience for one in rows],
            [one.version for one in rows],
            [one.digest for one in rows],
            [one.state for one in rows],
            [one.code for one in rows],
            [one.at for one in rows],
            [one.in_force for one in rows],
        ),
    )
