"""What a gate knows of another gate of its site, for those who look on."""

from __future__ import annotations

from dataclasses import dataclass

from agent.core.site import VERSION
from drivers.text import Text


@dataclass(frozen=True, slots=True)
class GateView:
    """Another gate. `heard_s`: seconds since its last word that was taken; None: none since the start.

    `met`: whether each of the two takes what the other says. `behind`: rows of its ledger that are not here yet.
    `missed`: messages that its numbers speak of and that never came. `same_list`: whether it goes by the same list of
    gates. `version`: of the messages that it speaks, where that is not this gate's; else 0.
    """

    gate: str
    heard_s: float | None
    met: bool
    behind: int
    missed: int
    same_list: bool
    version: int

    @property
    def trouble(self) -> str:
        """Why nothing is taken of what it says, in a sentence; empty where something is."""
        if not self.same_list:
            return Text("its list of the site's gates differs from the list of this gate")
        if not self.version:
            return ""
        return Text(
            "it uses version {theirs} of the messages between gates, and this gate uses version {ours}: "
            "install the same version of gate-agent at both",
            theirs=self.version,
            ours=VERSION,
        )
