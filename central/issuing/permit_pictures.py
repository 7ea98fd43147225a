"""The pictures of permits' QR codes, drawn by all processors."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from central.issuing import qr_symbol
from central.issuing.qr_symbol import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from central.issuing.issuer import Issued


_Made = TypeVar("_Made")


_FEW = 64


_CHUNK = 32


_AT_ONCE = 2048


@dataclass(frozen=True, slots=True)
class Pictures:
    """How codes are drawn. `kind`: "png" or "svg", a file a permit; None: no files.

    `module_px`: pixels of one module.
    """

    kind: str | None
    level: Level = Level.M
    module_px: int = 8


def write_pictures(folder: Path, issued: Sequence[Issued], pictures: Pictures, progress: Callable[[int], None]) -> None:
    """Write a picture a permit into a folder; `progress` is told of each. Raises OSError."""
    draw = partial(qr_symbol.picture, kind=pictures.kind or "", level=pictures.level, module_px=pictures.module_px)
    for each, data in zip(issued, _mapped(draw, [each.text for each in issued]), strict=True):
        (folder / f"{each.permit.permit_id.hex()}.{pictures.kind}").write_bytes(data)
        progress(1)


def symbols(texts: Sequence[str], level: Level) -> Iterator[qr_symbol.Symbol]:
    """Yield the QR codes of texts, in their order, drawn by all processors."""
    return _mapped(partial(qr_symbol.Symbol.of, level=level), texts)


def _mapped(work: Callable[[str], _Made], texts: Sequence[str]) -> Iterator[_Made]:
    """Do work on each text, in processes where there are many; no more than some thousand are under way at a time."""
    if len(texts) <= _FEW:
        yield from map(work, texts)
        return
    with ProcessPoolExecutor() as pool:
        waiting = iter(texts)
        while some := list(islice(waiting, _AT_ONCE)):
            yield from pool.map(work, some, chunksize=_CHUNK)
