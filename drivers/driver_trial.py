"""Drivers of installed packages, tried in a process of their own: whether they load, and can be made of a table.

    python -I -m drivers.driver_trial <questions.json

What a stranger's module does when it is loaded, also a crash or an endless loop, costs that process and no other.
Nothing is opened.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from drivers.api import DeviceError
from drivers.registry import FAMILIES, load, make
from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMAND: Final = (sys.executable, "-I", "-m", "drivers.driver_trial")
LIMIT_S: Final = 20.0
"""For all that one process is asked. A library for pictures takes seconds to load on a slow disk."""
_KEPT_VARIABLES: Final = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
_STANDARD_OUTPUT, _STANDARD_ERROR = 1, 2


@dataclass(frozen=True, slots=True)
class DriverQuestion:
    """Whether this driver can be used. `table`: of a device that is to be made of it; None: it is only loaded."""

    port: str
    kind: str
    table: Mapping[str, object] | None = None


def faults_of(
    questions: Sequence[DriverQuestion], limit_s: float = LIMIT_S, command: Sequence[str] | None = None
) -> list[str]:
    """What is wrong with each driver, in their order; "" for nothing.

    `limit_s`: for each process. One that dies is followed by another, which is asked the rest. `command`: what is
    started; None: COMMAND.
    """
    found: list[str] = []
    while len(found) < len(questions):
        answers, end = _asked(questions[len(found) :], limit_s, command or COMMAND)
        found += answers
        if len(found) < len(questions):
            found.append(end)
    return found


def main() -> int:
    """Answer the questions on standard input, a line each."""
    # What a driver prints must not be taken for an answer.
    with os.fdopen(os.dup(_STANDARD_OUTPUT), "w", encoding="utf-8") as answers:
        os.dup2(_STANDARD_ERROR, _STANDARD_OUTPUT)
        for question in json.load(sys.stdin):
            fault = _fault(DriverQuestion(**question))
            answers.write(json.dumps(fault) + "\n")
            answers.flush()
    return 0


def _asked(questions: Sequence[DriverQuestion], limit_s: float, command: Sequence[str]) -> tuple[list[str], str]:
    """The answers that came, and why no more of them did."""
    kept = {name: value for name in _KEPT_VARIABLES if (value := os.environ.get(name)) is not None}
    text = json.dumps([asdict(one) for one in questions], default=str)
    try:
        done = subprocess.run(  # noqa: S603 - the command is our own
            command, input=text.encode(), capture_output=True, timeout=limit_s, env=kept, check=False
        )
        said, end = done.stdout, Text("the process that loaded it ended with {status}", status=done.returncode)
    except OSError as error:
        return [], Text("no process can be started to load it: {why}", why=reason(error))
    except subprocess.TimeoutExpired as error:
        said, end = error.stdout or b"", Text("it was not loaded within {time:g} s", time=limit_s)
    whole = said[: said.rfind(b"\n") + 1]
    return [str(json.loads(line)) for line in whole.splitlines()], end


def _fault(question: DriverQuestion) -> str:
    family = FAMILIES[question.port]
    try:
        if question.table is None:
            load(family, question.kind)
        else:
            make(family, question.kind, question.table)
    except ValidationError as error:
        causes = (f"{'.'.join(map(str, cause['loc']))}: {cause['msg']}" for cause in error.errors(include_input=False))
        return "; ".join(causes)
    except DeviceError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    raise SystemExit(main())
