"""One reader under attack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Target:
    """A reader. `make`: an input. `accepts`: whether it takes an input that nobody issued; it may raise nothing.

    `share`: of all inputs. `bound`: whether refusing must be quick: the bytes are anybody's, not a signer's.
    """

    make: Callable[[random.Random], bytes]
    accepts: Callable[[bytes], bool]
    share: float
    bound: bool = True
