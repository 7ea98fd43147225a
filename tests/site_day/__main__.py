"""A site as it is in life, for a day at twenty times speed: `python -m tests.site_day` (`make site`). As root.

Central as it ships, and gates of two lanes in booted containers, with the built package: enrolled from nothing, and
updated in the middle. Vehicles of all kinds come, drawn before the camera or with a code at the post; boards, signs and
scanners are on emulated lines. Troubles are mixed in (tests/site_day/troubles.py). At the end all of it is judged from
outside: by central's database, the lines of the boards, the journals of the gates and the permits that were issued. The
table is written to build/site.txt, the picture to build/site.svg. Exit code 1 if a rule is broken. `--fault` puts in a
fault, which must be found.
"""

import argparse
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

from agent.clock import Clock
from tests.fleet.progress import FOLDER, Progress, report
from tests.fleet.waits import InVainError
from tests.site_day.decisions import Spell, decided, silences, used_twice
from tests.site_day.picture import Course, draw
from tests.site_day.plan import DAY_S, REAL_EVERY_S, make_day
from tests.site_day.seen import lanes_of
from tests.site_day.table import lines_of
from tests.site_day.troubles import FAILING_UPDATE, SECOND, THIRD, TROUBLES, UPDATE, Troubles
from tests.site_day.verdict import Findings, Updated, never_issued, restored, unsafe, without_grant, wrongs
from tests.site_day.world import FAULTS, FIRST, REFUSED, World, compare
from tests.soak.verdict import transactions
from tests.support.packaging.booted_gate import why_not_here
from tests.support.packaging.container import refused
from tests.support.packaging.release_keys import why_not

SPEED = 20
GATES = 2
NONE = "none"
LOOK_S = 2.0
TELL_S = 30.0


class Watch:
    """Looks at the queues of all gates now and then, and tells how the day goes."""

    def __init__(self, world, day, began):
        self.queue = []
        self._world, self._day, self._began = world, day, began

    def until_over(self, troubles):
        pause, told = threading.Event(), 0.0
        while (gone_s := Clock().now().utc - self._began) < self._day.seconds and not troubles.failures:
            pause.wait(LOOK_S)
            behind = self._world.central.behind()
            self.queue.append((Clock().now().utc, behind))
            if gone_s - told >= TELL_S:
                told = gone_s
                notes = [note for box in self._world.boxes.values() for note in box.vehicles.notes()]
                pulses = sum(note["what"] == "pulse" for note in notes)
                came = sum(note["what"] == "came" for note in notes)
                self._world.say(
                    f"{gone_s / self._day.seconds:4.0%} of the day: {came:,} vehicles came, {pulses:,} pulses, "
                    f"{len(troubles.spells)} troubles, {behind} events are on their way"
                )


def play(world, day, versions):
    """Live through the day; all that was found, and what the picture is drawn from."""
    began = world.begin(versions)
    world.say(
        f"the day begins: {len(day.arrivals):,} vehicles and {len(day.orders)} troubles in {day.seconds:.0f} s, "
        f"seed {day.seed}"
    )
    watch = Watch(world, day, began)
    with Troubles(world, day, began) as troubles:
        watch.until_over(troubles)
    world.say("the day is over; waiting until central has all")
    kept = world.end()
    until = Clock().now().utc
    lanes = [lanes_of(gate, box.vehicles.notes()) for gate, box in world.boxes.items()]
    visits = [visit for one in lanes for visit in one.visits]
    stored = world.central.streams()
    said = world.central.said()
    # Before the day began, the devices were not there yet.
    silent = [one for one in silences(said, troubles.spells, until) if one.ended_at > began]
    older = {gate: restored(said, gate, since) for gate, since in world.restored_at.items()}
    spells = [*troubles.spells, *silent, *_not_whole(older, world.names, until)]
    found = Findings(
        decided=decided(visits, said, day.arrivals, spells, until),
        events={
            gate: compare(kept[gate], {stream: events for (whose, stream), events in stored.items() if whose == gate})
            for gate in world.names
        },
        transactions={gate: transactions(_payloads(stored, gate)) for gate in world.names},
        used_twice=used_twice(visits, day.arrivals),
        never_issued=never_issued(said, day.arrivals),
        without_grant=without_grant([each for one in lanes for each in one.switchings], said),
        unsafe=unsafe(lanes),
        restored=older,
        updates=_updates(world),
        unseen=sorted(set(world.names) - world.central.shown_by_exporter()),
        failures=troubles.failures,
    )
    picture = draw(Course(day, began, visits, found.decided, spells, watch.queue))
    return found, lanes, spells, picture


