"""The whole site: central, its gates, their vehicles, and what can be done to them."""

from agent.clock import Clock
from agent.core.events.chain import beginning
from agent.core.events.chain_verification import verify
from agent.store.journal.reader import JournalReader
from tests.fleet.bridge import Bridge
from tests.fleet.central_side import GROUP
from tests.fleet.faults import put_into_gates
from tests.fleet.gate_box import installed_box, name_of, room_for_many
from tests.fleet.new_software import Releases
from tests.fleet.verdict import Events, compared
from tests.fleet.waits import TRIAL_S, answer_s, settled_s, until_none
from tests.site_day import yard
from tests.site_day.box import IN_USE, SiteBox
from tests.site_day.central import SiteCentral
from tests.site_day.permits import TradeWindow, revocations, text_of, watch
from tests.site_day.verdict import Updated, restored
from tests.support.gate.gate_site import DAY_S
from tests.support.packaging.debian_packages import Packages
from tests.support.packaging.release_keys import release_key, write_keys
from tests.support.waiting import eventually

FIRST = "0.9.0"
BEGINS_S = 15.0
"""So long the yards may take to be there before the day begins."""
NOTICES_S = 60.0
"""So long a gate may take to start with an older copy, to notice it and to say so."""
DIES = "dies"
"""A gate that has a file of this name is one on which new software does not start."""
USED_TWICE, EVENT_LOST, STRAY, REFUSED = "used twice", "event lost", "pulse without grant", "vehicles refused"
FAULTS = {
    USED_TWICE: "the trade window issues permits for two passages",
    EVENT_LOST: "central loses one event of one gate",
    STRAY: "a relay board moves although no agent has told it to",
    REFUSED: "the new software takes every permit for expired",
}


