"""The command `gate-agent events erase`: personal values of events, given up for good by the agent that keeps them."""

from __future__ import annotations

import getpass
import os
import sys
import threading
import time
import uuid
from typing import TYPE_CHECKING, Annotated, Final

import typer
from pydantic import ValidationError

from agent.cli import exit_codes
from agent.cli.events.common import failing
from agent.cli.journal_option import DEFAULT_JOURNAL, JournalPath
from agent.cli.terminal import counted, echo
from agent.core.events import digest_of_value
from agent.core.model import SEQ_MAX
from agent.recording import ErasureRequest, ErasureRequests
from agent.store.errors import JournalUnavailableError

if TYPE_CHECKING:
    from agent.recording import ErasureAnswer

LOOK_S: Final = 0.25
WAIT_S: Final = 60.0


def erase(  # noqa: PLR0913 - each is an option
    journal: JournalPath = DEFAULT_JOURNAL,
    *,
    cause: Annotated[str, typer.Option(help="Why; the event records it. Do not name anyone here.")],
    value: Annotated[
        bool,
        typer.Option(
            "--value",
            help="Ask for a plate, VIN, declaration or name, or read it from standard input, and erase what "
            "belongs to it. It is not an argument, because all users of the computer can see arguments.",
        ),
    ] = False,
    digest: Annotated[str, typer.Option(help="The same, by the SHA-256 of the normalised value, 64 hex digits.")] = "",
    first: Annotated[int | None, typer.Option("--from", min=1, max=SEQ_MAX, help="First sequence number.")] = None,
    last: Annotated[int | None, typer.Option("--to", min=1, max=SEQ_MAX, help="Last sequence number.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    wait_s: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for the agent.")] = WAIT_S,
) -> None:
    """Erase personal values of recorded events for good, with the pictures of these events. The hash chain stays valid.

    The agent does it, at once or when it next runs. Exit code 0 when values were erased, 1 when there were none or not
    all could be erased.
    """
    if not value and not digest and (first is None or last is None):
        raise typer.BadParameter("say what: --value or --digest, or --from and --to")
    wanted = digest_of_value(_asked()) if value else digest
    request = _request(cause, wanted, (first or 1, last or SEQ_MAX))
    if not yes and not typer.confirm("Erased values cannot be restored. Erase them?", err=True):
        raise typer.Exit(exit_codes.FAILED)
    with failing():
        if not journal.is_file():
            raise JournalUnavailableError(f"there is no journal at {journal}")
        requests = ErasureRequests(journal.absolute().parent)
        requests.leave(request)
        answer = _awaited(requests, request, wait_s)
    if answer is None:
        echo("gate-agent events: no agent has done it yet; the agent does it when it runs", err=True)
        raise typer.Exit(exit_codes.FAILED)
    echo(
        f"erased: {counted(answer.values, 'value')} of {counted(answer.events, 'event')}, "
        f"{counted(answer.pictures, 'picture')}, {answer.copies} cop{'y' if answer.copies == 1 else 'ies'}"
    )
    if answer.trouble:
        echo(f"gate-agent events: could not erase everything: {answer.trouble}", err=True)
    if answer.trouble or not answer.values:
        raise typer.Exit(exit_codes.FAILED)


def _asked() -> str:
    """The value, which nobody else sees: by the terminal without an echo, or one line of standard input."""
    said = getpass.getpass("Plate, VIN, declaration or name: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not said.strip():
        raise typer.BadParameter("no value was given")
    return said.strip()


def _request(cause: str, digest: str, span: tuple[int, int]) -> ErasureRequest:
    operator = os.environ.get("SUDO_USER") or getpass.getuser()
    first, last = span
    if last < first:
        raise typer.BadParameter("--to must not be before --from")
    try:
        return ErasureRequest(
            id=str(uuid.uuid4()), operator=operator, cause=cause, first=first, last=last, digest=digest
        )
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        raise typer.BadParameter(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}") from None


def _awaited(requests: ErasureRequests, request: ErasureRequest, wait_s: float) -> ErasureAnswer | None:
    until = time.monotonic() + wait_s
    while (answer := requests.answered(request)) is None and time.monotonic() < until:
        threading.Event().wait(LOOK_S)
    return answer
