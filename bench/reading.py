"""Counts what our readers and others' read of the same labelled pictures, in the same run, and what it costs.

Usage: python -m bench.reading [data] [--engines NAME ...] [--sets NAME ...] [--pictures N] [--resume]
       [--charts FOLDER] [--page FILE]

data: the folder with qr/ and plates/, each with folders that hold pictures and a labels.csv (see docs/reading.md);
without it ../shared/data beside the repository. Where it is not there, drawn pictures alone are read. --pictures: no
more than N of each set, spread evenly, as for a first look. --charts: draw the pictures of docs/reading.md into this
folder. --page: put the tables into this page. --resume: keep what earlier runs measured and measure the rest, as after
a run that was cut off; with --again NAME ... these engines are measured anew all the same, as after a change of ours.
All figures go to build/reading.json too. Each engine runs in a process of its own with one thread; the peers' come from
tools/setup_reading.sh, and one that is not installed is named with the reason.

A QR code counts as read when one of the texts is the label, line ends aside. A picture is wrong when texts were read
and none is a label of its set: some pictures show other codes of the set besides. A picture without a label stays in
the count; what is read there is neither right nor wrong. A plate counts as read when the first text is the label, and
as wrong when there is a first text that is not; for readers that do not know the formats of plates O counts as 0 and I
as 1. Times are CPU time of one picture. Exit code 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agent.core.plates import ACCEPTED
from bench import reading_frames
from bench.bar_chart import Bar, Bars, svg
from bench.figures import Figure, table
from bench.reading_drawn import drawn
from bench.reading_engines import ENGINES, Subject
from bench.reading_log import load
from bench.reading_markdown import milliseconds
from bench.reading_run import Results, run
from bench.reading_score import Tally, Verdict, accepted, total
from bench.reading_sets import HELD_BACK, LabelledSet, photographs, sampled
from bench.reading_tables import filled, tables
from bench.scratch import BUILD

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.reading_engines import Engine

DATA: Final = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
LOG: Final = BUILD / "reading-run.jsonl"
WHOLE: Final = "ours, whole cascade"
PEER: Final = "zxing-cpp"
MOST_WRONG_PERCENT: Final = 0.5
CODES_PERCENT: Final = 90.0
HELD_BACK_PERCENT: Final = 97.0
"""Of the photographs of codes with a label in the half that nobody tunes on."""
PLATES_PERCENT: Final = {"CN": 97.0, "KZ": 92.0, "UZ": 85.0, "RU": 85.0}
"""By country."""
_BENCH_ENGINES: Final = ("ours, each frame", WHOLE, PEER, "ours, live", "ours, thorough", "ours, crop")


def main() -> int:
    """Print the tables; 1 when a goal is missed."""
    arguments = _arguments()
    if not arguments.data.is_dir():
        print(f"photographs: not measured, there is no {arguments.data}")
    sets, chosen = _sets(arguments), [ENGINES[name] for name in arguments.engines]
    if not arguments.resume:
        LOG.unlink(missing_ok=True)
    known = {key: tally for key, tally in load(LOG).items() if key[1] not in arguments.again}
    started_at = time.monotonic()
    results = run(sets, chosen, progress_of(sets, chosen), log=LOG, known=known)
    about = _about(time.monotonic() - started_at)
    found = tables(results)
    for name, text in found.items():
        print(f"\n{name}\n{text}")
    for line in troubles(results):
        print(line)
    _write_json(results, about)
    if arguments.page:
        page = arguments.page.read_text(encoding="utf-8")
        arguments.page.write_text(filled(page, found | {"about": _told(about)}), encoding="utf-8")
    if arguments.charts:
        for name, text in charts(results).items():
            (arguments.charts / name).write_text(text, encoding="utf-8")
    goals = [*reading_frames.figures(), *figures(results)]
    print(f"\n{_told(about)}\n{table(goals)}")
    return 1 if any(figure.kept is False for figure in goals) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=DATA)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--sets", nargs="+", help="only these sets, by name")
    parser.add_argument("--pictures", type=int, help="at most so many of each set")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--again", nargs="+", choices=ENGINES, default=[])
    parser.add_argument("--charts", type=Path)
    parser.add_argument("--page", type=Path)
    return parser.parse_args()


def _sets(arguments: argparse.Namespace) -> list[LabelledSet]:
    """Those that are asked for, or samples of them."""
    every = (*photographs(arguments.data), *drawn(arguments.data))
    wanted = [each for each in every if _wanted(each, arguments.sets)]
    return [sampled(each, arguments.pictures) for each in wanted] if arguments.pictures else wanted


def measure(data: Path = DATA) -> list[Figure]:
    """The figures of our readers, and of zxing-cpp; those of photographs are not measured where there are none."""
    found = reading_frames.figures()
    if not data.is_dir():
        return [*found, Figure("codes and plates in labelled pictures", None, "%", note="the pictures are not there")]
    return found + figures(run(photographs(data), [ENGINES[name] for name in _BENCH_ENGINES]))


def troubles(results: Results) -> list[str]:
    """What engines raised and how their processes were lost: a line for each kind, with one example."""
    lines = []
    for engine in results.versions:
        whole = total(tallies[engine] for tallies in results.tallies.values() if engine in tallies)
        kinds: dict[str, Counter[str]] = {}
        for why, count in (whole.errors + whole.lost).items():
            kinds.setdefault(why.partition(":")[0], Counter())[why] += count
        lines += [f"{engine}: {each.total()} x {min(each).strip()}" for each in kinds.values()]
    return lines


def figures(results: Results) -> list[Figure]:
    """The goals: on photographs, and that our readers raise nothing and stay alive on any picture."""
    taken = [each for each in results.sets if not each.drawn]
    codes = [each for each in taken if each.subject is Subject.CODES and WHOLE in results.tallies[each.name]]
    found = _code_figures(results, codes) if codes else []
    for labelled in taken:
        if labelled.subject is not Subject.CODES:
            # Recognisers alone have no goal here: ours was trained on these crops, and a cut-out may show another
            # plate.
            goal = PLATES_PERCENT.get(labelled.country) if labelled.subject is Subject.PHOTOS else None
            for name, tally in results.tallies[labelled.name].items():
                if ENGINES[name].ours:
                    found += _plate_figures(f"{name}, {labelled.name}", tally, goal)
    ours = total(tally for tallies in results.tallies.values() for name, tally in tallies.items() if ENGINES[name].ours)
    note = f"of {ours.count} readings of pictures"
    return [*found, Figure("errors and deaths of our readers", (ours.errors + ours.lost).total(), "", 0, note=note)]


def _code_figures(results: Results, sets: Sequence[LabelledSet]) -> list[Figure]:
    counted = [each for each in sets if not each.empty]
    whole = total(results.tallies[each.name][WHOLE] for each in counted)
    every = total(results.tallies[each.name][WHOLE] for each in sets)
    found = [
        Figure(
            "QR codes read, whole cascade",
            100 * whole.read / whole.count,
            "%",
            CODES_PERCENT,
            at_least=True,
            note=f"{whole.read} of {whole.count} photographs",
        ),
        Figure("QR texts wrong, whole cascade", every.wrong, "", 0, note=f"of {every.count}, those without a code too"),
        Figure("QR reading, whole cascade, most", max(every.ms), "ms", 450.0, note="CPU"),
    ]
    held = [picture for each in counted for picture in each.pictures if picture.half == HELD_BACK and picture.labels[0]]
    if held:
        read = whole.by_half.get(HELD_BACK, Counter())[Verdict.READ]
        note = f"{read} of the {len(held)} that have a label"
        found.append(
            Figure(
                "QR codes read, half held back",
                100 * read / len(held),
                "%",
                HELD_BACK_PERCENT,
                at_least=True,
                note=note,
            )
        )
    for each in counted:
        peers = {name: one.read for name, one in results.tallies[each.name].items() if not ENGINES[name].ours}
        if peers:
            best = max(peers, key=lambda name: peers[name])
            # Where the best peer reads all that has a label, none can read more.
            goal = min(peers[best] + 1, sum(bool(picture.labels[0]) for picture in each.pictures))
            note = f"of {len(each.pictures)}; {best} alone: {peers[best]}"
            read = results.tallies[each.name][WHOLE].read
            found.append(Figure(f"QR codes read, {each.name}", read, "", goal, at_least=True, note=note))
    return found


def _plate_figures(name: str, tally: Tally, goal: float | None) -> list[Figure]:
    wrong, sure = accepted(tally, ACCEPTED)
    note = f"{tally.read} of {tally.count}, {tally.wrong} wrong"
    return [
        Figure(f"plates exact, {name}", 100 * tally.read / tally.count, "%", goal, at_least=True, note=note),
        Figure(
            f"wrong among accepted, {name}",
            100 * wrong / sure if sure else None,
            "%",
            MOST_WRONG_PERCENT if goal else None,
            note=f"{wrong} of {sure} with confidence {ACCEPTED:g} or more",
        ),
    ]


def charts(results: Results) -> dict[str, str]:
    """The SVG files by name: what each engine read of all photographs of codes, of plates, of cut-out plates."""
    codes = [each for each in results.sets if each.subject is Subject.CODES and not each.drawn and not each.empty]
    plates = [each for each in results.sets if each.subject is not Subject.CODES and not each.drawn]
    found = {}
    if codes:
        count = sum(len(each.pictures) for each in codes)
        found["reading-codes.svg"] = svg([_bars(f"QR codes read of {count} photographs", results, codes)])
    if plates:
        found["reading-plates.svg"] = svg(
            [_bars(f"Plates read exactly, {each.name}, {len(each.pictures)}", results, [each]) for each in plates]
        )
    return found


def _bars(title: str, results: Results, sets: Sequence[LabelledSet]) -> Bars:
    names = [name for name in ENGINES if all(name in results.tallies[each.name] for each in sets)]
    bars = []
    for name in names:
        tally = total(results.tallies[each.name][name] for each in sets)
        times = tally.times()
        cost = f"{milliseconds(times[0])} ms" if times else "lost"
        wrong = f", {tally.wrong} wrong" if tally.wrong else ""
        bars.append(Bar(name, tally.read / tally.count, f"{cost}{wrong}", ours=ENGINES[name].ours))
    return Bars(title, sorted(bars, key=lambda bar: -bar.share))


def _wanted(labelled: LabelledSet, names: Sequence[str] | None) -> bool:
    return not names or labelled.name in names


def _about(took_s: float) -> dict[str, Any]:
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "python": platform.python_version(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[1], 1),
        "took_s": round(took_s),
    }


def _told(about: dict[str, Any]) -> str:
    return (
        f"{about['date']}, {about['processor']}, {about['cores']} cores, load {about['load']}, Python {about['python']}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _write_json(results: Results, about: dict[str, Any]) -> None:
    BUILD.mkdir(exist_ok=True)
    path = BUILD / "reading.json"
    found = {
        "about": about,
        "versions": results.versions,
        "missing": results.missing,
        "sets": {
            name: {engine: tally.as_json() for engine, tally in tallies.items()}
            for name, tallies in results.tallies.items()
        },
    }
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def progress_of(sets: Sequence[LabelledSet], engines: Sequence[Engine]) -> Callable[[str], None]:
    """A line that says how far the run is: one step is one engine on one set."""
    steps = sum(each.subject is engine.subject for each in sets for engine in engines)
    done = itertools.count()

    def told(text: str) -> None:
        print(f"\r{next(done)}/{steps} {text:<70}", end="", file=sys.stderr, flush=True)

    return told


if __name__ == "__main__":
    sys.exit(main())
