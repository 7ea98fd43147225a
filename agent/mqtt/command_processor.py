"""Commands from central: checked, recorded, carried out and answered."""

from __future__ import annotations

import logging
import queue
import re
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from agent.broker import GroupTopics, Topics
from agent.core.commands import (
    BYTES_LIMIT,
    TRACE_FIELDS,
    Command,
    CommandAnswer,
    CommandAnswered,
    CommandTaken,
    Proved,
    ReceivedCommand,
    Refusal,
    RefusedCommand,
    Result,
    Situation,
    judge,
    prove,
)
from agent.core.events import (
    CommandAccepted,
    CommandExecuted,
    CommandOffer,
    CommandRefused,
    CommandResult,
    Draft,
    key_fingerprint,
)
from agent.core.model import CommandName, TokenBucket, span_of_command
from agent.mqtt import command_executions
from agent.mqtt.challenges import Challenges
from agent.mqtt.command_executions import CommandExecutions
from agent.mqtt.command_refusals import RefusalLog
from agent.mqtt.command_results import CommandResults
from agent.mqtt.messages import LinkDown, Subscription
from agent.service.cleanup import on_failure
from agent.service.worker import Backoff, Worker
from agent.store.errors import JournalError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from agent.core.commands import CommandEntry, CommandKey
    from agent.core.events import ClockReading
    from agent.core.model import TraceContext
    from agent.mqtt.client import MqttClient
    from agent.mqtt.command_executions import Executor
    from agent.mqtt.messages import Incoming, LinkUp
    from agent.recording import Recorder
    from agent.store.journal import Journal

log = logging.getLogger(__name__)

INBOX_LIMIT: Final = 64
TURN_S: Final = 0.25
FAULT_PAUSE_S: Final = 1.0
STOP_S: Final = 5.0
LIMIT_S: Final = 60.0
"""A command takes 10 s at most."""
VERIFIED_A_SECOND: Final = 20
VERIFIED_AT_ONCE: Final = 40
REFUSALS_ANSWERED_A_SECOND: Final = 10
REFUSALS_ANSWERED_AT_ONCE: Final = 40
RECENT_LIMIT: Final = 64
_ANSWERABLE: Final = re.compile(r"[a-z_]{1,32}")

_Arrival: TypeAlias = tuple[float, "Incoming"]


@dataclass(frozen=True, slots=True)
class CommandRules:
    """Who may order what here. `keys` by their id; `lanes` by name; `groups`: those that the gate belongs to."""

    gate: str
    keys: Mapping[str, CommandKey]
    lanes: frozenset[str]
    max_life_s: int
    groups: tuple[str, ...] = ()


