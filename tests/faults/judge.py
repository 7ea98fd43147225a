"""What became of the events: what the gate recorded, held against what the consumer stored and what
was seen outside.
"""

import json
from collections import Counter
from dataclasses import dataclass

from agent.core.crypto.jws import kid_of
from agent.core.events.chain import beginning, digest_of
from agent.core.events.chain_verification import verify
from agent.core.events.event_types import ChainCheckpoint
from agent.store.gate_key import read_gate_key
from agent.store.journal.reader import JournalReader


@dataclass(frozen=True)
class Judgement:
    """The end of a case.

    `recorded`: events of the gate's stream, pruned ones too. `lost`: those that the consumer has not. `invented`: what
    the consumer has and the gate never recorded so. `doubles`: events stored more than once. `chain`: "whole", or the
    flaws, bad signatures among them. `checkpoints`: how many the gate signed, and up to which event they reach as
    central has them; 0 where the gate has no key. `granted_twice`: how often a permit that was used up opened again.
    `refused`: what the consumer put aside.
    """

    recorded: int
    stored: int
    lost: int
    invented: int
    doubles: int
    chain: str
    checkpoints: int
    signed: int
    keyed: bool
    granted_twice: int
    refused: tuple

    @property
    def sound(self):
        wrong = self.lost + self.invented + self.doubles + self.granted_twice + len(self.refused)
        # The last event of a gate that was stopped is a checkpoint, which reaches to the one before.
        return (
            self.recorded > 0
            and wrong == 0
            and self.chain == "whole"
            and (not self.keyed or self.signed >= self.recorded - 1)
        )


@dataclass(frozen=True)
class Ending:
    """All that is known at the end of a case.

    `raw_duplicates`: messages that brought an event again, as one counted them who stores nothing. `breaches`: what did
    not fit on the way.
    """

    judgement: Judgement
    raw_duplicates: int
    breaches: tuple

    @property
    def sound(self):
        return self.judgement.sound and not self.breaches


def judge(journal, consumer):
    """Judge a journal at rest, with the gate's key beside it, and the consumer's database."""
    keys = _keys(journal.parent)
    with JournalReader(journal) as reader:
        now = reader.standing()
        kept = {event.seq: event.payload for event in reader.events()}
        own = reader.verify()
    rows = consumer.stored()
    mine = {seq: payload for stream, seq, payload in rows if stream == now.head.stream}
    ordered = [payload for _, payload in sorted(mine.items())]
    theirs = verify(ordered, anchor=beginning(now.head.stream), head=now.head, keys=keys)
    altered = sum(seq > now.head.seq or kept.get(seq, payload) != payload for seq, payload in mine.items())
    flaws = [f"{where}: {found.flaw}" for where, found in (("journal", own), ("central", theirs)) if found.flaw]
    return Judgement(
        recorded=now.head.seq,
        stored=len(rows),
        lost=now.head.seq - sum(seq <= now.head.seq for seq in mine),
        invented=len(rows) - len(mine) + altered,
        doubles=consumer.doubles(),
        chain="; ".join(flaws) or "whole",
        checkpoints=sum(f'"type":"{ChainCheckpoint.TYPE}"'.encode() in payload for payload in ordered),
        signed=theirs.signed.seq if theirs.signed else 0,
        keyed=keys is not None,
        granted_twice=sum(count - 1 for count in _granted(ordered).values()),
        refused=tuple(consumer.refused()),
    )


def _keys(state):
    try:
        key = read_gate_key(state).public
    except FileNotFoundError:
        return None
    return {kid_of(key): key}


def _granted(payloads):
    """How often each permit, all of which are good for one passage, was granted."""
    events = map(json.loads, payloads)
    return Counter(event["data"]["permit"] for event in events if event["type"] == "access.granted")


class Outside:
    """Holds a journal, again and again, against what was seen outside before. `breaches`: what did not fit.

    `lost`: how many events the gate took for stored that were not.
    """

    def __init__(self):
        self.breaches = []
        self.lost = 0
        self._grants = Counter()
        self._digests = {}
        self._head = 0

    def compare(self, journal, consumer, *, pulses, seen):
        """`pulses`: how often each lane was told to open; `seen`: (stream, seq, digest) of all messages; both until
        now.
        """
        with JournalReader(journal) as reader:
            now = reader.standing()
            payloads = {event.seq: event.payload for event in reader.events(self._head + 1, now.head.seq)}
        if now.tail.seq > self._head:
            # Given up since: what central has of it stands in its place, and its chain is judged at the end.
            payloads |= {seq: payload for _, seq, payload in consumer.stored() if self._head < seq <= now.tail.seq}
        for seq, payload in payloads.items():
            self._digests[seq] = digest_of(payload)
            event = json.loads(payload)
            self._grants[event.get("lane")] += event["type"] == "access.granted"
        if now.head.seq < self._head:
            self.breaches.append(f"the journal ended at {self._head}, now it ends at {now.head.seq}")
        self._head = now.head.seq
        for lane, count in pulses.items():
            if count > self._grants[lane]:
                self.breaches.append(f"{lane} was told to open {count} times, {self._grants[lane]} grants are recorded")
        strange = [seq for stream, seq, digest in seen if stream != now.head.stream or self._digests.get(seq) != digest]
        if strange:
            self.breaches.append(f"{len(strange)} events were sent and are not in the journal; one is {strange[0]}")
        missing = now.watermark - consumer.highest(now.head.stream)
        if missing > 0:
            self.lost += missing
            self.breaches.append(f"the gate takes {missing} events for stored that are not")
