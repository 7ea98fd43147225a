"""A proof as the table has it, what it left behind, and what is read from that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.figures import Figure

LEAST_LIMIT_S: Final = 1800.0
MOST_OVER_S: Final = 7200.0
TIMES_USUAL: Final = 4


class Need(Enum):
    """What a proof needs of the machine, in the words of its report."""

    ROOT = "root"
    NAMESPACES = "namespaces of mounts and networks"
    CONTAINERS = "containers that boot"
    PICTURES = "labelled photographs in ../shared/data"


@dataclass(frozen=True, slots=True)
class Output:
    """All that a proof printed, and the text of the file that it wrote; None where it wrote none."""

    text: str
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a proof came to. A figure without a value was looked for and is not in the output.

    `left_out`: parts that the proof itself did not run, each with its reason. `seed`: of its random choices.
    """

    figures: tuple[Figure, ...] = ()
    left_out: tuple[str, ...] = ()
    seed: str = ""

    def __add__(self, other: Reading) -> Reading:
        return Reading(self.figures + other.figures, self.left_out + other.left_out, self.seed or other.seed)


@dataclass(frozen=True, slots=True)
class Proof:
    """One proof. `proves`: in one sentence. `cost_s`: what it usually takes on two idle cores.

    `file`: what it writes its figures to, from the root of the checkout. `seed`: the one that it always takes, where it
    prints none. `contains`: other commands of docs/proofs.md and targets of the Makefile that it runs.
    """

    name: str
    command: str
    proves: str
    cost_s: float
    read: Callable[[Output], Reading]
    needs: tuple[Need, ...] = ()
    disk_gb: float = 1.0
    file: str = ""
    seed: str = ""
    contains: tuple[str, ...] = ()

    @property
    def limit_s(self) -> float:
        """After that time it hangs: four times its usual cost, within half an hour and two hours more than usual."""
        return max(LEAST_LIMIT_S, min(TIMES_USUAL * self.cost_s, self.cost_s + MOST_OVER_S))
