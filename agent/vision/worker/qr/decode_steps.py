"""The steps that decode a crop: each looks at it in one way. The order is that of use, see docs/adr/0017."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from agent.vision.worker.qr.bent_symbol import sample_bent, sample_crumpled
from agent.vision.worker.qr.code import module_px, placed
from agent.vision.worker.qr.engines import GLOBAL, LOCAL, Seen, zxing
from agent.vision.worker.qr.finder import darker, finders, trios
from agent.vision.worker.qr.flat_grid import sample
from agent.vision.worker.qr.sampled_symbol import drawings, outline_of
from agent.vision.worker.qr.treatments import TREATMENTS, Treatment, enlarged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np
    from numpy.typing import NDArray

    from agent.vision.worker.qr.code import Code
    from agent.vision.worker.qr.finder import Trio
    from agent.vision.worker.qr.sampled_symbol import SampledSymbol

    Pixels = NDArray[np.uint8]

_WINDOWS_PX: Final = (31, 71)
_MOST_TRIOS: Final = 4
_MOST_GROWING: Final = 3
_MOST_GRIDS: Final = 2
_LEAST_WORTH: Final = 0.25
_BEFORE_GRID: Final = 4
_ENGINES: Final = {LOCAL: "zxing", GLOBAL: "zxing-global"}


@dataclass(frozen=True, slots=True)
class DecodeStep:
    """One step. `read` takes a grey crop and gives what it shows, in its pixels. `engine`: who decodes in it."""

    name: str
    engine: str
    read: Callable[[Pixels], Seen]


def _by_treatment(treatment: Treatment, grey: Pixels) -> Seen:
    treated = treatment.treated(grey)
    seen = zxing(treated, f"zxing+{treatment.name}", treatment.binarizer)
    return _in_crop(seen.codes, treated.shape[1] / grey.shape[1])


def by_grid(grey: Pixels) -> Seen:
    """The codes of the symbols whose modules are sampled one by one (see agent.vision.worker.qr.flat_grid)."""
    return _by_sampling(grey, sample)


def by_bent_grid(grey: Pixels) -> Seen:
    """The codes of symbols that are bent as their finder patterns are (see agent.vision.worker.qr.bent_symbol)."""
    return _by_growing(grey, sample_bent)


def by_crumpled_grid(grey: Pixels) -> Seen:
    """The codes of symbols that are bent to and fro, and flat on the whole (see agent.vision.worker.qr.bent_symbol)."""
    return _by_growing(grey, sample_crumpled)


def _by_sampling(grey: Pixels, samples: Callable[[Pixels, Trio], Iterable[SampledSymbol]]) -> Seen:
    large = enlarged(grey)
    codes = (_sampled_code(samples(large, trio)) for trio in _trios(large)[:_MOST_TRIOS])
    return _in_crop((code for code in codes if code), large.shape[1] / grey.shape[1])


def _by_growing(grey: Pixels, samples: Callable[[Pixels, Trio], Iterable[SampledSymbol]]) -> Seen:
    """The first code: a grid takes long to grow, so that few are tried."""
    large = enlarged(grey)
    grids = (one for trio in _trios(large)[:_MOST_GROWING] for one in samples(large, trio))
    code = _sampled_code(islice(grids, _MOST_GRIDS))
    return _in_crop([code] if code else [], large.shape[1] / grey.shape[1])


def _in_crop(codes: Iterable[Code], scale: float) -> Seen:
    return Seen(tuple(placed(code, scale) for code in codes))


def _trios(grey: Pixels) -> list[Trio]:
    found = [trio for window in _WINDOWS_PX for trio in trios(finders(darker(grey, window)))]
    likely: list[Trio] = []
    for trio in sorted(found, key=lambda trio: -trio.worth):
        if trio.worth >= _LEAST_WORTH and not any(trio.is_at(other) for other in likely):
            likely.append(trio)
    return likely


def _sampled_code(samples: Iterable[SampledSymbol]) -> Code | None:
    for one in samples:
        for drawing in drawings(one.tone, one.version):
            # One name for both: the same modules sampled in two ways are no second opinion on a weak code.
            for code in zxing(drawing, "zxing+grid", GLOBAL).codes:
                corners = outline_of(one)
                return replace(code, corners=corners, module_px=module_px(corners, one.version))
    return None


STEPS: Final = (
    *(DecodeStep(one.name, _ENGINES[one.binarizer], partial(_by_treatment, one)) for one in TREATMENTS[:_BEFORE_GRID]),
    DecodeStep("grid", _ENGINES[GLOBAL], by_grid),
    *(DecodeStep(one.name, _ENGINES[one.binarizer], partial(_by_treatment, one)) for one in TREATMENTS[_BEFORE_GRID:]),
)
BENT_STEPS: Final = (
    DecodeStep("bent", _ENGINES[GLOBAL], by_bent_grid),
    DecodeStep("crumpled", _ENGINES[GLOBAL], by_crumpled_grid),
)
"""For bent carriers, each as long as several others together."""
