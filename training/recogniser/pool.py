"""Drawn views on the disk, in shards: drawn ahead by a process of its own, so that the training never waits long.

Shard k of a seed is always the same, so a training that is killed goes on with the views it would have had.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from training.drawing import Glyphs, draw
from training.recogniser.targets import CLASSES, COLUMNS, MOST_CHARACTERS, column_targets
from training.recogniser.views import view

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from numpy.typing import NDArray

SHARD: Final = 8192
_WAIT_S: Final = 0.5


class DrawingStoppedError(Exception):
    """The process that draws ended before it had drawn what is needed."""


class OtherSettingsError(Exception):
    """What lies in the folder was made with other settings than those asked for."""


@dataclass(frozen=True, slots=True)
class Shard:
    """`views`: (n, 40, 144), grey. `columns`: (n, 36), targets. `texts`: (n, 11), classes, 0 behind the end."""

    views: NDArray[np.uint8]
    columns: NDArray[np.uint8]
    texts: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Source:
    """What the views are drawn from. `fonts`, `bitmaps`: as in `Glyphs.load`; `size`: views a shard."""

    fonts: Sequence[Path]
    bitmaps: Path | None
    seed: int
    size: int = SHARD


def drawn(glyphs: Glyphs, seed: int, number: int, size: int) -> Shard:
    """Draw shard `number`."""
    rng = np.random.default_rng((seed, number))
    views = np.empty((size, 40, 144), np.uint8)
    columns = np.empty((size, COLUMNS), np.uint8)
    texts = np.zeros((size, MOST_CHARACTERS), np.uint8)
    for index in range(size):
        plate = draw(rng, glyphs)
        shown = view(rng, plate)
        views[index] = shown.pixels
        columns[index] = column_targets(plate.text, shown.spans)
        texts[index, : len(plate.text)] = [CLASSES[character] for character in plate.text]
    return Shard(views, columns, texts)


class Pool:
    """The shards of one source in a folder."""

    def __init__(self, folder: Path, source: Source) -> None:
        """Nothing is drawn yet. What lies in the folder from before is used again."""
        self._folder = folder
        self._source = source
        self._process: BaseProcess | None = None

    def start(self, shards: int) -> None:
        """Draw so many shards, those that are there left out, in a process of their own.

        Raises OtherSettingsError when those were drawn from another source.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._check_source()
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=_draw_all, args=(self._folder, self._source, shards), daemon=True)
        self._process.start()

    def _check_source(self) -> None:
        wanted = repr(self._source)
        note = self._folder / "source.txt"
        if note.exists() and (found := note.read_text(encoding="utf-8")) != wanted:
            raise OtherSettingsError(f"{self._folder} was drawn from {found}, wanted {wanted}; give another folder")
        note.write_text(wanted, encoding="utf-8")

    def stop(self) -> None:
        """End the drawing."""
        if self._process:
            self._process.terminate()
            self._process.join()

    def shard(self, number: int) -> Shard:
        """Shard `number`, waited for. Raises DrawingStoppedError when it will not come."""
        path = _path(self._folder, number)
        while not path.exists():
            if self._process is None or not self._process.is_alive():
                if path.exists():
                    break
                raise DrawingStoppedError(f"{path} is not there, and nothing is drawing it")
            self._process.join(_WAIT_S)
        return _read(path)


def _path(folder: Path, number: int) -> Path:
    return folder / f"shard-{number:04d}.npy"


def _read(path: Path) -> Shard:
    stored = np.load(path, mmap_mode="r")
    views, columns, texts = np.split(stored, [40 * 144, 40 * 144 + COLUMNS], axis=1)
    return Shard(views.reshape(-1, 40, 144), columns, texts)


def _draw_all(folder: Path, source: Source, shards: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    cv2.setNumThreads(1)
    os.nice(1)
    glyphs = Glyphs.load(source.fonts, source.bitmaps)
    parent = os.getppid()
    for number in range(shards):
        path = _path(folder, number)
        if os.getppid() != parent:  # killed, so nobody waits for more
            return
        if not path.exists():
            shard = drawn(glyphs, source.seed, number, source.size)
            rows = np.hstack([shard.views.reshape(source.size, -1), shard.columns, shard.texts])
            unfinished = path.with_suffix(".part")
            with unfinished.open("wb") as file:
                np.save(file, rows)
            unfinished.replace(path)
