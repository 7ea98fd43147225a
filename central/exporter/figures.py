"""What is read of each gate at one look: one row a gate, whatever there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from psycopg.rows import class_row

if TYPE_CHECKING:
    from central.database import Database

OUTCOMES: Final = ("passed", "refused", "other")
SERIES_A_GATE: Final = 39
"""At most. Every label beside the gate's id has few values, or one at a time."""

# Outcomes are counted under three words: a series for each of eight would be 8,000 for 1,000 gates.
_FIGURES: Final = """
SELECT f.gate, coalesce(f.site, '') AS site, f.state, coalesce(f.version, '') AS version, f.rank, f.problems::int,
    extract(epoch FROM f.since)::float8 AS problem_since_s,
    extract(epoch FROM now() - f.status_at)::float8 AS status_age_s,
    f.head, f.watermark, f.signed_seq, f.lag,
    coalesce(f.trust_state, '') AS trust_state,
    g.clock_state, g.lists_state, g.acks_signed, g.depth, g.refused_events, g.refused_acks, g.disk_free_bytes,
    g.drifting,
    extract(epoch FROM g.certificate_expires_at)::float8 AS certificate_expires_s,
    extract(epoch FROM g.trust_list_expires_at)::float8 AS trust_list_expires_s,
    coalesce(v.passed, 0)::bigint AS passed, coalesce(v.refused, 0)::bigint AS refused,
    coalesce(v.other, 0)::bigint AS other,
    coalesce(c.conflicts, 0)::bigint AS conflicts, coalesce(r.rejected, 0)::bigint AS rejected,
    coalesce(p.errors, 0)::int AS errors, coalesce(p.warnings, 0)::int AS warnings
FROM fleet f JOIN gates g ON g.gate = f.gate
LEFT JOIN (
    SELECT gate, sum(vehicles) FILTER (WHERE outcome IN ('passed', 'passed_with_violation', 'overridden')) AS passed,
        sum(vehicles) FILTER (WHERE outcome = 'denied') AS refused,
        sum(vehicles) FILTER (WHERE outcome NOT IN ('passed', 'passed_with_violation', 'overridden', 'denied')) AS other
    FROM vehicle_totals GROUP BY gate
) v ON v.gate = f.gate
LEFT JOIN (SELECT gate, count(*) AS conflicts FROM conflicts GROUP BY gate) c ON c.gate = f.gate
LEFT JOIN (SELECT gate, sum(times) AS rejected FROM rejected GROUP BY gate) r ON r.gate = f.gate
LEFT JOIN (
    SELECT gate, count(*) FILTER (WHERE severity = 'error') AS errors,
        count(*) FILTER (WHERE severity = 'warning') AS warnings
    FROM open_problems GROUP BY gate
) p ON p.gate = f.gate
ORDER BY f.gate LIMIT %s
"""


# A gate may belong to any number of groups: the document that changed last stands for those of all of them.
_DOCUMENTS: Final = """
SELECT DISTINCT ON (gate, kind, scope) gate, kind, scope, state, in_force FROM (
    SELECT *, split_part(audience, ':', 1) AS scope FROM gate_documents
    WHERE gate = ANY(%s::text[]) AND kind IN ('configuration', 'policy')
) d
WHERE scope IN ('all', 'group', 'gate')
ORDER BY gate, kind, scope, changed_at DESC NULLS LAST, audience
"""


@dataclass(frozen=True, slots=True)
class GateFigures:
    """One gate. None: not known. Times in Unix seconds; `rank`: 3 error, 2 warning, 1 note, 0 well."""

    gate: str
    site: str
    state: str
    version: str
    rank: int
    problems: int
    problem_since_s: float | None
    status_age_s: float | None
    head: int | None
    watermark: int | None
    signed_seq: int | None
    lag: int
    trust_state: str
    clock_state: str | None
    lists_state: str | None
    drifting: int | None
    acks_signed: bool | None
    depth: int | None
    refused_events: int | None
    refused_acks: int | None
    disk_free_bytes: int | None
    certificate_expires_s: float | None
    trust_list_expires_s: float | None
    passed: int
    refused: int
    other: int
    conflicts: int
    rejected: int
    errors: int
    warnings: int


@dataclass(frozen=True, slots=True)
class DocumentFigures:
    """How a gate stands with its fleet documents of a kind and a scope: all, group or gate. `in_force`: 0 for none."""

    gate: str
    kind: str
    scope: str
    state: str
    in_force: int


@dataclass(frozen=True, slots=True)
class FleetFigures:
    """All gates that are told of, how many there are, and what is counted of all together."""

    gates: tuple[GateFigures, ...]
    documents: tuple[DocumentFigures, ...]
    known: int
    rejected: int
    partitions: int


def read_figures(database: Database, most_gates: int) -> FleetFigures:
    """Look once. Raises DatabaseError."""
    with database.cursor(row_factory=class_row(GateFigures)) as cursor:
        gates = cursor.execute(_FIGURES, (most_gates,)).fetchall()
    with database.cursor(row_factory=class_row(DocumentFigures)) as cursor:
        documents = cursor.execute(_DOCUMENTS, ([one.gate for one in gates],)).fetchall()
    row = database.execute(
        "SELECT (SELECT count(*) FROM gates), (SELECT coalesce(sum(times), 0)::bigint FROM rejected), "
        "(SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass)"
    ).fetchone()
    known, rejected, partitions = row or (0, 0, 0)
    return FleetFigures(tuple(gates), tuple(documents), known, rejected, partitions)
