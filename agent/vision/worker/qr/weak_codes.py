"""How much a symbol's own error correction proves, and what else a text needs where that is little."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from agent.vision.worker.qr.code import Code

ENOUGH_BITS: Final = 30.0
"""One grid in 2**30 that shows no symbol, or a wrong one, would pass."""

_OTHERS_BITS: Final = 33.0
"""The least that any version and level beside those of _SHORT proves with all its capacity used: 3-L, 34 bits."""

_SHORT: Final = {(1, "L"): (26, 7), (1, "M"): (26, 10), (2, "L"): (46, 10)}
"""By version and level: codewords in all, codewords of error correction (ISO/IEC 18004, table 9; for model 1 the issue
of 2000, table M.4: its 2-L has 46 codewords, that of model 2 has 44, which makes a fifth of a bit)."""

_MEMORY_S: Final = 2.0


def proof_bits(version: int, level: str, unused: float) -> float:
    """Bits of evidence against chance when a symbol was decoded, from how much its error correction corrected.

    A word of n bytes with c check bytes, of which e errors were corrected, is one of C(n, e) x 255^e in 256^c.
    `unused`: the share of the check bytes that no error used up, 0 to 1.
    """
    if (version, level) not in _SHORT:
        return _OTHERS_BITS
    codewords, checks = _SHORT[version, level]
    errors = round((1 - unused) * checks / 2)
    return 8.0 * (checks - errors) - math.log2(math.comb(codewords, errors))


class Confirmation:
    """Let a text pass that proves itself, or that a second step or a second frame gave too within two seconds."""

    def __init__(self) -> None:
        """Nothing is remembered yet."""
        self._seen: defaultdict[bytes, set[tuple[str, float]]] = defaultdict(set)

    def passes(self, code: Code, at: float) -> bool:
        """Whether to believe a code of the frame that came at `at`, monotonic seconds."""
        if code.proof_bits >= ENOUGH_BITS:
            return True
        for payload in [known for known, seen in self._seen.items() if max(when for _, when in seen) < at - _MEMORY_S]:
            del self._seen[payload]
        self._seen[code.payload].add((code.engine, at))
        return len(self._seen[code.payload]) > 1