class World:
    """The site in a folder. `updates`: what became of each roll-out, by version. `restored_at`: when a gate was given
    an older copy of its state, Unix seconds.
    """

    def __init__(self, folder, day, fault, say, stack):
        self.folder, self.day, self.fault, self.say = folder, day, fault, say
        self._stack = stack
        self.boxes, self.updates, self.restored_at = {}, {}, {}
        self.names = [name_of(number) for number in range(1, day.gates + 1)]
        for name in ("releases", "packages", "central", "window"):
            (folder / name).mkdir()
        self.window = TradeWindow(folder / "window")
        self._texts = {}
        for one in day.arrivals:
            uses = 2 if fault == USED_TWICE else 1
            self._texts[one.number] = text_of(self.window, one, self._texts, uses)
        for file, text in (
            ("revocations.csv", revocations(day.arrivals, self.window.utc + DAY_S)),
            ("watch.csv", watch(day.arrivals)),
        ):
            (self.window.folder / file).write_text(text)

    def begin(self, versions):
        """Set up central, install once, enrol the gates, have them meet, and let the day begin; Unix seconds.

        `versions`: of the new software that is to be made, and whether it fails on the last gate.
        """
        enter, folder = self._stack.enter_context, self.folder
        key = enter(release_key())
        trusted = write_keys(folder / "keys", key)
        enter(room_for_many())
        bridge = enter(Bridge())
        self.say("central: mosquitto twice, PostgreSQL, consumer, exporter, EST server, lists")
        self.central = enter(SiteCentral(folder / "central", bridge, self.names, self.window))
        self.say("the package: built and installed once")
        packages = Packages(folder / "packages", has_cameras=True)
        base = enter(installed_box(packages.thin(FIRST), bridge, folder / "releases"))
        put_into_gates(self.fault, base)
        releases = Releases(folder / "releases", key, packages, self.fault)
        self._orders = {version: releases.ordered(version, may_fail=fails) for version, fails in versions.items()}
        keys = {}
        for number, name in enumerate(self.names, 1):
            (folder / name).mkdir()
            box = enter(SiteBox(number, base, bridge, folder / "releases", folder / name))
            box.set_up(self.central, trusted=trusted)
            box.vehicles.configure(self.window)
            box.take_certificate(self.central.code(name))
            keys[name] = box.first_start()
            self.boxes[name] = box
            self.say(f"{name}: booted and enrolled")
        for box in self.boxes.values():
            if len(keys) > 1:
                box.join(self.central.site_broker, self.central.host, keys)
            box.switch_on()
        began = Clock().now().utc + BEGINS_S
        for number, box in enumerate(self.boxes.values(), 1):
            box.vehicles.lay_down(self.day.of_gate(number), self._texts, began)
            box.vehicles.begin()
        self.until_online()
        return began

    def box(self, number):
        return self.boxes[name_of(number)]

    def until_online(self):
        limit_s = settled_s(len(self.names))
        until_none(lambda: set(self.names) - self.central.online(), "a connection of", limit_s)

    # ------------------------------------------------------------------------------------------- what is done to them

    def update(self, version, *, fails=False):
        """Bring new software out to all gates in two stages. `fails`: it does not start on the last one."""
        mark = self.boxes[self.names[-1]].machine.root / f"etc/gate-agent/{DIES}"
        if fails:
            mark.touch()
        rollout = self.central.roll_out(
            f"software-{version}",
            kind="software",
            text=self._orders[version],
            for_whom=f"group:{GROUP}",
            gates=self.names,
            percents=(50, 100),
            trial_s=TRIAL_S["software"],
        )
        code = rollout.run(self.say, answer_s("software", len(self.names)))
        self.until_online()
        self.updates[version] = Updated(code, tuple(self.boxes[gate].gate.version for gate in self.names))

    def restore(self, box):
        """Restore an older copy of the state of a gate, once central has all that it has recorded."""
        box.stop()
        streams, newest = _events_of(box.journals("before"))
        box.start()
        self._until_stored({box.name: max(streams[newest])})
        box.stop()
        self.restored_at[box.name] = Clock().now().utc
        box.restore()

    # -------------------------------------------------------------------------------------------------- what they show

    def end(self):
        """Stop the vehicles and the agents, and wait until central has all; what the journals hold, by gate."""
        if self.fault == STRAY:
            self._pulse(self.boxes[self.names[0]].vehicles)
        until_none(self._unaware, "a word on its older copy of", settled_s(len(self.names)) + NOTICES_S)
        kept, heads = {}, {}
        for gate, box in self.boxes.items():
            box.vehicles.end()
            box.stop()
            kept[gate], newest = _events_of(box.journals("after"))
            heads[gate] = max(kept[gate][newest])
            box.start()
        self._until_stored(heads)
        if self.fault == EVENT_LOST:
            self.central.lose_one(self.names[0])
        return kept

    def _unaware(self):
        """The gates with an older copy of which central has not heard yet that they noticed it."""
        said = self.central.said() if self.restored_at else ()
        return [gate for gate, since in self.restored_at.items() if not restored(said, gate, since).noticed]

    def _until_stored(self, heads):
        """Wait until central has the newest stream of each gate up to an event, and what came after it."""
        until_none(
            lambda: [gate for gate, head in heads.items() if self.central.watermark(gate) <= head],
            "the events of",
            settled_s(len(self.names)),
        )

    @staticmethod
    def _pulse(vehicles):
        def pulses():
            return sum(note["what"] == "pulse" for note in vehicles.notes())

        before = pulses()
        vehicles.fail(yard.STRAY_PULSE)
        eventually(lambda: pulses() > before, what="the stray pulse")


def _events_of(journals):
    """The events in journals by stream and number, and the stream of the one that is in use."""
    streams, newest = {}, ""
    for path in journals:
        with JournalReader(path) as journal:
            stream = journal.standing().head.stream
            found = {event.seq: event.payload for event in journal.events()}
        streams.setdefault(stream, {}).update(found)
        if path.name == IN_USE:
            newest = stream
    return streams, newest


def compare(kept, stored):
    """Hold the events of a gate, by stream, against those of central: how many are lost or altered, and the flaws."""
    sums, flaws = Events(0, 0, 0), []
    for stream in sorted({*kept, *stored}):
        there = stored.get(stream, {})
        one = compared(kept.get(stream, {}), there)
        sums = Events(sums.recorded + one.recorded, sums.lost + one.lost, sums.altered + one.altered)
        found = verify([payload for _, payload in sorted(there.items())], anchor=beginning(stream))
        if found.flaw:
            flaws.append(f"{stream[:8]}: {found.flaw.fault} at {found.flaw.seq}")
        if stream not in kept:
            flaws.append(f"{stream[:8]}: no journal has it")
    return sums, flaws