def _payloads(stored, gate):
    """The events of a gate, stream after stream in the order in which they began."""
    streams = [events for (whose, _), events in stored.items() if whose == gate]
    return [
        payload for events in sorted(streams, key=lambda one: one[min(one)]) for _, payload in sorted(events.items())
    ]


def _not_whole(older, gates, until):
    """When the ledger of a gate was not whole: then it lets nobody in by a permit, and grants nothing to the others."""
    return [
        Spell("ledger not whole", gate, began, until if ended is None else ended, frozenset(gates))
        for gate, one in older.items()
        for began, ended in one.spans
    ]


def _updates(world):
    """How each roll-out must end, and how it did: one everywhere, the other not at the last gate, which goes back."""
    gates, found = len(world.names), {}
    for version, one in world.updates.items():
        back = SECOND if SECOND in world.updates else FIRST
        promise = Updated(0, (SECOND,) * gates) if version == SECOND else Updated(1, (*(THIRD,) * (gates - 1), back))
        found[version] = (promise, one)
    return found


def main():
    options = _options()
    if reason := why_not_here() or why_not() or refused():
        sys.exit(f"it cannot run here: {reason}")
    progress = Progress()
    names = set(TROUBLES) if options.only is None else set(options.only) - {NONE}
    if options.fault == REFUSED:
        names.add(UPDATE)
    chosen = {name: TROUBLES[name].trouble for name in names}
    day = make_day(options.seed, options.seconds, options.gates, REAL_EVERY_S / SPEED, chosen)
    versions = {SECOND: False} if UPDATE in names else {}
    versions |= {THIRD: True} if FAILING_UPDATE in names else {}
    with tempfile.TemporaryDirectory(prefix="site-") as folder, ExitStack() as stack:
        Path(folder).chmod(0o755)
        world = World(Path(folder), day, options.fault, progress.say, stack)
        try:
            found, lanes, spells, picture = play(world, day, versions)
        except InVainError as error:
            for gate in filter(error.concerns, world.boxes):
                progress.say(f"{gate}, its last words:\n{world.boxes[gate].last_words()}")
            sys.exit(f"WRONG: {error}")
        except Exception as error:
            # What is cleared away now may fail too, and would hide it.
            progress.say(f"it ends early: {type(error).__name__}: {error}")
            raise
    wrong = wrongs(found)
    FOLDER.mkdir(exist_ok=True)
    options.picture.write_text(picture, encoding="utf-8")
    report("site", [*lines_of(found, lanes, spells, day), *(f"WRONG: {one}" for one in wrong)])
    sys.stdout.write(f"{options.picture}\n{'' if wrong else 'all is well'}\n")
    return 1 if wrong else 0


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=DAY_S / SPEED, help="that the day takes; 72 minutes untold")
    parser.add_argument("--seed", type=int, default=1, help="of vehicles and troubles")
    parser.add_argument("--gates", type=int, default=GATES, help="of the site")
    parser.add_argument("--fault", choices=sorted(FAULTS), help="put a fault in, which must be found")
    parser.add_argument("--only", choices=[*sorted(TROUBLES), NONE], action="append", help="only these troubles")
    parser.add_argument("--picture", type=Path, default=FOLDER / "site.svg")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
