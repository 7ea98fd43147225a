"""The cases: what is done to the gate, the broker, the consumer, the network or the disk, so many times."""

from dataclasses import replace

from agent.core.events.event_types import Alarm
from tests.faults.disks import FullDisk, PowerDisk
from tests.faults.gate import EVERY_S
from tests.faults.world import NEWS_WITHIN_S, World

NETWORK_FAULTS = ("rst", "blackhole", "cut", "delay", "slow")
AGENT_DIES_TOO = 0.4
FULL_WITHIN_S = 90
CROWD_EVERY_S = 0.02
MANUAL_FOR_S = 2.0
CANNOT_WRITE = "the journal cannot be written"


def agent_killed(installed, folder, cycles, **options):
    """Kill the agent from its first moments on."""
    with World(installed, folder, **options) as world:
        world.begin()
        for cycle in range(1, cycles + 1):
            world.live()
            world.agent.kill()
            world.compare()
            world.start()
            world.told(cycle)
        return world.finish()


def agent_and_broker_killed(installed, folder, cycles, **options):
    """Kill both, in any order, start them in any order. The broker keeps nothing on its disk."""
    with World(installed, folder, **options) as world:
        world.begin()
        for cycle in range(1, cycles + 1):
            world.live()
            for kill in world.dice.sample([world.agent.kill, world.broker.kill], 2):
                kill()
                world.hesitate(0, 0.4)
            world.compare()
            for start in world.dice.sample([world.start, world.broker.start], 2):
                start()
                world.hesitate(0, 0.4)
            world.told(cycle)
        return world.finish()


def consumer_killed(installed, folder, cycles, **options):
    """Kill the consumer in the middle of its work; it finds a backlog when it comes back."""
    with World(installed, folder, **options) as world:
        world.begin()
        for cycle in range(1, cycles + 1):
            world.gets_on()
            world.hesitate(0, 0.8)
            world.consumer.kill()
            world.compare()
            world.hesitate(0, 0.6)
            world.consumer.start(wait=False)
            world.told(cycle)
        return world.finish()


def power_cut(installed, folder, cycles, **options):
    """Cut the power: what the disk had taken is all that is left."""
    with PowerDisk(folder) as disk, World(installed, folder, state=disk.path / "state", **options) as world:
        world.begin()
        for cycle in range(1, cycles + 1):
            world.live()
            seen = disk.cut(world.agent, world.seen)
            world.compare(seen)
            world.start()
            world.told(cycle)
        return world.finish()


def network_faults(installed, folder, cycles, **options):
    """Reset, swallow, cut, delay and slow down what the gate and the broker say; often the agent is
    killed meanwhile.
    """
    with World(installed, folder, proxy=True, **options) as world:
        world.begin()
        for cycle in range(1, cycles + 1):
            world.gets_on()
            world.proxy.mode = NETWORK_FAULTS[cycle % len(NETWORK_FAULTS)]
            world.hesitate(0.2, 1.5)
            if world.dice.random() < AGENT_DIES_TOO:
                world.agent.kill()
                world.compare()
                world.start()
                world.hesitate(0, 0.8)
            world.proxy.mode = "pass"
            world.told(cycle)
        return world.finish()


def disk_full(installed, folder, cycles, **options):
    """Fill the disk: delivered history makes room; without a broker nothing does, and the gate opens to nobody.

    A new start before each time: it takes back at once what the journal holds in reserve, which else takes a minute.
    """
    disk = FullDisk(folder)
    with (
        disk.there(),
        World(installed, folder, state=disk.path / "state", journal_keys="max_mb = 16", **options) as world,
    ):
        for cycle in range(1, cycles + 1):
            world.begin()
            disk.fill()
            _gets_on_or_is_full(world)
            world.broker.kill()
            _wait_until_full(world, disk)
            _open_to_nobody(world, disk)
            disk.free()
            world.broker.start()
            world.gets_on()
            world.agent.stop()
            world.compare()
            world.told(cycle)
        ending = world.finish()
        alarms = sum(event["data"]["alarm"] == Alarm.JOURNAL_FAILED for event in world.consumer.events("alarm.raised"))
        if alarms < cycles:
            silent = f"the full disk was told of in {alarms} alarms, it was full {cycles} times"
            return replace(ending, breaches=(*ending.breaches, silent))
        return ending


def _gets_on_or_is_full(world):
    """Delivered history makes room, unless the blocks that the gate lets go for that are taken at once."""
    stored, failed = world.consumer.count(), world.agent.log.count(CANNOT_WRITE)
    world.until(
        lambda: world.consumer.count() > stored or world.agent.log.count(CANNOT_WRITE) > failed,
        "news at central, or a full journal",
        NEWS_WITHIN_S,
    )


def _wait_until_full(world, disk):
    """Let many come, and take whatever block the gate lets go, until the journal cannot be written any more."""

    def full():
        disk.fill()
        return world.agent.log.count(CANNOT_WRITE) > before

    before = world.agent.log.count(CANNOT_WRITE)
    world.gate.every_s = CROWD_EVERY_S
    world.agent.until(full, "the full journal", FULL_WITHIN_S)
    world.gate.every_s = EVERY_S


def _open_to_nobody(world, disk):
    """Vehicles go on coming, and no barrier may open to them."""
    disk.fill()
    before = world.gate.pulses.total()
    world.hesitate(MANUAL_FOR_S, MANUAL_FOR_S)
    opened = world.gate.pulses.total() - before
    if opened:
        world.outside.breaches.append(f"{opened} opened while the journal could not be written")
