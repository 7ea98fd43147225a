"""The result of one run of a proof, as it is kept in a file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from bench.figures import Figure
from tools.proofs.machine import Machine
from tools.proofs.proof import Reading
from tools.proofs.readings.text import plain, told

if TYPE_CHECKING:
    from tools.proofs.checkout import Checkout
    from tools.proofs.proof import Output, Proof

LAST_LINES: Final = 5
LONGEST_LINE: Final = 200


class Verdict(Enum):
    """What a result says, in the words of the report."""

    FAILED = "failed"
    MISSED = "missed a goal"
    PARTLY = "passed in part"
    PASSED = "passed"
    NOT_HERE = "not run here"
    ABSENT = "no result"


@dataclass(frozen=True, slots=True)
class Result:
    """One run. `began`: in UTC. `ended_by`: why it was ended before its own end; then there is no exit code.

    `load`: of the machine before it. `last_words`: the last lines that it printed.
    """

    name: str
    command: str
    commit: str
    changed: bool
    began: str
    took_s: float
    exit_code: int | None
    ended_by: str
    load: float
    seed: str
    figures: tuple[Figure, ...]
    left_out: tuple[str, ...]
    last_words: tuple[str, ...]
    machine: Machine

    @property
    def lacking(self) -> tuple[Figure, ...]:
        """The figures that should be in the output and are not."""
        return tuple(one for one in self.figures if one.value is None)

    @property
    def missed(self) -> tuple[Figure, ...]:
        """The figures that miss their goals."""
        return tuple(one for one in self.figures if one.kept is False)

    @property
    def verdict(self) -> Verdict:
        """A proof that ended well and whose output lacks a figure has failed: nobody knows what it proved."""
        if self.exit_code != 0 or self.lacking:
            return Verdict.FAILED
        if self.missed:
            return Verdict.MISSED
        return Verdict.PARTLY if self.left_out else Verdict.PASSED

    def as_json(self) -> str:
        """The text of its file."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Result:
        """A result from the text of its file. Raises ValueError, KeyError or TypeError where it is none."""
        kept: dict[str, Any] = json.loads(text)
        kept["figures"] = tuple(Figure(**one) for one in kept["figures"])
        kept["machine"] = Machine(**kept["machine"])
        for name in ("left_out", "last_words"):
            kept[name] = tuple(kept[name])
        return cls(**{one.name: kept[one.name] for one in fields(cls)})


@dataclass(frozen=True, slots=True)
class Ending:
    """How the command of a proof ended; the fields as in `Result`."""

    began: str
    took_s: float
    exit_code: int | None
    ended_by: str
    load: float


def result_of(proof: Proof, ending: Ending, output: Output, checkout: Checkout, machine: Machine) -> Result:
    """The result of a run: what is read from its output, beside how it ended."""
    try:
        found = proof.read(output)
    except (ValueError, LookupError, TypeError) as error:  # half of a file, for one, must not stop the other proofs
        found = Reading((told(f"figures that can be read ({error})", None),))
    return Result(
        name=proof.name,
        command=proof.command,
        commit=checkout.commit,
        changed=checkout.is_changed,
        began=ending.began,
        took_s=round(ending.took_s, 1),
        exit_code=ending.exit_code,
        ended_by=ending.ended_by,
        load=ending.load,
        seed=found.seed or proof.seed,
        figures=found.figures,
        left_out=found.left_out,
        last_words=last_lines(plain(output.text)),
        machine=machine,
    )


def last_lines(text: str) -> tuple[str, ...]:
    """The last lines that say something, none of them long."""
    return tuple(line.rstrip()[:LONGEST_LINE] for line in text.splitlines() if line.strip())[-LAST_LINES:]
