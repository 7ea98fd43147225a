"""Take the pictures of the console: python -m tools.handbook_pictures [NAME ...], all of them without a name.

Plays `gate-agent demo` on this machine, looks at it with Debian's chromium, and writes docs/images/console-*.webp,
driver-page.png and demo.webp. It takes about three minutes. Every vehicle in them is drawn.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from agent.clock import Clock
from tools.handbook_pictures.album import Album
from tools.handbook_pictures.browser import Browser
from tools.handbook_pictures.running_demo import DemoFailedError, RunningDemo
from tools.handbook_pictures.scenes import SCENES

IMAGES = Path(__file__).parents[2] / "docs" / "images"
DEMO = Path(tempfile.gettempdir()) / "gate-demo"
"""Its address is seen in some of the pictures."""

DAY = range(10, 19)
EAST = (8, 5, *range(-11, 15))


def daytime_zone(utc: float) -> str:
    """A time zone in which it is day now: the charts of a gate at night are half empty."""
    hour = int(utc // 3600)
    east = next(one for one in EAST if (hour + one) % 24 in DAY)
    return f"<UTC{east:+d}>{-east:+d}"


def main() -> int:
    """Take the pictures that are named, or all; the exit code says whether each could be taken."""
    wanted = set(sys.argv[1:]) or set(SCENES)
    if unknown := wanted - set(SCENES):
        print(f"unknown: {', '.join(sorted(unknown))}; there are: {', '.join(SCENES)}", file=sys.stderr)
        return 2
    utc = Clock().now().utc
    os.environ["TZ"] = daytime_zone(utc)
    time.tzset()
    album = Album(IMAGES)
    try:
        with RunningDemo(DEMO) as demo, Browser(demo) as browser:
            for name, take in SCENES.items():
                if name in wanted:
                    take(browser, album)
    except DemoFailedError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(DEMO, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
