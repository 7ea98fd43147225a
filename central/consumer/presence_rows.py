"""The last word of each gate, and what is wrong with it since when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from central.consumer.fleet_rows import note_documents
from central.database import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from central.consumer.gate_messages import Presence, ReceivedEvent, ReceivedPresence
    from central.database import Database

LONGEST: Final = 500
PROBLEMS_LIMIT: Final = 200
"""Of one gate, so that no gate fills the table."""
STATUS_EVERY_S: Final = 30
"""How often a gate sends a status whose agent does not say it yet."""
_RANK: Final = {"whole": 0, "behind": 1, "lost": 2}

# A column keeps what it had where the message does not say it. What a `lost` says is of the connect: only its state
# counts. `head` never falls within one stream.
_NOTE: Final = """
INSERT INTO gates AS g ({columns}) VALUES ({values})
ON CONFLICT (gate) DO UPDATE SET {sets}
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a gate says is wrong with it."""

    code: str
    subject: str
    severity: str
    detail: str = ""


def note_presence(database: Database, presence: Sequence[ReceivedPresence], at: datetime) -> None:
    """Note what gates said of themselves at `at`; of each gate and kind the last counts. Raises DatabaseError."""
    last = {(one.gate, one.kind): one for one in presence}
    for gate, kind in sorted(last):  # one order for all workers
        one = last[gate, kind]
        if one.said.state == "lost":
            _note(database, gate, {"state": "lost"}, at)
            continue
        _note(database, gate, _columns(one, at), at)
        if one.said.fleet is not None:
            note_documents(database, gate, one.said.fleet)
        if kind == "health" and one.said.findings is not None:
            _replace(database, gate, "health", _findings(one.said), at)
        elif kind == "status" and one.said.state == "online":
            _replace(database, gate, "status", list(_troubles(one.said))[:PROBLEMS_LIMIT], at)


def note_trust_lists(database: Database, events: Sequence[ReceivedEvent]) -> None:
    """Note when the trust list of a gate ends, which decisions tell. Raises DatabaseError."""
    ends: dict[str, int] = {}
    for one in events:
        facts = one.envelope.data.get("facts") if one.envelope.type == "access.decided" else None
        end = facts.get("trust_expires_at") if isinstance(facts, dict) else None
        if isinstance(end, int) and 0 < end < 2**35:
            ends[one.gate] = end
    for gate in sorted(ends):
        database.execute(
            "UPDATE gates SET trust_list_expires_at = to_timestamp(%s) WHERE gate = %s", (ends[gate], gate)
        )


def _columns(one: ReceivedPresence, at: datetime) -> dict[str, object]:
    said = one.said
    inventory = said.inventory or {}
    parts = [part.state for part in (said.trust_state or {}).values()]
    found: dict[str, object] = {
        "status_at": at if one.kind == "status" else None,
        "state": said.state,
        "version": said.version,
        "boot": said.boot,
        "stream": said.stream,
        "head": said.seq_head,
        "acked": said.seq_acked,
        "depth": said.depth,
        "ack_mode": said.ack_mode,
        "trouble": None if said.trouble is None else _text(said.trouble),
        "refused_events": said.refused,
        "refused_acks": None if said.acks is None else sum(n for how, n in said.acks.items() if how != "taken"),
        "acks_signed": said.acks_signed,
        "clock_state": said.clock_state,
        "clock_synced": said.clock_synced,
        "lists_state": said.lists.state if said.lists else None,
        "trust_list": said.lists.trust if said.lists else None,
        "trust_state": max(parts, key=lambda state: _RANK.get(state, 2)) if parts else None,
        "first_kept": said.first_kept,
        "key_public": bytes.fromhex(said.key.public) if said.key else None,
        "certificate_expires_at": _first_end(said, "certificate"),
        "trust_list_expires_at": _first_end(said, "trust_list"),
        "disk_free_bytes": said.disk_free_bytes,
        "drifting": None if said.fleet is None else said.fleet.drifting,
    }
    if one.kind == "status" and said.version is not None:  # `state` alone says nothing of it
        found["status_every_s"] = said.status_every_s or STATUS_EVERY_S
    if one.kind == "birth":
        site, digest = inventory.get("site"), inventory.get("configuration")
        found["site"] = None if site is None else _text(str(site))
        found["configuration"] = _text(digest) if isinstance(digest, str) else None
        found["birth"] = one.payload
    return {name: value for name, value in found.items() if value is not None}


def _first_end(said: Presence, kind: str) -> datetime | None:
    """When the first of a kind ends; None: the gate does not say it."""
    return min((one.ends for one in said.expiries or () if one.kind == kind and one.ends is not None), default=None)


def _note(database: Database, gate: str, columns: dict[str, object], at: datetime) -> None:
    before = database.execute("SELECT version FROM gates WHERE gate = %s FOR UPDATE", (gate,)).fetchone()
    values: dict[str, object] = {"gate": gate, "first_heard_at": at, "heard_at": at, **columns}
    for name in ("state", "version", "configuration"):
        if name in columns:
            values[f"{name}_since"] = at
    sets = [_set(name) for name in values if name not in {"gate", "first_heard_at"}]
    if "stream" in columns and "head" not in columns:  # as in a birth: the head of another stream says nothing of it
        sets.append("head = CASE WHEN g.stream = excluded.stream THEN g.head END")
    sets.append("first_heard_at = coalesce(g.first_heard_at, excluded.first_heard_at)")
    names = ", ".join(values)
    marks = ", ".join(f"%({name})s" for name in values)
    # Only names of columns from this module are put together here.
    database.execute(_NOTE.format(columns=names, values=marks, sets=", ".join(sets)).encode(), values)
    version = columns.get("version")
    if version is not None and (before is None or before[0] != version):
        database.execute(
            "INSERT INTO gate_versions (gate, since, version) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (gate, at, version),
        )
    if "head" in columns and "stream" in columns:
        database.execute(
            "UPDATE streams SET caught_up_at = %s WHERE gate = %s AND stream = %s AND watermark >= %s",
            (at, gate, columns["stream"], columns["head"]),
        )


def _set(name: str) -> str:
    if name.endswith("_since"):
        what = name.removesuffix("_since")
        return f"{name} = CASE WHEN g.{what} IS DISTINCT FROM excluded.{what} THEN excluded.{name} ELSE g.{name} END"
    if name == "head":
        return "head = CASE WHEN g.stream = excluded.stream THEN greatest(g.head, excluded.head) ELSE excluded.head END"
    return f"{name} = excluded.{name}"


def _findings(said: Presence) -> list[Problem]:
    found = [Problem(one.code, _text(one.subject), one.severity) for one in said.findings or ()]
    failed = [one for one in said.expiries or () if one.trouble]
    found += [Problem("RENEWAL_FAILED", _text(one.subject), "warning", _text(one.trouble)) for one in failed]
    return found[:PROBLEMS_LIMIT]


def _troubles(said: Presence) -> Iterator[Problem]:
    """What a status says is wrong. The codes are of central; docs/central.md says what to do."""
    for part, how in sorted((said.trust_state or {}).items()):
        if how.state != "whole":
            yield Problem("TRUST_STATE", _text(part), "error", _text(f"{how.state}: {how.cause}"))
    yield from _stops_vehicles(said)
    told = (
        ("EVENTS_REFUSED", said.trouble),
        ("PICTURES_REFUSED", said.pictures_trouble),
        ("CONFIGURATION_REFUSED", said.configuration_problem),
    )
    yield from (Problem(code, "", "warning", _text(words)) for code, words in told if words)
    devices = sorted((said.devices or {}).items())
    yield from (Problem("DEVICE_LOST", _text(device), "error") for device, state in devices if state == "lost")


def _stops_vehicles(said: Presence) -> Iterator[Problem]:
    """Why an officer must decide on each vehicle."""
    if said.journal_failing:
        yield Problem("JOURNAL_FAILING", "", "error", "no barrier is raised without an officer")
    if said.clock_state == "UNTRUSTED":
        yield Problem("CLOCK_UNTRUSTED", "", "error", "an officer must decide on each vehicle")
    if said.lists is not None and said.lists.state == "TOO_OLD":
        yield Problem("LISTS_TOO_OLD", "", "error", "an officer must decide on each vehicle")


def _replace(database: Database, gate: str, source: str, problems: Sequence[Problem], at: datetime) -> None:
    """These are the problems now: new ones begin, those that are no more are past, the others go on."""
    unique = {(one.code, one.subject): one for one in problems}
    keys = sorted(unique)
    codes, subjects = [code for code, _ in keys], [subject for _, subject in keys]
    database.execute(
        "WITH gone AS (DELETE FROM problems p WHERE p.gate = %s AND p.source = %s AND NOT EXISTS (SELECT 1 FROM "
        "unnest(%s::text[], %s::text[]) AS n (code, subject) WHERE n.code = p.code AND n.subject = p.subject) "
        "RETURNING gate, source, code, subject, severity, since) "
        "INSERT INTO past_problems SELECT *, %s FROM gone",
        (gate, source, codes, subjects, at),
    )
    if unique:
        database.execute(
            "INSERT INTO problems (gate, source, since, code, subject, severity, detail) SELECT %s, %s, %s, * FROM "
            "unnest(%s::text[], %s::text[], %s::text[], %s::text[]) ON CONFLICT (gate, source, code, subject) "
            "DO UPDATE SET severity = excluded.severity, detail = excluded.detail",
            (
                *(gate, source, at, codes, subjects),
                [unique[key].severity for key in keys],
                [unique[key].detail for key in keys],
            ),
        )


def _text(text: str) -> str:
    return clean_text(text)[:LONGEST]
