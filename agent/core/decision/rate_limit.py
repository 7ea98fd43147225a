"""Limits the cost of QR texts for a lane: a flood of codes must not slow the lane or fill its journal.

A text costs one check in `recheck_s`, and only the first texts of a frame count. If a lane sees too many different
refused texts, an officer decides until the flood is over.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from agent.core.model import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from agent.core.model import Presentation
    from agent.core.permit import PermitResult

_ANSWERS_HELD: Final = 16


@dataclass(frozen=True, slots=True)
class RateRules:
    """`recheck_s`: for so long an answer on a text is good. `texts_of_frame`: that count in one frame.

    `refused_texts`: different ones that may be refused within `window_s`.
    """

    recheck_s: float = 2.0
    texts_of_frame: int = 3
    refused_texts: int = 10
    window_s: float = 60.0


DEFAULT_RATE: Final = RateRules()


@dataclass(frozen=True, slots=True)
class AnsweredText:
    """What a check said of a text, when (monotonic seconds), and what it went by."""

    payload: bytes
    result: PermitResult
    at: float
    basis: Hashable


@dataclass(frozen=True, slots=True)
class RefusedText:
    """A text that was refused, by a digest, and when it was last shown."""

    digest: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Texts:
    """What a lane remembers of the texts that were shown to it, over transactions. Oldest first."""

    answers: tuple[AnsweredText, ...] = ()
    refused: tuple[RefusedText, ...] = ()


NO_TEXTS: Final = Texts()


@dataclass(frozen=True, slots=True)
class Examined:
    """The answers on texts, in their order, and what is remembered from now on.

    `limited`: too many different texts were refused of late; those without an answer were not checked at all.
    """

    results: tuple[PermitResult, ...]
    texts: Texts
    limited: bool


def payloads_of(presentations: Sequence[Presentation], rules: RateRules) -> tuple[bytes, ...]:
    """The different texts that count, newest first: of each frame its first ones."""
    counted: Counter[tuple[str, int]] = Counter()
    taken = []
    for shown in presentations:
        counted[shown.camera, shown.frame] += 1
        if counted[shown.camera, shown.frame] <= rules.texts_of_frame:
            taken.append(shown.payload)
    return tuple(dict.fromkeys(reversed(taken)))


def examine(
    texts: Texts,
    payloads: Sequence[bytes],
    at: float,
    basis: Callable[[bytes], Hashable],
    verify: Callable[[bytes], PermitResult],
    rules: RateRules,
) -> Examined:
    """Answer on texts at one time (monotonic seconds), by `verify` where no answer is still good.

    `basis`: what an answer on a text goes by, beside the time: it is good only while that stays the same.
    """
    texts = _recent(texts, at, rules)
    results: list[PermitResult] = []
    for payload in payloads:
        known = _known(texts, payload, basis(payload))
        if known is None and len(texts.refused) <= rules.refused_texts:
            known = AnsweredText(payload, verify(payload), at, basis(payload))
            texts = replace(texts, answers=(*texts.answers, known)[-_ANSWERS_HELD:])
        if known is None or known.result.reason is not Reason.OK:
            texts = replace(texts, refused=_shown(texts.refused, payload, at, rules))
        if known is not None:
            results.append(known.result)
    return Examined(tuple(results), texts, len(texts.refused) > rules.refused_texts)


def _recent(texts: Texts, at: float, rules: RateRules) -> Texts:
    return Texts(
        tuple(one for one in texts.answers if at - one.at < rules.recheck_s),
        tuple(one for one in texts.refused if at - one.at < rules.window_s),
    )


def _known(texts: Texts, payload: bytes, basis: Hashable) -> AnsweredText | None:
    return next((one for one in texts.answers if (one.payload, one.basis) == (payload, basis)), None)


def _shown(refused: tuple[RefusedText, ...], payload: bytes, at: float, rules: RateRules) -> tuple[RefusedText, ...]:
    """Note that a refused text was shown now. One more than the limit is enough to know that there are too many."""
    digest = sha256(payload).digest()
    others = [one for one in refused if one.digest != digest]
    return (*others, RefusedText(digest, at))[-rules.refused_texts - 1 :]
