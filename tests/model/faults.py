"""Faults that are put in by hand, one rule of the product changed at a time: what explores must find each of them.

Each is a patch of a function while the fault is explored, the machine that meets it, and words of the rule that it
breaks.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from agent.core.lane.interlock import with_occupancy
from agent.core.model import LedgerState
from agent.core.site import SiteFault
from drivers.api import Delivery
from tests.model.counterexample import followed
from tests.model.explorer import Bounds, explore
from tests.model.machines import MACHINES, machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.model.explorer import Exploration


@dataclass(frozen=True, slots=True)
class Fault:
    """`place`: module and name that are looked up when the rule is applied. `instead`: given the right rule, the wrong
    one.

    `breaks`: words of the breach. `states`: within so many it is found.
    """

    machine: str
    place: str
    instead: Callable[[Callable[..., Any]], Callable[..., Any]]
    breaks: str
    states: int = 3_000


def _always(answer: object) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return lambda _right: lambda *_arguments, **_named: answer


def _given_back(right: Callable[..., Any]) -> Callable[..., Any]:
    def wrong(*arguments: Any, **named: Any) -> Any:
        state = right(*arguments, **named)
        return LedgerState.RELEASED if state is LedgerState.RESERVED else state

    return wrong


def _ledger_kept(right: Callable[..., Any]) -> Callable[..., Any]:
    def wrong(state: Any, fact: Any, rules: Any) -> Any:
        after, changes = right(state, fact, rules)
        return replace(after, ledger=state.ledger, missing=state.missing, lost_utc=state.lost_utc), changes

    return wrong


def _again(right: Callable[..., Any]) -> Callable[..., Any]:
    def wrong(*arguments: Any) -> Any:
        delivery = right(*arguments)
        return right(*arguments) if delivery is Delivery.UNKNOWN else delivery

    return wrong


def _all_at_once(right: Callable[..., Any]) -> Callable[..., Any]:
    def wrong(state: Any, chunk: Any) -> Any:
        after = right(state, chunk)
        return after if after is state else replace(after, missing=frozenset())

    return wrong


def _taken_again(right: Callable[..., Any]) -> Callable[..., Any]:
    def wrong(session: Any, *arguments: Any, **named: Any) -> Any:
        taken = right(session, *arguments, **named)
        return session if taken is SiteFault.REPLAYED else taken

    return wrong


def _unproven(right: Callable[..., Any]) -> Callable[..., Any]:
    def wrong(session: Any, hello: Any, *arguments: Any) -> Any:
        return right(session, hello.model_copy(update={"answer": session.nonce}), *arguments)

    return wrong


def _good_for_ever(right: Callable[..., Any]) -> Callable[..., Any]:
    def wrong(session: Any, *arguments: Any) -> Any:
        return replace(right(session, *arguments), nonce=session.nonce, drawn_at=session.drawn_at)

    return wrong


FAULTS: Final[dict[str, Fault]] = {
    "an arm is closed by unknown inputs": Fault(
        "lane: closed by the agent",
        "agent.core.lane.closing.safe_to_close",
        _always(answer=True),
        "rule 3: closes where",
    ),
    "an arm that the agent lowers stays on what it met": Fault(
        "lane: closed by the agent",
        "agent.core.lane.transition.Transition.grant_safety",
        _always(None),
        "rule 1: an arm that the agent lowered goes up again",
    ),
    "a use in doubt is given back": Fault(
        "lane: served", "agent.core.lane.transition.settlement", _given_back, "rule 12: "
    ),
    "stale inputs count as fresh": Fault(
        "lane: served", "agent.core.lane.input_signals.fresh", _always(answer=True), "rule 4: without fresh inputs"
    ),
    "a neighbour's barrier is not waited for": Fault(
        "lanes: interlock, blind",
        "agent.lane.shared_interlock.claim",
        lambda _right: lambda state, lane: with_occupancy(state, lane, occupied=True),
        "rule 7: a lane opens while the other is",
    ),
    "a pulse without an answer is given again": Fault(
        "board: timed by the board",
        "agent.barrier.relay_scheduler.RelayScheduler._energise",
        _again,
        "a grant moves a relay twice",
    ),
    "an opening does not wait for a closing pulse to end": Fault(
        "board: timed by the agent",
        "agent.barrier.relay_scheduler.RelayScheduler._opposite_released",
        _always(answer=True),
        "open and close are energised together",
        states=20_000,
    ),
    "a home gate forgets what it grants": Fault(
        "site: two", "agent.store.journal.home_claims.consent", _always(None), "permit P of 1 use(s) lets"
    ),
    "a dead claim is reserved on": Fault(
        "site: two",
        "agent.site.own_claims.OwnClaims.reserving",
        lambda _right: lambda _own, _events, _ledger: nullcontext(),
        "permit P of 1 use(s) lets",
        states=20_000,
    ),
    "a message of the site is taken again": Fault(
        "sessions: kept back", "agent.core.site.peer_session.PeerSession.accept", _taken_again, "a query is taken twice"
    ),
    "a session is believed without an answer": Fault(
        "sessions: connected anew",
        "agent.core.site.peer_session.PeerSession.greeted",
        _unproven,
        "goes back to a session of",
    ),
    "an answer proves a session more than once": Fault(
        "sessions: connected anew",
        "agent.core.site.peer_session.PeerSession._proved",
        _good_for_ever,
        "goes back to a session of",
    ),
    "a session stays proven for ever": Fault(
        "sessions: kept back",
        "agent.core.site.peer_session.PeerSession.proven",
        lambda _right: lambda session, _at: bool(session.session),
        "is taken after 30 s",
    ),
    "a battery-backed clock is believed after the clock was set": Fault(
        "clock: battery-backed",
        "agent.clock.monitor.word_error_s",
        lambda _right: lambda _trust, floor, _rules: floor.synced_error_s,
        "off by more than it says",
    ),
    "small changes of a clock are not counted": Fault(
        "clock: holdover", "agent.core.clock.trust.gain_s", _always(0.0), "off by more than it says"
    ),
    "a delta is applied to any version": Fault(
        "lists: at one instant",
        "agent.core.lists.sync._next_delta",
        lambda _right: lambda state: next(iter(state.deltas), None),
        "a version that it does not lead on from",
    ),
    "a snapshot is applied that is not whole": Fault(
        "lists: at one instant", "agent.core.lists.sync._chunk", _all_at_once, "a snapshot is applied that is not whole"
    ),
}


if "trust: central" in MACHINES:
    FAULTS["a ledger stays whole whatever a witness shows"] = Fault(
        "trust: central", "tests.model.trust.step", _ledger_kept, "the ledger is called whole", states=60_000
    )


@contextmanager
def put_in(fault: Fault) -> Iterator[None]:
    """Within: the product has the fault."""
    path, name = fault.place.rsplit(".", 1)
    holder = _held(path)
    right = getattr(holder, name)
    setattr(holder, name, fault.instead(right))
    try:
        yield
    finally:
        setattr(holder, name, right)


def _held(path: str) -> Any:
    """A module, or a class in one."""
    try:
        return import_module(path)
    except ModuleNotFoundError:
        module, name = path.rsplit(".", 1)
        return getattr(import_module(module), name)


def found(fault: Fault) -> tuple[Exploration, str, list[str]]:
    """Explore the product with a fault: the exploration, the breach, and the steps that lead there.

    Raises AssertionError where it is not found, or only something else is.
    """
    with put_in(fault):
        exploration = explore(
            fault.machine, machine(fault.machine), Bounds(states=fault.states, judge_every=10_000), until_breach=True
        )
        assert exploration.breaches, f"not found within {exploration.states:,} states"
        breach = next((one for one in exploration.breaches if fault.breaks in one), "")
        assert breach, f"found something else: {', '.join(exploration.breaches)}"
        lines, _ = followed(machine(fault.machine), exploration.breaches[breach])
    return exploration, breach, lines
