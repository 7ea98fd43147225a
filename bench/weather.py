"""How far reading goes in the light and weather of a yard, and what the agent says of such a picture.

Usage: python -m bench.weather [data] [--pictures N] [--kinds KIND ...] [--charts FOLDER] [--page FILE]

Every point is N pictures (12) of as many permits, or plates of each kind, the same at every level; only the weather
changes. data: its plates/glyphs, if there, are the plates' own face. --kinds: kinds of drawn plates, as
training.drawing names them. --charts: draw weather-codes.svg and weather-plates.svg into this folder. --page: put the
tables into this page. All figures go to build/weather.json too.

The view watch is shown the yard for half a minute in clear weather, then two minutes of each level, with no vehicle
reported and with one; what it says, and after how many seconds, stands in the table. The exposure help is shown a
phone's screen in the same light.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.curves import COUNTRY_KINDS, chart, limits, measure, measure_kinds
from bench.reading import DATA
from bench.reading_drawn import glyphs_in
from bench.reading_engines import ENGINES
from bench.reading_markdown import markdown
from bench.reading_tables import filled
from bench.scratch import BUILD
from bench.weather_effects import WEATHER
from bench.weather_views import code_in, plate_in
from bench.weather_watch import told_of
from training.drawing import DrawnKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.curves import Shares
    from bench.weather_effects import Weather
    from bench.weather_watch import Told

PICTURES: Final = 12
CODE_ENGINES: Final = ("ours, whole cascade", "ours, each frame", "zxing-cpp")


def read_table(weathers: Sequence[Weather], codes: Shares, plates: Shares) -> str:
    """One row a level of each weather: the share read, in percent."""
    code_names = list(next(iter(codes.values()), {}))
    plate_names = list(next(iter(plates.values()), {}))
    readers = [*[f"codes: {name}" for name in code_names], *[f"plates: {name}" for name in plate_names]]
    rows = [["weather", "level", *readers]]
    for weather in weathers:
        for place, level in enumerate(weather.levels):
            shown = [codes[weather.title][name][place] for name in code_names]
            shown += [plates[weather.title][name][place] for name in plate_names]
            rows.append([weather.title, f"{level:g} {weather.unit}", *[f"{100 * share:.0f}" for share in shown]])
    return markdown(rows)


def watch_table(found: Sequence[Told]) -> str:
    """What the agent says of the picture; levels next to one another of which it says the same are one row."""
    rows = [["weather", "level", "view watch", "with a vehicle there", "exposure help", "grade of the picture"]]
    for _, group in itertools.groupby(found, key=lambda one: (one.weather, one.said)):
        alike = list(group)
        first, last = alike[0], alike[-1]
        levels = f"{first.level:g}" if first is last else f"{first.level:g} to {last.level:g}"
        rows.append([first.weather, f"{levels} {first.unit}", *first.said])
    return markdown(rows)


def main() -> int:
    """Measure all, print the tables, draw and write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=DATA)
    parser.add_argument("--pictures", type=int, default=PICTURES)
    parser.add_argument("--kinds", nargs="+", type=DrawnKind, default=COUNTRY_KINDS)
    parser.add_argument("--charts", type=Path)
    parser.add_argument("--page", type=Path)
    arguments = parser.parse_args()
    kinds, count = arguments.kinds, arguments.pictures
    of_kind = partial(plate_in, glyphs_in(arguments.data))
    codes, troubles = measure(WEATHER, [ENGINES[name] for name in CODE_ENGINES], code_in, count, _progress)
    plates, more = measure_kinds(WEATHER, kinds, of_kind, count, _progress)
    watched = told_of(_progress)
    found = {
        "weather-read": read_table(WEATHER, codes, plates),
        "weather-codes": limits(WEATHER, codes),
        "weather-plates": limits(WEATHER, plates),
        "weather-watch": watch_table(watched),
    }
    for name, text in found.items():
        print(f"\n{name}\n{text}")
    for trouble, times in (troubles + more).items():
        print(f"{trouble} ({times} x)")
    _write_json(count, codes, plates, watched)
    if arguments.charts:
        for name, shares in (("codes", codes), ("plates", plates)):
            (arguments.charts / f"weather-{name}.svg").write_text(chart(WEATHER, shares), encoding="utf-8")
    if arguments.page:
        page = arguments.page.read_text(encoding="utf-8")
        arguments.page.write_text(filled(page, found), encoding="utf-8")
    return 0


def _write_json(pictures: int, codes: Shares, plates: Shares, watched: Sequence[Told]) -> None:
    BUILD.mkdir(exist_ok=True)
    found: dict[str, Any] = {
        "pictures": pictures,
        "weather": {
            each.title: {
                "unit": each.unit,
                "levels": each.levels,
                "codes": codes[each.title],
                "plates": plates[each.title],
            }
            for each in WEATHER
        },
        "watch": [one.as_json() for one in watched],
    }
    (BUILD / "weather.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _progress(text: str) -> None:
    print(f"\r{text:<70}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
