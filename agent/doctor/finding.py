"""What an examination came to: a line for each thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from agent.doctor.codes import SEVERITY, DiagnosticCheck, FindingCode, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping


BRIEF: Final = "brief"
"""Among the values: the `problem` without what the title of a page says already."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of an examination. `code`: what was found; None: nothing to fix.

    `subject`: which of several things, such as a camera's name; empty for what there is one of. `measured`: figures in
    no language. `values`: what the words of the code name.
    """

    check: DiagnosticCheck
    subject: str = ""
    code: FindingCode | None = None
    measured: str = ""
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return Severity.OK if self.code is None else SEVERITY[self.code]

    @property
    def below_title(self) -> Finding:
        """The finding for a page, which names its subject in a title above it."""
        return replace(self, values={**self.values, "problem": self.values[BRIEF]}) if BRIEF in self.values else self


@dataclass(frozen=True, slots=True)
class DiagnosticReport:
    """One whole examination. `agent`: whether the running agent made it. `utc`: when it was done, Unix seconds."""

    gate: str
    version: str
    agent: bool
    utc: float
    findings: tuple[Finding, ...]

    @property
    def worst(self) -> Severity:
        """The gravest of all."""
        return max((one.severity for one in self.findings), key=lambda one: one.rank, default=Severity.OK)

    @property
    def below_titles(self) -> DiagnosticReport:
        """The report for a page, which names the subject of each finding in a title above it."""
        return replace(self, findings=tuple(one.below_title for one in self.findings))

    def count(self, severity: Severity) -> int:
        """How many are of this severity."""
        return sum(one.severity is severity for one in self.findings)
