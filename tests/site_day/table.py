"""The table of a day: how many vehicles of each kind, and what else was counted."""

from tests.fleet.progress import table
from tests.site_day.plan import REAL_EVERY_S
from tests.site_day.verdict import in_words, latencies


def lines_of(found, lanes, spells, day):
    """The table, and what there is to say beside it."""
    kinds = sorted({*found.decided.right, *found.decided.excused})
    rows = [(kind, found.decided.right[kind], found.decided.excused[kind]) for kind in kinds]
    visits = [visit for one in lanes for visit in one.visits]
    times = len(visits) / (2 * day.gates) / day.seconds * REAL_EVERY_S
    pulses = sum(each.what == "pulse" for one in lanes for each in one.switchings)
    events = [one for one, _ in found.events.values()]
    said = [
        ("vehicles", f"{len(visits):,}, {times:.1f} times the traffic of truck lanes; {_passed(visits):,} passed"),
        ("decisions", _decisions(found.decided)),
        (
            "events",
            f"{_sum(events, 'recorded'):,} recorded, lost {_sum(events, 'lost')}, altered {_sum(events, 'altered')}",
        ),
        ("pulses", f"{pulses:,}, without a grant {len(found.without_grant)}"),
        ("used twice", str(len(found.used_twice))),
        ("unsafe", str(found.unsafe)),
        ("troubles", _counted(spells)),
        *(("software", _update(version, one)) for version, (_, one) in sorted(found.updates.items())),
        *(("restored", _restored(gate, one)) for gate, one in sorted(found.restored.items())),
        *(("", change) for _, one in sorted(found.restored.items()) for change in one.changes),
        *(("code to relay", f"{lane}: {words}") for lane, words in _waited(visits)),
    ]
    return [
        *table(("vehicles", "decided right", "excused by a trouble"), rows),
        "",
        *(f"{what:<15}{words}" for what, words in said),
    ]


def _passed(visits):
    return sum(visit.passed for visit in visits)


def _sum(events, what):
    return sum(getattr(one, what) for one in events)


def _decisions(decided):
    return (
        f"{decided.right.total():,} right, {decided.excused.total():,} excused by a trouble, {len(decided.wrong)} wrong"
    )


def _counted(spells):
    names = sorted({spell.name for spell in spells})
    return ", ".join(f"{name} {sum(spell.name == name for spell in spells)}" for name in names) or "none"


def _update(version, one):
    return f"{version}: the tool ended with {one.code}, then the gates ran {', '.join(one.versions)}"


def _restored(gate, one):
    noticed = "noticed" if one.noticed else "not noticed"
    whole = "whole again" if one.whole else "not whole"
    return f"{gate}: {noticed}, {one.held} vehicles to an officer, {one.let_in} let in, the ledger is {whole}"


def _waited(visits):
    for lane in sorted({visit.lane for visit in visits}):
        yield lane, in_words([seconds for _, seconds in latencies(one for one in visits if one.lane == lane)])
