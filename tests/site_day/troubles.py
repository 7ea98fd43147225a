"""The troubles of a site: each has a begin and an end, and they come in any order."""

import threading
from dataclasses import dataclass, field

from agent.clock import Clock
from tests.fleet.central_side import SITE
from tests.site_day import yard
from tests.site_day.central import STRANGER
from tests.site_day.decisions import Spell
from tests.site_day.plan import Trouble
from tests.support.mqtt.neighbour import Neighbour

NOBODY, ITS_GATE, ALL = "nobody", "its gate", "all"
"""Whose good vehicles may have to wait for an officer, or wait in vain, while a trouble lasts."""
CENTRAL, CABINET, LANES = "central", "cabinet", "lanes"
"""Where troubles are: at central and in the network; at the computer of a gate; at its devices."""
BACKUP, RESTORED = "backup taken", "backup restored"
UPDATE, FAILING_UPDATE = "update", "update that fails"
SECOND, THIRD = "0.9.1", "0.9.2"
MESSAGES = 40


@dataclass(frozen=True)
class Means:
    """What a trouble does. `begin`, `end`: called with the world and the box of its gate, None at central."""

    trouble: Trouble
    excuses: str
    begin: object
    end: object = field(default=lambda _world, _box: None)


def _device(name, excuses=ITS_GATE):
    return Means(
        Trouble(LANES, 2, 8), excuses, lambda _, box: box.vehicles.fail(name), lambda _, box: box.vehicles.repair(name)
    )


def attack(world, _box):
    """A neighbour at the broker of the site says what it may not, in the names of others, and much of what it may."""
    central, gates = world.central, sorted(world.boxes)
    with Neighbour(central.site_broker, STRANGER, client_id=STRANGER, address=central.address) as stranger:
        for number in range(MESSAGES):
            gate = gates[number % len(gates)]
            for topic in (
                f"site/v1/{SITE}/to/{gate}",
                f"site/v1/{SITE}/rows/{gate}",
                f"gate/v1/{gate}/cmd/open",
                f"gate/v1/{gate}/ack",
                f"gate/v1/{STRANGER}/event/access.granted",
            ):
                stranger.publish(topic, bytes([number]) * (number + 1))


TROUBLES = {
    "broker killed": Means(
        Trouble(CENTRAL, 4, 12),
        NOBODY,
        lambda world, _: world.central.broker.kill(),
        lambda world, _: world.central.broker.start(),
    ),
    "broker hangs": Means(
        Trouble(CENTRAL, 3, 10),
        NOBODY,
        lambda world, _: world.central.broker.freeze(),
        lambda world, _: world.central.broker.thaw(),
    ),
    "consumer killed": Means(
        Trouble(CENTRAL, 4, 12),
        NOBODY,
        lambda world, _: world.central.consumer.kill(),
        lambda world, _: world.central.consumer.start(),
    ),
    "broker of the site killed": Means(
        Trouble(CENTRAL, 4, 10),
        ALL,
        lambda world, _: world.central.site_broker.kill(),
        lambda world, _: world.central.site_broker.start(),
    ),
    "hostile neighbour": Means(Trouble(CENTRAL, 1, 2), NOBODY, attack),
    "network cut": Means(
        Trouble(CABINET, 4, 12),
        ALL,
        lambda _, box: box.set_network(up=False),
        lambda _, box: box.set_network(up=True),
    ),
    "agent killed": Means(Trouble(CABINET, 1, 3), ALL, lambda _, box: box.kill_agent()),
    "vision workers killed": Means(Trouble(CABINET, 1, 3), ITS_GATE, lambda _, box: box.kill_workers()),
    "power cut": Means(Trouble(CABINET, 3, 10), ALL, lambda _, box: box.cut_power(), lambda _, box: box.power_on()),
    "disk full": Means(
        Trouble(CABINET, 4, 12), ALL, lambda _, box: box.machine.fill_disk(), lambda _, box: box.machine.free_disk()
    ),
    "board pulled": _device(yard.BOARD),
    "board of the post pulled": _device(yard.POST_BOARD),
    "scanner pulled": _device(yard.SCANNER),
    "sign pulled": _device(yard.SIGN, NOBODY),
    "camera shows nonsense": _device(yard.SCENE),
    "board answers nonsense": _device(yard.NONSENSE),
    BACKUP: Means(Trouble(CABINET, 0, 1, 0.15, 2.0), ALL, lambda _, box: box.back_up()),
    UPDATE: Means(Trouble(CENTRAL, 1, 60, 0.35, 5.0), ALL, lambda world, _: world.update(SECOND)),
    FAILING_UPDATE: Means(Trouble(CENTRAL, 1, 60, 0.55, 5.0), ALL, lambda world, _: world.update(THIRD, fails=True)),
    RESTORED: Means(Trouble(CABINET, 1, 30, 0.75, 10.0), ALL, lambda world, box: world.restore(box)),
}


class Troubles:
    """Brings the troubles of a day about. `spells`: as they were. `failures`: why one could not begin or end."""

    def __init__(self, world, day, began):
        self.spells, self.failures = [], []
        self._world, self._began = world, began
        self._over, self._lock = threading.Event(), threading.Lock()
        places = sorted({TROUBLES[one.name].trouble.place for one in day.orders})
        self._places = {place: threading.Lock() for place in places}
        self._threads = [
            threading.Thread(
                target=self._bring, args=([one for one in day.orders if TROUBLES[one.name].trouble.place == place],)
            )
            for place in places
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _bring(self, orders):
        for order in orders:
            if self._over.wait(max(0.0, self._began + order.at_s - Clock().now().utc)):
                return
            trouble = TROUBLES[order.name].trouble
            held = sorted(self._places) if trouble.once_at is not None else [trouble.place]
            for place in held:
                self._places[place].acquire()
            try:
                self._one(order)
            except Exception as error:  # noqa: BLE001 - a thread that ends must not look like a quiet time
                self.failures.append(f"{order.name}: {type(error).__name__}: {error}")
                return
            finally:
                for place in held:
                    self._places[place].release()

    def _one(self, order):
        means, world = TROUBLES[order.name], self._world
        box = world.box(order.gate) if order.gate else None
        began = Clock().now().utc
        try:
            means.begin(world, box)
            if means.trouble.once_at is None:
                self._over.wait(order.for_s)
        finally:
            means.end(world, box)
        excuses = {NOBODY: (), ITS_GATE: (box.name,) if box else (), ALL: tuple(world.boxes)}[means.excuses]
        with self._lock:
            self.spells.append(Spell(order.name, box.name if box else "", began, Clock().now().utc, frozenset(excuses)))
        world.say(f"{order.name}{f' at {box.name}' if box else ''}: {Clock().now().utc - began:.0f} s")
