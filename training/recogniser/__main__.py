"""Trains the plate recogniser: python -m training.recogniser FOLDER --glyphs ... --crops ... --photos ...

FOLDER holds everything that is made; started again with the same options, the training goes on where it was.
Without --glyphs plates are drawn with fonts alone: such a network reads about half as many photographed plates of China
before it has seen photographs, and 6 of 100 fewer after (training/README.md).
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import cv2
import torch

from training.drawing import GlyphsError
from training.recogniser.pool import DrawingStoppedError, OtherSettingsError
from training.recogniser.program import Order, run

FONTS = Path(__file__).parents[2] / "drivers" / "camera" / "simulated_yard" / "fonts"


def main() -> int:
    """Train; 1 when something that is needed is not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--glyphs", type=Path, help="folder with bitmaps of the characters of Chinese plates")
    parser.add_argument("--fonts", type=Path, nargs="+", default=[], help="folders with fonts, searched through")
    parser.add_argument("--crops", type=Path, nargs="+", default=[], help="folders of cropped plates with labels.csv")
    parser.add_argument("--photos", type=Path, nargs="+", default=[], help="folders of photographs with labels.csv")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--views", type=int, default=2_400_000, help="drawn views to see")
    parser.add_argument("--tuning-views", type=int, default=480_000, help="views to see in each stage with photographs")
    parser.add_argument("--threads", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    cv2.setNumThreads(1)
    order = Order(
        folder=chosen.folder,
        fonts=[FONTS, *chosen.fonts],
        bitmaps=chosen.glyphs,
        crops=chosen.crops,
        photographs=chosen.photos,
        seed=chosen.seed,
        views=chosen.views,
        tuning_views=chosen.tuning_views,
    )
    try:
        run(order, lambda text: print(text, flush=True))
    except (GlyphsError, OtherSettingsError, DrawingStoppedError, OSError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
