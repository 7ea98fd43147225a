"""The proof of what a gate is sending: its events as they come from the broker, held against its signatures."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agent.broker import Topics
from agent.cli.events.verification_report import VerificationScope, report_verdict
from agent.cli.terminal import echo
from agent.core.crypto import Algorithm, JwsError, JwsType, KeyInvalidError, PublicKey, key_named_by, kid_of
from agent.core.events import ChainFault, ChainFlaw, Checkpoint, Point, Verification, Verifier, digest_of, opened
from agent.mqtt import REPLAY, OneShotClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.broker import BrokerAddress, TlsFiles
    from agent.mqtt import Incoming

BIRTH_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Listening:
    """To whom to listen, and how."""

    address: BrokerAddress
    tls: TlsFiles
    gate: str


@dataclass(slots=True)
class Heard:
    """What came so far: of each stream the events by seq, each with its number in the order of coming.

    `replayed`: stream and seq of those that first came as a replay.
    """

    topics: Topics
    streams: dict[str, dict[int, tuple[int, bytes]]] = field(default_factory=dict)
    replayed: set[tuple[str, int]] = field(default_factory=set)
    heads: list[str] = field(default_factory=list)
    public: str = ""
    records: int = 0
    repeats: int = 0
    flaw: ChainFlaw | None = None

    @property
    def events(self) -> int:
        """How many different events came."""
        return sum(map(len, self.streams.values()))

    def add_message(self, message: Incoming) -> None:
        """Take a message of the gate."""
        try:
            said = json.loads(message.payload)
        except (ValueError, RecursionError):
            said = None
        fields = said if isinstance(said, dict) else {}
        if message.topic == self.topics.birth:
            key = fields.get("key")
            self.public = str(key.get("public")) if isinstance(key, dict) else ""
        elif message.topic == self.topics.status:
            self.heads += [text] if isinstance(text := fields.get("checkpoint"), str) else []
        else:
            self._take_event(message, fields)

    def _take_event(self, message: Incoming, event: Mapping[str, object]) -> None:
        index = self.records
        self.records += 1
        match event:
            case {"stream": str(stream), "seq": int(seq), "type": str(kind), "source": str(source)} if type(seq) is int:
                known = self.streams.setdefault(stream, {})
                if source != f"/gate/{self.topics.gate}" or message.topic not in self._topics_of(kind):
                    self._note(
                        ChainFlaw(index, seq, ChainFault.ALTERED, f"event {kind} of {source} came on {message.topic}")
                    )
                elif seq not in known:
                    known[seq] = (index, message.payload)
                    if REPLAY in message.user_properties:
                        self.replayed.add((stream, seq))
                elif known[seq][1] == message.payload:
                    self.repeats += 1
                else:
                    earlier = known[seq][0] + 1
                    detail = f"message {earlier} was another event with this number"
                    self._note(ChainFlaw(index, seq, ChainFault.DUPLICATE, detail))
            case _:
                self._note(ChainFlaw(index, None, ChainFault.NOT_AN_EVENT, f"it came on {message.topic}"))

    def _topics_of(self, kind: str) -> tuple[str, ...]:
        """On which topic an event of this type comes, and on which at RabbitMQ, which makes levels of the dots."""
        return tuple(f"{self.topics.root}/event/{name}" for name in (kind, kind.replace(".", "/")))

    def runs(self) -> Iterator[dict[int, tuple[int, bytes]]]:
        """The events of each stream in order, cut where a replay ends or begins.

        What lies between was not asked for.
        """
        for stream, events in self.streams.items():
            run: dict[int, tuple[int, bytes]] = {}
            before = 0
            for seq, event in sorted(events.items()):
                if run and seq > before + 1 and {(stream, before), (stream, seq)} & self.replayed:
                    yield run
                    run = {}
                run[seq], before = event, seq
            yield run

    def _note(self, flaw: ChainFlaw) -> None:
        self.flaw = self.flaw or flaw


def check_topic(
    listening: Listening,
    who: tuple[str | None, str | None],
    until: tuple[float, int | None],
    keys: Mapping[str, PublicKey] | None,
) -> bool:
    """Listen to a gate and say what came is worth; whether it is whole. Raises OneShotClientError.

    `who`: user and password. `until`: seconds, and a number of events after which it is enough.
    """
    heard = Heard(Topics(listening.gate))
    user, password = who
    with OneShotClient(listening.address, tls=listening.tls, user=user, password=password) as client:
        for topic in (heard.topics.birth, heard.topics.status, f"{heard.topics.root}/event/#"):
            client.subscribe(topic)
        for message in _messages(client, until, heard):
            heard.add_message(message)
    what = f"{listening.address.url} {listening.gate}"
    if keys is None:
        keys = _unpinned(heard.public, what)
    streams = list(_verdicts(heard, keys))
    whole = report_verdict(what, streams, VerificationScope(keys, record="message"))
    repeats = f", {heard.repeats} of them sent again" if heard.repeats else ""
    echo(f"{what}: {heard.records} messages{repeats}")
    return whole


def _messages(client: OneShotClient, until: tuple[float, int | None], heard: Heard) -> Iterator[Incoming]:
    for_s, count = until
    deadline = time.monotonic() + for_s
    while (left_s := deadline - time.monotonic()) > 0:
        for message in client.messages(left_s):
            yield message
            if (count is not None and heard.events >= count) or time.monotonic() > deadline:
                return


def _unpinned(public: str, what: str) -> Mapping[str, PublicKey] | None:
    """The key that the gate itself names in its birth: better than none, and said so."""
    try:
        key = PublicKey(Algorithm.ED25519, bytes.fromhex(public))
    except (ValueError, KeyInvalidError):
        return None
    echo(
        f"{what}: the key {kid_of(key)} is taken from the gate's birth, NOT PINNED: "
        "anyone who can write there could have signed all of this; give --public-key"
    )
    return {kid_of(key): key}


def _verdicts(heard: Heard, keys: Mapping[str, PublicKey] | None) -> Iterator[Verification]:
    if heard.flaw is not None:
        yield Verification(heard.records, 0, None, None, heard.flaw)
    for events in filter(None, heard.runs()):
        verifier = Verifier(keys=keys)
        for index, payload in events.values():
            verifier.add_record(payload, index)
        found = verifier.ended()
        for head in heard.heads if keys else ():
            if found.whole:
                found = _held_against(found, head, heard.topics.gate, events, keys or {})
        yield found


def _held_against(
    found: Verification,
    head: str,
    gate: str,
    events: Mapping[int, tuple[int, bytes]],
    keys: Mapping[str, PublicKey],
) -> Verification:
    """The verdict after one signed head of the gate's status, which covers all up to its event."""
    index, last = found.records - 1, found.last
    try:
        kid = key_named_by(head, JwsType.CHECKPOINT)
        if kid not in keys:
            return replace(
                found, flaw=ChainFlaw(index, None, ChainFault.FOREIGN_KEY, f"the status is signed by key {kid}")
            )
        said = opened(head, keys[kid], Checkpoint)
    except JwsError as error:
        return replace(
            found, flaw=ChainFlaw(index, None, ChainFault.SIGNATURE_INVALID, f"the head in the status: {error}")
        )
    if last is None or said.stream != last.stream or said.seq not in events:
        return found
    index, payload = events[said.seq]
    if (said.gate, said.digest) != (gate, digest_of(payload)):
        detail = "the gate's status signs another event with this number"
        return replace(found, flaw=ChainFlaw(index, said.seq, ChainFault.CHECKPOINT_WRONG, detail))
    signed = Point(said.stream, said.seq, said.digest)
    return replace(found, signed=max(found.signed or signed, signed, key=lambda point: point.seq))
