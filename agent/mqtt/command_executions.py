"""Carrying out commands: one at a time, each for a bounded time, whatever its executor does."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Final, TypeAlias

from agent.core.commands import Command, CommandAnswer, Result
from agent.service.parallel import Job
from drivers.text import Text, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.core.model import CommandName

log = logging.getLogger(__name__)

EXECUTION_S: Final = 10.0
DETAIL_LIMIT: Final = 500

Executor: TypeAlias = "Callable[[Command], CommandAnswer]"


class CommandExecutions:
    """Run the executor of a command, within `limit_s`. For one thread.

    One that does not end in time is left behind, and until it does end nothing else is carried out: two at once could
    order against one another.
    """

    def __init__(self, executors: Mapping[CommandName, Executor], limit_s: float = EXECUTION_S) -> None:
        self._executors = executors
        self._limit_s = limit_s
        self._late: tuple[Command, Job[CommandAnswer]] | None = None

    def run(self, command: Command) -> CommandAnswer:
        """What became of the command; never raises."""
        if self._late is not None and self._late[1].runs:
            busy = self._late[0]
            return CommandAnswer(
                Result.NOT_DONE,
                Text("the gate is still busy with {name} {id}; nothing was done", name=busy.name.value, id=busy.id),
            )
        executor = self._executors.get(command.name)
        if executor is None:
            return CommandAnswer(Result.NOT_DONE, Text("this gate cannot carry out {name}", name=command.name.value))
        try:
            job = Job(f"command-{command.name.value}", lambda: storable(executor(command)))
        except RuntimeError as error:
            log.exception("%s %s has no thread to run on", command.name.value, command.id)
            return CommandAnswer(Result.FAILED, Text("{error}; {said}", error=error, said=Text("nothing was done")))
        if not job.ended(self._limit_s):
            log.error(
                "%s %s did not end within %g s; the agent no longer waits for it",
                command.name.value,
                command.id,
                self._limit_s,
            )
            self._late = command, job
            return CommandAnswer(
                Result.UNKNOWN,
                Text("it did not finish within {limit_s} s; check the events around it", limit_s=f"{self._limit_s:g}"),
            )
        if job.error is not None:
            return CommandAnswer(
                Result.FAILED, Text("it failed: {name}; details are in the gate's log", name=type(job.error).__name__)
            )
        return job.result(time.monotonic())


def storable(answer: CommandAnswer) -> CommandAnswer:
    """The answer as it can be kept. Raises TypeError or ValueError for data that is no JSON."""
    json.dumps(dict(answer.data), allow_nan=False)
    return CommandAnswer(answer.result, shortened(answer.detail, DETAIL_LIMIT), answer.data)


def written(answer: CommandAnswer) -> bytes:
    """The answer as the journal keeps it: JSON."""
    fields = {"result": answer.result.value, "detail": answer.detail, "data": dict(answer.data)}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def read(kept: bytes) -> CommandAnswer:
    """The answer that the journal kept."""
    fields = json.loads(kept)
    return CommandAnswer(Result(fields["result"]), fields["detail"], fields["data"])
