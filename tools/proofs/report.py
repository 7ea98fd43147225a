"""The report of all proofs at one commit, from their results: pure, and the same for the same results."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from tools.proofs.document import Cell, Document, Heading, Printed, Sentence, Table, Tone
from tools.proofs.duration import duration
from tools.proofs.numbers import shown
from tools.proofs.result import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.figures import Figure
    from tools.proofs.checkout import Checkout
    from tools.proofs.document import Block
    from tools.proofs.numbers import Number, Shown
    from tools.proofs.proof import Proof
    from tools.proofs.result import Result

TONES: Final = {
    Verdict.FAILED: Tone.BAD,
    Verdict.MISSED: Tone.BAD,
    Verdict.PARTLY: Tone.OPEN,
    Verdict.PASSED: Tone.GOOD,
    Verdict.NOT_HERE: Tone.OPEN,
    Verdict.ABSENT: Tone.OPEN,
}
_ABOUT: Final = {
    "processor": "processor",
    "cores": "cores",
    "memory": "memory",
    "kernel": "kernel",
    "system": "system",
    "python": "Python",
}


@dataclass(frozen=True, slots=True)
class State:
    """All that a report says. `proofs`: in their order. `results`: by name, all of this checkout.

    `earlier`: by name, the last published results of other commits.
    `not_here`: why a proof without a result cannot run on this machine.
    """

    checkout: Checkout
    proofs: Sequence[Proof]
    results: Mapping[str, Result]
    earlier: Mapping[str, Result]
    not_here: Mapping[str, str]
    numbers: tuple[Number, ...]

    def verdict(self, proof: Proof) -> Verdict:
        """What is known of a proof."""
        if proof.name in self.results:
            return self.results[proof.name].verdict
        return Verdict.NOT_HERE if proof.name in self.not_here else Verdict.ABSENT

    def having(self, verdict: Verdict) -> list[Proof]:
        """The proofs of which this is known."""
        return [proof for proof in self.proofs if self.verdict(proof) is verdict]

    @property
    def done(self) -> list[tuple[Proof, Result]]:
        """The proofs with a result, in their order."""
        return [(proof, self.results[proof.name]) for proof in self.proofs if proof.name in self.results]

    @property
    def rows_of_numbers(self) -> list[Shown]:
        """The numbers to reach, with their figures."""
        return shown(self.numbers, self.results)

    @property
    def is_well(self) -> bool:
        """Whether no proof failed and no figure of this checkout misses its goal."""
        bad = self.having(Verdict.FAILED) + self.having(Verdict.MISSED)
        return not bad and all(one.figure.kept is not False for one in self.rows_of_numbers)


def report(state: State) -> Document:
    """The report, what is wrong first."""
    changes = ", with changes that are not committed" if state.checkout.is_changed else ""
    blocks: list[Block] = [
        Sentence(_summary(state)),
        *_missed(state),
        *_failed(state),
        *_not_here(state),
        *_left_out(state),
        *_absent(state),
        Heading("Numbers to reach"),
        _numbers(state),
        Heading("All proofs, the cheapest first"),
        _proofs(state),
        *_figures(state),
        Heading("Where and when"),
        _about(state),
    ]
    return Document(f"What is proven at {state.checkout.short}{changes}", tuple(blocks))


def _summary(state: State) -> str:
    counts = [(verdict, len(state.having(verdict))) for verdict in Verdict]
    told = ", ".join(f"{count} {verdict.value}" for verdict, count in counts if count)
    return f"{len(state.proofs)} proofs: {told}. `make prove` wrote this page. Its figures are of this commit alone."


def _missed(state: State) -> list[Block]:
    found = [(proof.name, one) for proof, result in state.done for one in (*result.missed, *result.lacking)]
    known = {(name, one.what, one.goal) for name, one in found}
    for row in state.rows_of_numbers:
        if row.figure.kept is False:
            key = (row.proof, row.figure.what, row.figure.goal)
            found += [] if key in known else [(row.proof, row.figure)]
            known.add(key)
    heading = Heading("Goals missed")
    if not found:
        words = "Every figure that was measured reaches its goal." if state.results else "Nothing was measured."
        return [heading, Sentence(words)]
    rows = [(Cell(name), Cell(one.what), _measured(one), Cell(one.wanted, is_number=True)) for name, one in found]
    return [heading, Table(("proof", "figure", "measured", "goal"), tuple(rows))]


def _failed(state: State) -> list[Block]:
    proofs = state.having(Verdict.FAILED)
    if not proofs:
        return [Heading("Failed"), Sentence("No proof failed.")]
    return [Heading("Failed"), *(_words_of(state.results[proof.name]) for proof in proofs)]


def _words_of(result: Result) -> Printed:
    if result.ended_by:
        how = f"ended by {result.ended_by}"
    elif result.exit_code:
        how = f"exit code {result.exit_code}"
    else:
        how = f"its output lacks: {', '.join(one.what for one in result.lacking)}"
    return Printed(f"`{result.command}`: {how}, after {duration(result.took_s)}. Its last words:", result.last_words)


def _not_here(state: State) -> list[Block]:
    proofs = state.having(Verdict.NOT_HERE)
    if not proofs:
        return []
    rows = tuple((Cell(proof.name), Cell(state.not_here[proof.name])) for proof in proofs)
    return [Heading("Not run here"), Table(("proof", "why"), rows)]


def _left_out(state: State) -> list[Block]:
    rows = tuple((Cell(proof.name), Cell(part)) for proof, result in state.done for part in result.left_out)
    if not rows:
        return []
    return [Heading("Parts that were left out"), Table(("proof", "part and reason, as the proof prints them"), rows)]


def _absent(state: State) -> list[Block]:
    proofs = state.having(Verdict.ABSENT)
    if not proofs:
        return []
    rows = [(Cell(proof.name), *_at_an_earlier_commit(state.earlier.get(proof.name))) for proof in proofs]
    headings = ("proof", "result at an earlier commit", "that commit", "began, UTC")
    return [Heading("No result at this commit"), Table(headings, tuple(rows))]


def _at_an_earlier_commit(result: Result | None) -> tuple[Cell, ...]:
    if result is None:
        return Cell(""), Cell(""), Cell("")
    return Cell(result.verdict.value, Tone.OPEN), Cell(result.commit[:10], is_code=True), Cell(result.began)


def _numbers(state: State) -> Table:
    commands = {proof.name: proof.command for proof in state.proofs}
    rows, before = [], ""
    for one in state.rows_of_numbers:
        what = "" if one.what == before else one.what
        before = one.what
        rows.append((Cell(what), *_of_number(one), Cell(commands[one.proof], is_code=True)))
    return Table(("number", "figure", "measured", "goal", "", "command"), tuple(rows))


def _of_number(one: Shown) -> tuple[Cell, ...]:
    goal = Cell(one.figure.wanted, is_number=True)
    if one.figure.value is None:
        return Cell(one.figure.what), Cell("", is_number=True), goal, Cell("missing", Tone.OPEN)
    return Cell(one.figure.what), _measured(one.figure), goal, _kept(one.figure)


def _proofs(state: State) -> Table:
    rows = []
    for proof in state.proofs:
        verdict, result = state.verdict(proof), state.results.get(proof.name)
        ran = (duration(result.took_s), result.began, f"{result.load:g}", result.seed) if result else ("", "", "", "")
        rows.append(
            (
                Cell(proof.command, is_code=True),
                Cell(proof.proves),
                Cell(verdict.value, TONES[verdict]),
                Cell(ran[0], is_number=True),
                Cell(duration(proof.cost_s), is_number=True),
                Cell(ran[1]),
                Cell(ran[2], is_number=True),
                Cell(ran[3]),
            )
        )
    return Table(("command", "what it proves", "result", "took", "usually", "began, UTC", "load", "seed"), tuple(rows))


def _figures(state: State) -> list[Block]:
    blocks: list[Block] = []
    for proof, result in state.done:
        rows = [
            (Cell(one.what), _measured(one), Cell(one.wanted, is_number=True), _kept(one)) for one in result.figures
        ]
        blocks += [Heading(f"Figures of {proof.name}"), Table(("figure", "measured", "goal", ""), tuple(rows))]
    return blocks


def _measured(figure: Figure) -> Cell:
    if figure.value is None:
        return Cell("not in its output", Tone.BAD, is_number=True)
    return Cell(figure.measured, is_number=True)


def _kept(figure: Figure) -> Cell:
    if figure.value is None:
        return Cell("missing", Tone.BAD)
    tone = {True: Tone.GOOD, False: Tone.BAD, None: Tone.PLAIN}[figure.kept]
    return Cell(figure.verdict, tone)


def _about(state: State) -> Table:
    """The commit, the times, and the machine; where results come from several machines, all of them."""
    checkout, results = state.checkout, [result for _, result in state.done]
    rows = [("commit", f"{checkout.commit} of {checkout.dated}")]
    if results:
        rows.append(("first proof began, UTC", min(one.began for one in results)))
        rows.append(("last proof began, UTC", max(one.began for one in results)))
    rows.append(("all proofs together took", duration(sum(one.took_s for one in results))))
    for key, words in _ABOUT.items():
        texts = dict.fromkeys(str(asdict(one.machine)[key]) for one in results)
        rows += [(words, text) for text in texts]
    return Table(("what", "which"), tuple((Cell(what), Cell(which)) for what, which in rows))
