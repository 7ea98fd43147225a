"""Which proofs run, in which order: pure."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tools.proofs.proof import Proof


class UnknownProofError(Exception):
    """A name that no proof has; the message names the nearest one, or all."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with the proofs that were asked for. `not_here`: why a proof cannot run on this machine."""

    run: tuple[Proof, ...]
    kept: tuple[Proof, ...]
    not_here: Mapping[str, str]

    @property
    def cost_s(self) -> float:
        """What is left usually takes so long."""
        return sum(proof.cost_s for proof in self.run)


def ordered(proofs: Iterable[Proof]) -> tuple[Proof, ...]:
    """The cheapest first; proofs of the same cost by name."""
    return tuple(sorted(proofs, key=lambda proof: (proof.cost_s, proof.name)))


def plan(
    proofs: Sequence[Proof],
    done: Collection[str],
    lacking: Mapping[str, str],
    only: Collection[str] = (),
    again: Collection[str] = (),
) -> Plan:
    """Plan the run. `done`: the proofs with a result of exactly this commit; `lacking`: those that cannot run here.

    Raises UnknownProofError for a name in `only` or `again` that no proof has.
    """
    names = [proof.name for proof in proofs]
    for name in (*only, *again):
        if name not in names:
            near = get_close_matches(name, names, 1)
            instead = f"do you mean {near[0]}?" if near else f"there are {', '.join(names)}"
            raise UnknownProofError(f"there is no proof {name}; {instead}")
    wanted = [proof for proof in ordered(proofs) if not only or proof.name in only]
    kept = tuple(proof for proof in wanted if proof.name in done and proof.name not in again)
    left = [proof for proof in wanted if proof not in kept]
    return Plan(
        run=tuple(proof for proof in left if proof.name not in lacking),
        kept=kept,
        not_here={proof.name: lacking[proof.name] for proof in left if proof.name in lacking},
    )
