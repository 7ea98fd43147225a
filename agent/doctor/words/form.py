"""What each language must have words for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.doctor.codes import Code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.wording.words import Advice
    from agent.doctor.codes import Check, Severity

OF_THE_CORE: Final = frozenset({Code.CAMERA_VIEW, Code.CAMERA_PICTURE})
"""Findings whose words are those of agent.core.wording: what a camera sees, and what stands against reading."""


@dataclass(frozen=True, slots=True)
class Words:
    """All words of one language. In the texts of `findings`, {names} stand for the values of a finding.

    `by_agent`, `by_doctor`: who examined the gate.
    """

    by_agent: str
    by_doctor: str
    severities: Mapping[Severity, str]
    titles: Mapping[Check, str]
    findings: Mapping[Code, Advice]
