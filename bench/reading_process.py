"""Asks a reading engine in another process, and ends it when it outlasts its deadline."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from bench.reading_engines import Engine

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".venv-reading" / "bin" / "python"
START_DEADLINE_S = 120.0
DEADLINE_S = 120.0
_LAST_WORDS_S: Final = 5.0
_ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class EngineMissingError(Exception):
    """The engine is not installed; the text says why."""


class EngineLostError(Exception):
    """The engine's process ended, outlasted its deadline or spoke nonsense; it is not running any more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was read of one picture: texts with their confidence, best first. `error`: what the engine raised, or ""."""

    texts: list[tuple[str, float]]
    ms: float
    peak_mb: float
    error: str = ""


class EngineProcess:
    """One engine, running. Use it as a context: leaving it ends the process."""

    def __init__(
        self, command: Sequence[str], *, start_deadline_s: float = START_DEADLINE_S, deadline_s: float = DEADLINE_S
    ) -> None:
        """Start it. Raises EngineMissingError, EngineLostError."""
        self._deadline_s = deadline_s
        try:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
                env={**os.environ, **_ONE_THREAD},
            )
        except OSError as error:
            raise EngineMissingError(f"no {command[0]}: tools/setup_reading.sh makes it") from error
        self._rest = b""
        hello = self._line(start_deadline_s)
        if "missing" in hello:
            self.close()
            raise EngineMissingError(str(hello["missing"]))
        self.versions: dict[str, str] = hello.get("versions", {})

    def ask(self, picture: Path) -> Answer:
        """Read the pixels in a file of numpy's. Raises EngineLostError."""
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(json.dumps({"picture": str(picture)}).encode() + b"\n")
            self._child.stdin.flush()
        except OSError:
            self._lose(self._end())
        said = self._line(self._deadline_s)
        try:
            texts = [(str(text), float(confidence)) for text, confidence in said["texts"]]
            return Answer(texts, float(said["ms"]), float(said["peak_mb"]), str(said.get("error", "")))
        except (KeyError, TypeError, ValueError):
            self._lose("spoke nonsense")

    def close(self) -> None:
        """End the process; one that has ended already is no matter."""
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                _shut(pipe)

    def _line(self, deadline_s: float) -> dict[str, Any]:
        """The next line as a JSON object, in time."""
        assert self._child.stdout is not None
        ends_at = time.monotonic() + deadline_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._child.stdout, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not selector.select(max(0.0, ends_at - time.monotonic())):
                    self._lose(f"no answer within {deadline_s:g} s")
                more = os.read(self._child.stdout.fileno(), 65536)
                if not more:
                    self._lose(self._end())
                self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        try:
            said = json.loads(line)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            self._lose("spoke nonsense")
        return said

    def _end(self) -> str:
        """How the process that says no more ended."""
        try:
            return f"ended with {self._child.wait(_LAST_WORDS_S)}"
        except subprocess.TimeoutExpired:
            return "closed its output and stayed"

    def _lose(self, why: str) -> NoReturn:
        self.close()
        raise EngineLostError(why)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def command(engine: Engine) -> list[str]:
    """The command line of an engine's process."""
    return [sys.executable if engine.here else str(PEERS), "-m", "bench.reading_worker", engine.name]


def _shut(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:  # what is still to be written has no reader any more
        return
