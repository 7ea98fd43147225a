"""A fleet over several processes, and its consumer in one of its own, so that one core is not the limit.

The consumer is asked at the end what it has of what the gates recorded: only that tells lost events from late ones.
"""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import wait
from random import Random
from typing import TYPE_CHECKING, Any, Final

from agent.broker import TlsFilesError
from sim.fleet.counters import Consumed, FleetPart, report
from sim.fleet.run import READY_S, SHOW_S, Fleet, RunProgress, make_consumer, tls_context

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from sim.fleet.consumer import Consumer
    from sim.fleet.counters import FleetReport
    from sim.fleet.plan import FleetPlan

ASK_S: Final = 0.5
END_S: Final = 10.0
PHASES: Final = ("connecting", "recording", "settling")


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why a process could not do its part."""

    words: str
    of_tls: bool = False


class ProcessFleet:
    """One run of a plan over `plan.processes` processes. `show` hears how all of them do, about every 5 s."""

    def __init__(self, plan: FleetPlan, show: Callable[[RunProgress], None] = lambda _progress: None) -> None:
        self._plan = plan
        self._show = show
        self._context = get_context("spawn")  # threads and loops of this process are not for the others
        self._processes: list[SpawnProcess] = []
        self._pause = threading.Event()

    def run(self) -> FleetReport:
        """Run to the end.

        Raises OSError for files and brokers that cannot be used and for a process that ended, TlsFilesError for
        certificates.
        """
        plan = self._plan
        try:
            consumer = self._begin(_consume, plan) if plan.consume else None
            if consumer is not None:
                self._received(consumer)
            parts = self._collect([self._begin(_simulate, part) for part in plan.parts()])
            consumed = None if consumer is None else self._ask(consumer, parts)
        finally:
            self._end()
        return report(parts, gates=plan.gates, rate=plan.rate, consumed=consumed)

    def _begin(self, work: Callable[[FleetPlan, Connection], None], plan: FleetPlan) -> Connection:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=work, args=(plan, theirs), daemon=True)
        process.start()
        theirs.close()  # so that the end of the process is the end of the pipe
        self._processes.append(process)
        return ours

    @staticmethod
    def _received(pipe: Connection) -> Any:
        try:
            found = pipe.recv()
        except EOFError:
            raise OSError("a process of the fleet ended in the middle of its work: see what it printed") from None
        if isinstance(found, _Trouble):
            raise TlsFilesError(found.words) if found.of_tls else OSError(found.words)
        return found

    def _collect(self, pipes: list[Connection]) -> list[FleetPart]:
        """What each process knows at its end, in their order."""
        parts: dict[int, FleetPart] = {}
        progress: dict[int, RunProgress] = {}
        shown_at = time.monotonic()
        while len(parts) < len(pipes):
            waiting = {pipe.fileno(): number for number, pipe in enumerate(pipes) if number not in parts}
            for ready in wait([pipes[number] for number in waiting.values()], SHOW_S):
                number = pipes.index(ready)  # type: ignore[arg-type]
                found = self._received(pipes[number])
                if isinstance(found, FleetPart):
                    parts[number] = found
                else:
                    progress[number] = found
            if len(progress) == len(pipes) and time.monotonic() - shown_at >= SHOW_S:
                shown_at = time.monotonic()
                self._show(_together(list(progress.values())))
        return [parts[number] for number in range(len(pipes))]

    def _ask(self, consumer: Connection, parts: list[FleetPart]) -> Consumed:
        """What the consumer has of all that was recorded; asked until nothing is missing, or for the time to settle."""
        heads = {stream: ends for part in parts for stream, ends in part.heads.items()}
        deadline = time.monotonic() + self._plan.settle_s
        while True:
            consumer.send(heads)
            consumed: Consumed = self._received(consumer)
            if not consumed.missing or time.monotonic() >= deadline:
                consumer.send(None)
                return consumed
            self._pause.wait(ASK_S)

    def _end(self) -> None:
        deadline = time.monotonic() + END_S
        for process in self._processes:
            process.join(max(0.0, deadline - time.monotonic()) if process.exitcode is None else 0.0)
            if process.is_alive():
                process.terminate()
                process.join(END_S)


def _together(all_of: list[RunProgress]) -> RunProgress:
    """How all processes do: the phase is that of the one that is furthest behind."""
    return RunProgress(
        min((one.phase for one in all_of), key=PHASES.index),
        max(one.at_s for one in all_of),
        sum(one.up for one in all_of),
        sum(one.recorded for one in all_of),
        sum(one.taken for one in all_of),
        sum(one.acknowledged for one in all_of),
        sum(one.reconnects for one in all_of),
    )


# ----------------------------------------------------------------------------------------------- in the other processes


def _simulate(plan: FleetPlan, pipe: Connection) -> None:
    """One part of the gates."""
    try:
        part, _ = asyncio.run(Fleet(plan, pipe.send).measure())
        pipe.send(part)
    except TlsFilesError as error:
        pipe.send(_Trouble(str(error), of_tls=True))
    except OSError as error:
        pipe.send(_Trouble(str(error)))


def _consume(plan: FleetPlan, pipe: Connection) -> None:
    """The consumer: says when it has subscribed, then what it has of each set of heads that it is asked for."""
    try:
        asyncio.run(_consumer_loop(plan, pipe))
    except TlsFilesError as error:
        pipe.send(_Trouble(str(error), of_tls=True))
    except OSError as error:
        pipe.send(_Trouble(str(error)))


async def _consumer_loop(plan: FleetPlan, pipe: Connection) -> None:
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(2, "dial") as dialler:
        consumer = make_consumer(plan, Random(), dialler, tls_context)  # noqa: S311 - jitter, no secret
        tasks = [asyncio.create_task(consumer.run()), asyncio.create_task(_tick(consumer))]
        try:
            await asyncio.wait_for(consumer.up.wait(), READY_S)
            pipe.send(None)
            while (heads := await loop.run_in_executor(dialler, pipe.recv)) is not None:
                pipe.send(consumer.counts(heads))
        except TimeoutError:
            raise OSError(f"the consumer could not subscribe within {READY_S:g} s: {consumer.cause}") from None
        finally:
            consumer.stop()
            await tasks[0]
            tasks[1].cancel()


async def _tick(consumer: Consumer) -> None:
    while True:
        consumer.tick(time.monotonic())
        await asyncio.sleep(1.0)