class CommandProcessor:
    """One thread that takes commands one after the other. To be made before the client is started.

    Accepting is one transaction: the event, the counter and the id are on the disk before anything is done.
    `executors`: what carries out each command; they run one at a time, each for a bounded time.
    """

    def __init__(
        self,
        client: MqttClient,
        rules: CommandRules,
        journal: Journal,
        records: Recorder,
        clock: Callable[[], ClockReading],
        executors: Mapping[CommandName, Executor],
    ) -> None:
        self._client = client
        self._rules = rules
        self._journal = journal
        self._records = records
        self._clock = clock
        self._groups = {GroupTopics(group).command(""): group for group in rules.groups}
        self._prefix = Topics(rules.gate).command("")
        self._executions = CommandExecutions(executors)
        self._challenges = Challenges(time.monotonic())
        self._results = CommandResults(client, rules.gate)
        self._refusals = RefusalLog()
        self._verifying = TokenBucket(VERIFIED_A_SECOND, VERIFIED_AT_ONCE)
        self._answering = TokenBucket(REFUSALS_ANSWERED_A_SECOND, REFUSALS_ANSWERED_AT_ONCE)
        self._recent: dict[str, bytes] = {}
        self._unfinished_answered = False
        self._inbox: queue.Queue[_Arrival | None] = queue.Queue(INBOX_LIMIT)
        self._overflow = 0
        self._overflow_lock = threading.Lock()
        # Whatever was wrong with one command, the next is taken soon.
        self.worker = Worker("commands", self._run, limit_s=LIMIT_S, backoff=Backoff(cap_s=FAULT_PAUSE_S))
        filters = (Topics(rules.gate).commands, *(GroupTopics(group).commands for group in rules.groups))
        client.subscribe(*(Subscription(each, self._arrived, qos=1, stored=False) for each in filters))
        client.listen(self._link_changed)

    @property
    def challenge(self) -> str | None:
        """What a command must carry, for the status; None where no key may order anything."""
        return self._challenges.current if self._rules.keys else None

    @property
    def offer(self) -> CommandOffer | None:
        """What the birth says of commands; None where no key may order anything."""
        if not self._rules.keys:
            return None
        names = {name for key in self._rules.keys.values() for name in key.may}
        return CommandOffer(
            names=tuple(name.value for name in CommandName if name in names),
            keys=tuple(self._rules.keys),
            max_life_s=self._rules.max_life_s,
            optional=TRACE_FIELDS,
        )

    def start(self) -> None:
        """Begin to take commands; those that the last run accepted and did not answer are answered with UNKNOWN."""
        self.worker.start()

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """Take no more, end the one that runs and tell what is left to tell; whether the thread ended in time."""
        return self.worker.stop(timeout_s)

    # ------------------------------------------------------------------------------------------- the network's thread

    def _arrived(self, message: Incoming) -> None:
        if not message.payload:
            # This is how somebody clears a retained command. It orders nothing, so there is nothing to refuse.
            return
        # What is too long is refused for it; its bytes must not fill the memory meanwhile.
        kept = replace(message, payload=message.payload[: BYTES_LIMIT + 1])
        try:
            self._inbox.put_nowait((time.monotonic(), kept))
        except queue.Full:
            with self._overflow_lock:
                self._overflow += 1

    def _link_changed(self, event: LinkUp | LinkDown) -> None:
        # At the end of a connection, so that the birth on the next one tells the new challenge already.
        if isinstance(event, LinkDown):
            self._challenges.rotate(time.monotonic())

    # --------------------------------------------------------------------------------------------------- its own thread

    def _run(self) -> None:
        while not self.worker.stopping:
            self._turn()
        self._count_overflow()
        self._record_events(self._refusals.rest())

    def _turn(self) -> None:
        arrival = self._next()
        with ExitStack() as duties:  # the first comes last; one that fails keeps no other from being done
            duties.callback(self._do_duties)
            if arrival is not None:
                duties.callback(self._process_command, *arrival)
            if not self._unfinished_answered:
                duties.callback(self._answer_unfinished)

    def _next(self) -> _Arrival | None:
        try:
            with self.worker.resting():
                return self._inbox.get(timeout=TURN_S)
        except queue.Empty:
            return None

    def _do_duties(self) -> None:
        at = time.monotonic()
        self._count_overflow()
        self._record_events(self._refusals.due(at))
        self._results.send_waiting(at)
        if self._challenges.due(at):
            self._challenges.rotate(at)
            self._client.announce()

    def _count_overflow(self) -> None:
        with self._overflow_lock:
            missed, self._overflow = self._overflow, 0
        if missed:
            self._refusals.add(
                RefusedCommand(Refusal.RATE_LIMITED, Text("more commands at once than the gate accepts")), "", missed
            )

    def _record_events(self, events: Iterable[CommandRefused]) -> None:
        drafts = [Draft(event, None, None, self._clock().utc) for event in events]
        if drafts:
            self._records.note(drafts)

    def _answer_unfinished(self) -> None:
        """Answer what the last run left open: nobody knows what became of it."""
        try:
            left = self._journal.unanswered_commands()
        except JournalError:
            log.exception("the journal does not tell which commands were interrupted")
            return
        answer = CommandAnswer(
            Result.UNKNOWN, Text("the gate stopped before it was done, or just after; check the events around it")
        )
        for entry in left:
            self._keep_answer(entry.taken, answer)
        self._unfinished_answered = True

    # ------------------------------------------------------------------------------------------------------ one command

    def _process_command(self, arrived_at: float, message: Incoming) -> None:
        received = self._received(message)
        found = prove(
            received, self._rules.gate, self._rules.keys, lambda: self._verifying.try_acquire(time.monotonic())
        )
        if not isinstance(found, RefusedCommand):
            fault = _fault(found, Text("the gate failed at this command before; nothing was done now"))
            with on_failure(lambda: self._refuse(fault, message, received)):
                accepted = self._accept(found, message, arrived_at)
            if isinstance(accepted, Command):
                self._carry_out(accepted, _taken(accepted, found), message, arrived_at)
            if not isinstance(accepted, RefusedCommand):
                return
            found = accepted
        self._refuse(found, message, received)

    def _received(self, message: Incoming) -> ReceivedCommand:
        for prefix, group in self._groups.items():
            if message.topic.startswith(prefix):
                name = message.topic.removeprefix(prefix)
                return ReceivedCommand(name, message.payload, message.retained, group)
        return ReceivedCommand(message.topic.removeprefix(self._prefix), message.payload, message.retained)

    def _accept(self, proved: Proved, message: Incoming, arrived_at: float) -> Command | RefusedCommand | None:
        """Record that a command that was proved is accepted; None where it was before, and is answered again."""
        body = proved.body
        try:
            entry = self._journal.command(body.id)
            counter = self._journal.command_counter(proved.key.id)
        except JournalError:
            log.exception("a command is refused because the journal cannot be read")
            return _fault(proved, Text("the journal cannot be read; nothing was done"))
        if not self._unfinished_answered:
            return _fault(
                proved, Text("the gate does not know yet which commands its last run left open; nothing was done")
            )
        if entry is not None:
            return self._repeat(entry, proved, message)
        command = judge(proved, self._situation(counter, arrived_at))
        if isinstance(command, RefusedCommand):
            return command
        try:
            self._records.bind(
                [self._draft(_accepted(command, proved), command.lane, command.trace)],
                commands=[_taken(command, proved)],
            )
        except JournalError:
            log.exception("a command is refused because the journal cannot be written")
            return _fault(proved, Text("the journal cannot be written; nothing was done"))
        # Who ordered it stands in its event: a name in the log could not be erased.
        log.info("%s by the key %s is accepted: %s", command.name, command.key, command.id)
        return command

    def _carry_out(self, command: Command, taken: CommandTaken, message: Incoming, arrived_at: float) -> None:
        if self._is_over(command, arrived_at):
            answer = CommandAnswer(Result.NOT_DONE, Text("it expired while it was being recorded; nothing was done"))
        else:
            answer = self._executions.run(command)
        self._keep_answer(taken, answer, command.trace)
        self._publish_answer(message, taken, answer, command.trace)

    def _is_over(self, command: Command, arrived_at: float) -> bool:
        """Whether a command's life has ended since it was judged: a slow disk can take long to record it."""
        reading = self._clock()
        late = reading.synced and reading.utc >= command.expires_at
        return late or time.monotonic() - arrived_at >= command.expires_at - command.issued_at

    def _situation(self, counter: int, arrived_at: float) -> Situation:
        reading, now = self._clock(), time.monotonic()
        return Situation(
            lanes=self._rules.lanes,
            utc=reading.utc if reading.synced else None,
            waited_s=now - arrived_at,
            max_life_s=self._rules.max_life_s,
            challenges=self._challenges.accepted(now),
            counter=counter,
        )

    def _repeat(self, entry: CommandEntry, proved: Proved, message: Incoming) -> RefusedCommand | None:
        if entry.taken.digest != proved.digest:
            detail = Text("its id was used by another command")
            return RefusedCommand(Refusal.COUNTER_USED, detail, proved.body.id, proved.key.id, proved.body.trace)
        stored = entry.answer or self._recent.get(entry.taken.id)
        answer = (
            CommandAnswer(Result.UNKNOWN, Text("its result is not known yet; ask again"))
            if stored is None
            else command_executions.read(stored)
        )
        self._publish_answer(message, entry.taken, answer, proved.body.trace)
        return None

    def _keep_answer(self, taken: CommandTaken, answer: CommandAnswer, trace: TraceContext | None = None) -> None:
        """Record what became of a command, as soon as the journal can be written."""
        kept = command_executions.written(answer)
        self._recent[taken.id] = kept
        if len(self._recent) > RECENT_LIMIT:
            del self._recent[next(iter(self._recent))]
        event = CommandExecuted(command=taken.id, name=taken.name, result=answer.result, detail=answer.detail)
        self._records.note([self._draft(event, taken.lane, trace)], commands=[CommandAnswered(taken.id, kept)])
        log.info("%s %s: %s %s", taken.name, taken.id, answer.result.value, answer.detail)

    def _refuse(self, refused: RefusedCommand, message: Incoming, received: ReceivedCommand) -> None:
        name = received.name
        log.warning("a command is refused: %s, %s", refused.code.value, refused.detail)
        self._refusals.add(refused, name, group=received.group)
        now = time.monotonic()
        if _ANSWERABLE.fullmatch(name) and self._answering.try_acquire(now):
            result = CommandResult(
                command=refused.command,
                gate=self._rules.gate,
                name=name,
                result=Result.REFUSED,
                code=refused.code,
                detail=refused.detail,
                challenge=self.challenge,
                traceparent=_parent(refused.trace),
                tracestate=_state(refused.trace),
            )
            self._results.publish(message, result, now)

    def _publish_answer(
        self, message: Incoming, taken: CommandTaken, answer: CommandAnswer, trace: TraceContext | None
    ) -> None:
        fields = {
            "command": taken.id,
            "gate": self._rules.gate,
            "name": taken.name,
            "result": answer.result,
            "detail": answer.detail,
            "data": answer.data,
            "challenge": self.challenge,
            "traceparent": _parent(trace),
            "tracestate": _state(trace),
        }
        result = CommandResult.model_validate(fields)
        self._results.publish(message, result, time.monotonic())

    def _draft(self, event: CommandAccepted | CommandExecuted, lane: str | None, trace: TraceContext | None) -> Draft:
        """An event of a command: of a span of its own, inside the trace that it carries."""
        span = None if trace is None else span_of_command(trace, self._rules.gate, event.command)
        return Draft(event, lane, None, self._clock().utc, trace=span)


def _fault(proved: Proved, detail: str) -> RefusedCommand:
    return RefusedCommand(Refusal.GATE_FAULT, detail, proved.body.id, proved.key.id, proved.body.trace)


def _parent(trace: TraceContext | None) -> str | None:
    return None if trace is None else trace.parent


def _state(trace: TraceContext | None) -> str | None:
    return None if trace is None else trace.state or None


def _taken(command: Command, proved: Proved) -> CommandTaken:
    return CommandTaken(command.id, proved.digest, command.key, command.counter, command.name.value, command.lane)


def _accepted(command: Command, proved: Proved) -> CommandAccepted:
    return CommandAccepted(
        command=command.id,
        name=command.name.value,
        key=command.key,
        fingerprint=key_fingerprint(proved.key.public.raw),
        counter=command.counter,
        operator=command.operator,
        cause=command.cause,
        group=command.group,
    )
