"""Run every proof, the cheapest first, and write one report: python -m tools.proofs (`make prove`).

Usage: python -m tools.proofs [--only NAME,NAME] [--again NAME,NAME] [--write] [--list]

A proof with a result of exactly this commit is not run again, so an interrupted run continues where it was. Results,
logs and the report (report.html, report.md) are in build/proofs/COMMIT. With --write, the report is also docs/proof.md,
and the results are also in docs/proof: commit them, and a run on another machine continues from there. Exit code 1
where a proof failed or a figure misses its goal, 130 where it was interrupted.
"""

from __future__ import annotations

import argparse
import signal
import sys
from typing import TYPE_CHECKING

from tools.proofs.checkout import NoCheckoutError
from tools.proofs.duration import duration
from tools.proofs.needs import ROOT, free_gb, lacking, why_not
from tools.proofs.numbers import NUMBERS
from tools.proofs.plan import UnknownProofError
from tools.proofs.session import Asked, ChangedMeanwhileError, Session
from tools.proofs.store import OccupiedError, UnreadableResultError
from tools.proofs.table import PROOFS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.proofs.report import State

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for. Returns the exit code."""
    options = _options(arguments)
    _end_as_by_ctrl_c()
    asked = Asked(options.only, options.again, options.write)
    try:
        session = Session(ROOT, PROOFS, NUMBERS, why_not(PROOFS, free_gb(), lacking()))
        if options.list:
            _show(session.state)
            return 0
        session.run(asked)
    except (NoCheckoutError, UnknownProofError, UnreadableResultError, OccupiedError, ChangedMeanwhileError) as error:
        print(f"make prove: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0 if session.state.is_well else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.proofs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for option, words in (("--only", "run only these"), ("--again", "run these again")):
        parser.add_argument(option, type=_names, default=(), metavar="NAME,NAME", help=words)
    parser.add_argument("--write", action="store_true", help="write docs/proof.md and docs/proof too")
    parser.add_argument("--list", action="store_true", help="show all proofs in their order, and run none")
    return parser.parse_args(arguments)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _show(state: State) -> None:
    for proof in state.proofs:
        verdict = state.verdict(proof)
        why = f": {state.not_here[proof.name]}" if proof.name in state.not_here else ""
        print(f"{proof.name:<16} {duration(proof.cost_s):>10}  {verdict.value}{why}")


def _end_as_by_ctrl_c() -> None:
    """Let the running proof end too where this run is told to end, or loses its terminal."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, interrupt)


if __name__ == "__main__":
    sys.exit(main())
