"""What goes wrong at a gate while vehicles come: each fault starts at random, and ends after a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.lane.step_inputs import CommandKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.support.lane.played_gate import PlayedGate

EVERY_S = 8.0
"""How much time goes by between two faults, on average."""
AT_ONCE = 3


class Trouble:
    """The faults of one gate. `may_be_up`: the arm may be up though the agent gave no pulse since it was closed.

    `unseen`: the safety loop said free whatever was there, at some time since this was reset.
    """

    def __init__(self, gate: PlayedGate, dice: Random) -> None:
        self._gate = gate
        self._dice = dice
        self._running: list[tuple[float, str, Callable[[], None]]] = []
        self._next_at = dice.expovariate(1 / EVERY_S)
        self.may_be_up = False
        self.unseen = False

    def moment(self) -> None:
        """End what is over, start what is due."""
        world = self._gate.world
        if world.arm.position == 0.0 and not self._gate.held:
            self.may_be_up = False
        over = [entry for entry in self._running if entry[0] <= world.now]
        for entry in over:
            self._running.remove(entry)
            entry[2]()
        if world.now < self._next_at:
            return
        self._next_at = world.now + self._dice.expovariate(1 / EVERY_S)
        kind = self._dice.choice(list(KINDS))
        if len(self._running) < AT_ONCE and kind not in {running for _, running, _ in self._running}:
            self._start(kind)

    def end(self) -> None:
        """End everything."""
        for _, _, undo in self._running:
            undo()
        self._running.clear()

    def _start(self, kind: str) -> None:
        gate = self._gate
        least_s, most_s, begin = KINDS[kind]
        undo = begin(self)
        gate.counts[f"fault: {kind}"] += 1
        if gate.log is not None:
            gate.log(f"{gate.world.now:8.2f} FAULT {kind}")
        if undo is not None:
            self._running.append((gate.world.now + self._dice.uniform(least_s, most_s), kind, undo))

    # --------------------------------------------------------------------------------------------------- inputs

    def _lose_samples(self) -> Callable[[], None]:
        self._gate.faults.samples_lost = True
        return lambda: setattr(self._gate.faults, "samples_lost", False)

    def _delay_samples(self) -> Callable[[], None]:
        self._gate.faults.late_s = self._dice.uniform(0.05, 0.5)
        return lambda: setattr(self._gate.faults, "late_s", 0.0)

    def _hide_a_signal(self) -> Callable[[], None]:
        self._gate.faults.unknown = frozenset(
            {self._dice.choice(("presence", "safety", "photocell", "opened", "closed"))}
        )
        return lambda: setattr(self._gate.faults, "unknown", frozenset())

    def _stick_a_contact(self) -> Callable[[], None]:
        """A guard that says clear for ever is not for an arm that the agent closes: nothing could tell it."""
        world, by_agent = self._gate.world, self._gate.rules.close_mode == "agent"
        contact, on = self._dice.choice([(c, on) for c in world.contacts for on in (True, False)])
        if by_agent and not on and contact in (world.safety, world.photocell):
            return lambda: None
        contact.stuck = on
        self.unseen = self.unseen or (contact is world.safety and not on)
        return lambda: setattr(contact, "stuck", None)

    # --------------------------------------------------------------------------------------------------- the agent

    def _lose_pulses(self) -> Callable[[], None]:
        self._gate.faults.undelivered = 0.6
        return lambda: setattr(self._gate.faults, "undelivered", 0.0)

    def _slow_the_board(self) -> Callable[[], None]:
        self._gate.faults.slow_board_s = self._dice.uniform(2.0, 12.0)
        return lambda: setattr(self._gate.faults, "slow_board_s", 0.0)

    def _doubt_pulses(self) -> Callable[[], None]:
        self._gate.faults.unsure = 0.6
        return lambda: setattr(self._gate.faults, "unsure", 0.0)

    def _break_the_journal(self) -> Callable[[], None]:
        self._gate.faults.journal = 0.8
        return lambda: setattr(self._gate.faults, "journal", 0.0)

    def _lose_answers(self) -> Callable[[], None]:
        self._gate.faults.answers_lost = 0.7
        return lambda: setattr(self._gate.faults, "answers_lost", 0.0)

    def _lose_readers(self) -> Callable[[], None]:
        self._gate.readers(up=False)
        return lambda: self._gate.readers(up=True)

    def _lose_the_relay(self) -> Callable[[], None]:
        self._gate.relay(up=False)
        return lambda: self._gate.relay(up=True)

    def _restart(self) -> None:
        self._gate.restart()

    def _order(self) -> None:
        self._gate.order(
            self._dice.choice((CommandKind.OPEN, CommandKind.OPEN, CommandKind.CLOSE, CommandKind.RELEASE))
        )

    def _order_close(self) -> None:
        """An impatient officer: several orders to close, whatever is under the arm."""
        for delay_s in (0.0, 0.5, 1.0, 2.0, 4.0):
            self._gate.later(delay_s, lambda: self._gate.order(CommandKind.CLOSE))

    def _lock(self) -> Callable[[], None]:
        self._gate.order(CommandKind.LOCK)
        return lambda: self._until(CommandKind.UNLOCK, lambda: not self._gate.lane.lockout.locked_by)

    def _take_out_of_service(self) -> Callable[[], None]:
        self._gate.order(CommandKind.OUT_OF_SERVICE)
        return lambda: self._until(CommandKind.IN_SERVICE, lambda: not self._gate.lane.lockout.out_of_service_by)

    def _until(self, kind: CommandKind, holds: Callable[[], bool]) -> None:
        """Order it until it is so: the journal may be broken now."""
        while not holds():
            self._gate.order(kind)

    def _hold(self) -> Callable[[], None]:
        self.may_be_up = True
        self._gate.order(CommandKind.HOLD)
        return lambda: self._gate.order(CommandKind.RELEASE)

    # --------------------------------------------------------------------------------------------------- the barrier

    def _cut_the_power(self) -> Callable[[], None]:
        self._gate.world.power(on=False)
        return lambda: self._gate.world.power(on=True)

    def _deafen(self) -> Callable[[], None]:
        self._gate.world.controller.deaf = True
        return lambda: setattr(self._gate.world.controller, "deaf", False)

    def _jam(self) -> Callable[[], None]:
        self._gate.world.arm.stuck = True
        return lambda: setattr(self._gate.world.arm, "stuck", False)

    def _slow_down(self) -> Callable[[], None]:
        arm = self._gate.world.arm
        up_s, down_s = arm.up_s, arm.down_s
        arm.up_s, arm.down_s = up_s * 3, down_s * 3

        def undo() -> None:
            arm.up_s, arm.down_s = up_s, down_s

        return undo

    def _lift_by_hand(self) -> None:
        self.may_be_up = True
        self._gate.world.force(up=True)

    def _unwire(self) -> Callable[[], None]:
        """The loop and the photocell no longer reach the controller: only the agent knows."""
        self._gate.world.controller.own_safety = False
        return lambda: setattr(self._gate.world.controller, "own_safety", True)


KINDS: dict[str, tuple[float, float, Callable[[Trouble], Callable[[], None] | None]]] = {
    "samples lost": (0.1, 4.0, Trouble._lose_samples),
    "samples late": (0.5, 5.0, Trouble._delay_samples),
    "signal unknown": (0.1, 3.0, Trouble._hide_a_signal),
    "contact stuck": (1.0, 15.0, Trouble._stick_a_contact),
    "pulses lost": (5.0, 20.0, Trouble._lose_pulses),
    "board slow": (5.0, 20.0, Trouble._slow_the_board),
    "pulses unsure": (5.0, 20.0, Trouble._doubt_pulses),
    "journal broken": (5.0, 20.0, Trouble._break_the_journal),
    "answers lost": (5.0, 20.0, Trouble._lose_answers),
    "readers lost": (1.0, 8.0, Trouble._lose_readers),
    "relay lost": (0.3, 5.0, Trouble._lose_the_relay),
    "agent restarted": (0.0, 0.0, Trouble._restart),
    "officer's order": (0.0, 0.0, Trouble._order),
    "officer closes": (0.0, 0.0, Trouble._order_close),
    "locked": (2.0, 10.0, Trouble._lock),
    "out of service": (2.0, 10.0, Trouble._take_out_of_service),
    "held open": (2.0, 10.0, Trouble._hold),
    "power cut": (1.0, 8.0, Trouble._cut_the_power),
    "controller deaf": (3.0, 10.0, Trouble._deafen),
    "arm stuck": (2.0, 8.0, Trouble._jam),
    "arm slow": (5.0, 20.0, Trouble._slow_down),
    "arm lifted by hand": (0.0, 0.0, Trouble._lift_by_hand),
    "own safety unwired": (5.0, 20.0, Trouble._unwire),
}
