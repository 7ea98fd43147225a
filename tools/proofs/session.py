"""One run of `make prove`: what is left is run one after another, and the report is written at the end."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

from tools.proofs.checkout import PAGE, PUBLISHED, checkout
from tools.proofs.document import markdown
from tools.proofs.duration import duration
from tools.proofs.machine import this_machine
from tools.proofs.page import page
from tools.proofs.plan import ordered, plan
from tools.proofs.proof import Output
from tools.proofs.report import State, report
from tools.proofs.result import result_of
from tools.proofs.runner import environment, run
from tools.proofs.store import Store, alone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tools.proofs.numbers import Number
    from tools.proofs.plan import Plan
    from tools.proofs.proof import Proof

LINE_EVERY_S: Final = 600.0
"""Where nobody watches a terminal, a line of progress now and then."""


class ChangedMeanwhileError(Exception):
    """The checkout is another one than at the beginning, so what ran last proves nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked for."""

    only: Sequence[str] = ()
    again: Sequence[str] = ()
    write: bool = False


class Session:
    """The proofs of a checkout in a folder. `lacking`: why some of them cannot run on this machine."""

    def __init__(
        self,
        root: Path,
        proofs: Sequence[Proof],
        numbers: tuple[Number, ...],
        lacking: Mapping[str, str],
        out: TextIO | None = None,
    ) -> None:
        """Raises NoCheckoutError, UnreadableResultError."""
        self._root, self._proofs, self._numbers, self._lacking = root, proofs, numbers, lacking
        self._out = sys.stdout if out is None else out
        self._checkout = checkout(root)
        self._store = Store(root, self._checkout)
        self._results, self._earlier = self._store.results(), self._store.earlier()
        makefile = root / "Makefile"
        settings = makefile.read_text(encoding="utf-8") if makefile.exists() else ""
        self._variables = environment(os.environ, settings)

    @property
    def state(self) -> State:
        """What is known by now."""
        return State(self._checkout, ordered(self._proofs), self._results, self._earlier, self._lacking, self._numbers)

    def plan(self, asked: Asked) -> Plan:
        """What is left to run. Raises UnknownProofError."""
        return plan(self._proofs, self._results, self._lacking, asked.only, asked.again)

    def run(self, asked: Asked) -> None:
        """Run what is left, and write the report, also where it is interrupted; what is committed only at the end.

        Raises UnknownProofError, OccupiedError, ChangedMeanwhileError, and KeyboardInterrupt, when the running proof
        has ended.
        """
        with alone(self._root / "build"):
            planned = self.plan(asked)
            self._say(_words(planned, self._checkout.short, is_changed=self._checkout.is_changed))
            try:
                for place, proof in enumerate(planned.run, start=1):
                    self._prove(proof, f"[{place} of {len(planned.run)}] {proof.name}")
            finally:
                text = self._report()
            if asked.write:
                self._write_page(text)

    def _prove(self, proof: Proof, title: str) -> None:
        self._results.pop(proof.name, None)
        self._store.forget(proof.name)
        file = self._root / proof.file if proof.file else None
        if file is not None:
            file.unlink(missing_ok=True)
        log = self._store.log(proof.name)
        progress = _Progress(self._out, title, f"usually {duration(proof.cost_s)}")
        ending = run(proof.command, self._root, log, self._variables, proof.limit_s, progress)
        if checkout(self._root) != self._checkout:
            raise ChangedMeanwhileError(
                f"{proof.name} has no result: the checkout was changed while it ran. Run `make prove` again"
            )
        output = Output(self._text(log), file.read_text(encoding="utf-8") if file and file.exists() else None)
        result = result_of(proof, ending, output, self._checkout, this_machine())
        self._results[proof.name] = result
        self._store.keep(result)
        self._say(f"{title}: {result.verdict.value}, {duration(result.took_s)}")

    def _text(self, log: Path) -> str:
        """What was printed, with files named from the root of the checkout."""
        return log.read_text(encoding="utf-8", errors="replace").replace(f"{self._root}/", "")

    def _report(self) -> str:
        """Write the report into the folder of the results. Returns it as Markdown."""
        found = report(self.state)
        text = markdown(found)
        self._store.write("report.md", text)
        self._say(f"the report: {self._store.write('report.html', page(found))}")
        return text

    def _write_page(self, text: str) -> None:
        if self._checkout.is_changed or checkout(self._root) != self._checkout:
            self._say(f"{PAGE} is not written: the working tree is not the commit. Commit or undo the changes first")
        else:
            (self._root / PAGE).write_text(text, encoding="utf-8")
            self._store.publish(self._results.values())
            self._say(f"{PAGE} and the results in {PUBLISHED} are written")

    def _say(self, line: str) -> None:
        self._out.write(f"{line}\n")
        self._out.flush()


class _Progress:
    """How long a proof has run: one line on a terminal, elsewhere a line at its beginning and now and then."""

    def __init__(self, out: TextIO, title: str, usually: str) -> None:
        self._out, self._title, self._usually = out, title, usually
        self._is_terminal = out.isatty()
        self._due_at = time.monotonic()

    def __call__(self, took_s: float) -> None:
        line = f"{self._title}: {duration(took_s)}, {self._usually}"
        if self._is_terminal:
            self._out.write(f"\r\x1b[K{line}\r")
        elif time.monotonic() >= self._due_at:
            self._out.write(f"{line}\n")
            self._due_at += LINE_EVERY_S
        self._out.flush()


def _words(planned: Plan, commit: str, *, is_changed: bool) -> str:
    changes = ", with changes that are not committed: no result is kept for the next run" if is_changed else ""
    words = [f"commit {commit}{changes}"]
    words += [f"{name}: not run here: {why}" for name, why in planned.not_here.items()]
    kept, left = len(planned.kept), len(planned.run)
    words.append(f"{left} proofs to run, usually {duration(planned.cost_s)}; {kept} have a result at this commit")
    return "\n".join(words)
