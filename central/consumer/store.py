"""One batch as one transaction: events stored once, chains proven, what gates say of themselves noted.

Nothing is told to anybody before the commit. Workers may have any messages in any order: each takes the rows of its
streams first, in one order, and holds them to the end.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from agent.broker import Topics
from agent.core.crypto import Algorithm, PublicKey
from agent.core.events import Point, beginning, sign_ack
from central.consumer.chain_walk import ChainWalk
from central.consumer.disclosure_rows import insert_disclosures
from central.consumer.event_rows import (
    StreamRow,
    first_link,
    insert_events,
    known_digests,
    later_links,
    link_of,
    lock_streams,
)
from central.consumer.gate_messages import MessageInvalidError, ReceivedEvent, ReceivedPresence, read_message
from central.consumer.presence_rows import note_presence, note_trust_lists
from central.consumer.rejection import Conflict, Rejected, note_conflicts, note_rejected
from central.consumer.source_interface import Answer
from central.consumer.vehicle_rows import insert_vehicles
from central.database import Role, ensure_months

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from agent.core.crypto import SigningKey
    from central.consumer.source_interface import Message
    from central.database import Database


@dataclass(frozen=True, slots=True)
class AckKey:
    """Central's key for acknowledgements, and its id in the gates' `mqtt.ack_keys`."""

    key: SigningKey
    kid: str


class EventStore:
    """Stores batches. `now`: the time of central, in UTC. `ack_key`: signs what the gates are told.

    `role`: a listening central stores the same, and has no answers.
    """

    def __init__(
        self, database: Database, now: Callable[[], datetime], role: Role, ack_key: AckKey | None = None
    ) -> None:
        self._database = database
        self._now = now
        self._role = role
        self._ack_key = ack_key

    def store(self, messages: Sequence[Message]) -> list[Answer]:
        """Store a batch; give what the gates may be told from then on.

        A message that the database refuses is put among the rejected ones, and the others are stored. Raises
        DatabaseError when the database is away, or cannot store anything.
        """
        try:
            return self._stored(messages)
        except psycopg.errors.CheckViolation as error:
            if "no partition" not in str(error):
                raise
            ensure_months(self._database, self._now())
            return self._stored(messages)
        except psycopg.DataError:
            if len(messages) > 1:
                return [answer for message in messages for answer in self.store([message])]
            return self._refused(messages[0], "the database cannot store it")

    def _refused(self, message: Message, why: str) -> list[Answer]:
        with self._database.transaction():
            note_rejected(self._database, [Rejected.of(message, why)])
        return []

    def _stored(self, messages: Sequence[Message]) -> list[Answer]:
        events: list[ReceivedEvent] = []
        presence: list[ReceivedPresence] = []
        rejected: list[Rejected] = []
        for message in messages:
            try:
                read = read_message(message)
            except MessageInvalidError as error:  # kept, and out of the way: it would come again and again
                rejected.append(Rejected.of(message, str(error)))
                continue
            if isinstance(read, ReceivedEvent):
                events.append(read)
            else:
                presence.append(read)
        at = self._now()
        # Transactions of their own: each takes its rows in one order, so that workers wait and never deadlock. What
        # gates say of themselves comes first: it says where the proof of a stream begins.
        if presence:
            with self._database.transaction():
                note_presence(self._database, presence, at)
        with self._database.transaction():
            answers = self._events(events, at)
            note_rejected(self._database, rejected)
        note_trust_lists(self._database, events)
        return answers

    def _events(self, events: Sequence[ReceivedEvent], at: datetime) -> list[Answer]:
        if not events:
            return []
        streams = lock_streams(self._database, sorted({(one.gate, one.envelope.stream) for one in events}), at)
        fresh, conflicts = self._fresh(streams, events)
        insert_events(self._database, [(streams[each.gate, each.envelope.stream].id, each) for each in fresh], at)
        insert_disclosures(self._database, [(streams[one.gate, one.envelope.stream].id, one) for one in fresh], at)
        insert_vehicles(self._database, [(streams[one.gate, one.envelope.stream].id, one) for one in fresh], at)
        answers = []
        for row in streams.values():
            mine = [one for one in fresh if (one.gate, one.envelope.stream) == (row.gate, row.stream)]
            walk = self._proven(row, mine, at)
            conflicts += [Conflict.broken(walk, walk.broken)] if walk.broken else []
            conflicts += [Conflict.bad_checkpoint(walk, link) for link in walk.bad_checkpoints]
            if self._role is Role.ACKNOWLEDGE:
                answers.append(self._answer(walk))
        note_conflicts(self._database, conflicts)
        return answers

    def _fresh(
        self, streams: dict[tuple[str, str], StreamRow], events: Sequence[ReceivedEvent]
    ) -> tuple[list[ReceivedEvent], list[Conflict]]:
        """Those that are not stored, each once, in their order; and those that claim a number of another."""
        known = known_digests(self._database, streams, events)
        fresh: list[ReceivedEvent] = []
        conflicts: list[Conflict] = []
        for event in sorted(events, key=lambda one: (one.gate, one.envelope.stream, one.envelope.seq)):
            row = streams[event.gate, event.envelope.stream]
            place = (row.id, event.envelope.seq)
            stored = known.get(place)
            if stored is not None and stored != event.digest:
                conflicts.append(Conflict.other_event(event, stored))
            elif stored is None and event.envelope.seq > row.watermark:  # below, it was given up with its month
                known[place] = event.digest
                fresh.append(event)
        return fresh, conflicts

    def _proven(self, row: StreamRow, fresh: Sequence[ReceivedEvent], at: datetime) -> ChainWalk:
        """Move the watermark as far as the chain holds, and write it down."""
        walk = ChainWalk(row.gate, row.stream, row.watermark, row.digest, row.signed_seq, self._keys(row.gate))
        waiting = row.last_seq > row.watermark  # events behind a gap are there already
        begun_after = row.begun_after
        if row.watermark == 0 and row.first_kept > 1:
            begin = first_link(self._database, row.id, row.first_kept)
            if begin is not None:  # the gate has given up all before it: the proof begins here
                walk.seq, walk.digest = begin.seq - 1, begin.prev
                begun_after, waiting = walk.seq, True
        for event in fresh:
            if not walk.step(link_of(event)) and event.envelope.seq > walk.seq:
                break
        while waiting and not walk.broken:
            links = later_links(self._database, row.id, walk.seq)
            if not all(walk.step(link) for link in links) or not links:
                break
        last = max([row.last_seq, *(one.envelope.seq for one in fresh)])
        self._database.execute(
            "UPDATE streams SET watermark = %(seq)s, digest = %(digest)s, signed_seq = %(signed)s, last_seq = %(last)s,"
            " begun_after = %(begun)s, stored_at = CASE WHEN %(news)s THEN %(at)s ELSE stored_at END,"
            " moved_at = CASE WHEN %(seq)s > watermark OR %(last)s = %(seq)s THEN %(at)s ELSE moved_at END,"
            " caught_up_at = CASE WHEN %(seq)s >= %(head)s THEN %(at)s ELSE caught_up_at END WHERE id = %(id)s",
            {
                "id": row.id,
                "seq": walk.seq,
                "digest": bytes.fromhex(walk.digest),
                "signed": walk.signed_seq,
                "last": last,
                "begun": begun_after,
                "news": bool(fresh),
                "at": at,
                "head": max(last, row.head),
            },
        )
        return walk

    def _keys(self, gate: str) -> list[PublicKey]:
        rows = self._database.execute("SELECT public_key FROM gate_keys WHERE gate = %s", (gate,)).fetchall()
        return [PublicKey(Algorithm.ED25519, bytes(raw)) for (raw,) in rows]

    def _answer(self, walk: ChainWalk) -> Answer:
        point = Point(walk.stream, walk.seq, walk.digest) if walk.seq else beginning(walk.stream)
        if self._ack_key is None:
            payload = json.dumps({"stream": point.stream, "seq": point.seq}).encode()
        else:
            payload = sign_ack(walk.gate, point, self._ack_key.key, self._ack_key.kid)
        return Answer(Topics(walk.gate).ack, payload)
