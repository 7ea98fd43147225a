"""What the set-up knows of the running gate, and what it has seen to happen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from agent.console.access.roles import LOCAL
from agent.console.dependencies import AtGate, Gate  # noqa: TC001 - FastAPI reads the annotations
from agent.console.live.arm_position import known_inputs
from agent.console.live.dependencies import AtLive  # noqa: TC001
from agent.console.live.vehicles import Vehicle
from agent.console.wizard.board_watch import BoardWatch, has_inputs
from agent.console.wizard.camera_search import CameraSearch
from agent.console.wizard.enrolment import GateEnrolment
from agent.console.wizard.other_visitors import Presence
from agent.core.model import Outcome
from agent.core.permit import MAX_TEXT, TrustError, load, root_key
from agent.setup import Note, SetupFacts, SetupRecord, SetupStep, StepCode, is_practice, observed, permit_file, steps
from agent.store.errors import JournalError

LastVehicles = Mapping[str, Sequence[Vehicle]]
LOOKED_AT: Final = 40
TRIED_S: Final = 600.0
"""For so long after a test pulse somebody may say that the barrier moved by it."""
_PASSED: Final = frozenset({Outcome.PASSED, Outcome.OVERRIDDEN})
_SKIP: Final = "skip"
_DRAFT: Final = "draft"
_FINDING: Final = "finding"


@dataclass(frozen=True, slots=True)
class Learned:
    """The input of a signal, as it was found or named. `inverted`: it is on at rest. `seen`: it was seen to change."""

    number: int
    inverted: bool = False
    seen: bool = False


class Wizard:
    """The set-up of one gate in the browser. For all threads. `addresses`: of this computer, IPv4."""

    def __init__(self, gate: Gate, addresses: Callable[[], Sequence[str]]) -> None:
        self.gate = gate
        self.addresses = addresses
        self.record = SetupRecord(gate.loaded.settings.state.directory)
        self.board = BoardWatch()
        self.presence = Presence()
        self.cameras = CameraSearch(lambda: gate.now().utc)
        self.enrolment = GateEnrolment(gate.configuration, lambda: gate.now().utc, lambda: gate.now().at)
        self._tried: dict[str, float] = {}
        self._first: dict[tuple[str, str], bool] = {}

    def steps(self, lane: str, vehicles: LastVehicles) -> list[SetupStep]:
        """The steps of a lane and how far each is. Raises KeyError without such a lane, and SetupRecordError."""
        return steps(self.gate.loaded.settings, lane, self._facts(lane, vehicles))

    def _facts(self, lane: str, vehicles: LastVehicles) -> SetupFacts:
        gate = self.gate
        passed = {name for name, last in vehicles.items() if any(one.seen and one.outcome in _PASSED for one in last)}
        notes = self.record.notes()
        return SetupFacts(
            gate.devices.states,
            gate.clock.trust().state,
            passed,
            acknowledged=self._is_acknowledged(),
            seen=notes.keys(),
            skipped={code for code in StepCode if f"{_SKIP}/{observed(lane, code)}" in notes},
            practice_ends=self.practice_ends(),
            utc=gate.now().utc,
        )

    def _is_acknowledged(self) -> bool:
        """Whether anything of this journal is known to have arrived.

        A damaged journal says nothing, and Health says that.
        """
        try:
            return self.gate.journal.watermark > 0
        except JournalError:
            return False

    # ------------------------------------------------------------------------------------------------- what is seen

    def see(self, lane: str, code: StepCode, what: str = "", by: str = "") -> None:
        """Note that something was seen to happen. Raises SetupRecordError."""
        self.record.see(observed(lane, code, what), Note(by, self.gate.now().utc))

    def see_visit(self, host: str) -> None:
        """Note from where a page is asked for: the network address works once another device has come by it."""
        if host != LOCAL and not ip_address(host).is_loopback:
            self.see("", StepCode.NETWORK, by="")

    def see_inputs(self, lane: str) -> None:
        """Note which of the lane's inputs have been seen both on and off, and that the arm is up after a trial."""
        unit, settings = self.gate.lanes[lane], self.gate.loaded.settings.lanes[lane]
        view = unit.view
        if view is None or settings.signals is None:
            return
        now = known_inputs(view, settings, self.gate.now().at)
        for name in settings.signals.wired:
            on = getattr(now, name)
            if on is not None and self._first.setdefault((lane, name), on) != on:
                self.see(lane, StepCode.INPUTS, name)
        if now.opened and self.was_tried(lane):
            self.see(lane, StepCode.BOARD)

    def tried(self, lane: str) -> None:
        """Note that a test pulse was given."""
        self._tried[lane] = self.gate.now().at

    def was_tried(self, lane: str) -> bool:
        """Whether a test pulse was given a short while ago."""
        at = self._tried.get(lane)
        return at is not None and self.gate.now().at - at <= TRIED_S

    # --------------------------------------------------------------------------------------- what is being put together

    def skip(self, lane: str, code: StepCode, by: str) -> None:
        """Leave a step out. Raises SetupRecordError."""
        self.record.put(f"{_SKIP}/{observed(lane, code)}", Note(by, self.gate.now().utc))

    def take_up(self, lane: str, code: StepCode) -> None:
        """Take a step up that was left out. Raises SetupRecordError."""
        self.record.drop(f"{_SKIP}/{observed(lane, code)}")

    def board_inputs(self, lane: str) -> dict[str, Any] | None:
        """Kind and keys of the inputs' driver: as configured, as found with the board, or as its relays are.

        None where the board has no inputs that can be read. Raises SetupRecordError.
        """
        settings = self.gate.loaded.settings.lanes[lane]
        if settings.inputs is not None:
            return {"kind": settings.inputs.kind, **settings.inputs.table}
        found = self.record.notes().get(f"{_DRAFT}/{lane}/board")
        if found is not None and isinstance(found.value, dict):
            return dict(found.value)
        if not has_inputs(settings.relay.kind):
            return None
        own = {
            key: settings.relay.table[key] for key in ("port", "unit", "name", "host") if key in settings.relay.table
        }
        return {"kind": settings.relay.kind, **own}

    def note_board(self, lane: str, table: Mapping[str, Any] | None, by: str) -> None:
        """Note which inputs a board has that was found. Raises SetupRecordError."""
        self.record.drop(f"{_DRAFT}/{lane}/")
        if table is not None:
            self.record.put(f"{_DRAFT}/{lane}/board", Note(by, self.gate.now().utc, dict(table)))

    def learned(self, lane: str) -> dict[str, Learned | None]:
        """The inputs that were found so far, by signal; None: the lane has no such signal. Raises SetupRecordError."""
        prefix = f"{_DRAFT}/{lane}/input/"
        return {
            key.removeprefix(prefix): None if note.value is None else Learned(**note.value)
            for key, note in self.record.notes().items()
            if key.startswith(prefix)
        }

    def learn(self, lane: str, signal: str, found: Learned | None, by: str) -> None:
        """Note the input of a signal; None: there is none. Raises SetupRecordError."""
        value = None
        if found is not None:
            value = {"number": found.number, "inverted": found.inverted, "seen": found.seen}
        self.record.put(f"{_DRAFT}/{lane}/input/{signal}", Note(by, self.gate.now().utc, value))
        self.board.begin(lane, self.gate.now().at)

    def find_again(self, lane: str, by: str) -> None:
        """Begin again with the inputs of a lane. Raises SetupRecordError."""
        self.record.drop(f"{_DRAFT}/{lane}/input/")
        self.record.put(f"{_DRAFT}/{lane}/{_FINDING}", Note(by, self.gate.now().utc))
        self.board.begin(lane, self.gate.now().at)

    def is_finding(self, lane: str) -> bool:
        """Whether the inputs of a lane are being found: it has none, or somebody began again.

        Raises SetupRecordError.
        """
        signals = self.gate.loaded.settings.lanes[lane].signals
        inputs = self.gate.loaded.settings.lanes[lane].inputs
        if signals is None or inputs is None or not signals.wired:
            return True
        return f"{_DRAFT}/{lane}/{_FINDING}" in self.record.notes()

    def end_finding(self, lane: str) -> None:
        """What was found is in the configuration: it was seen, and the draft goes. Raises SetupRecordError."""
        for name, one in self.learned(lane).items():
            if one is not None and one.seen:
                self.see(lane, StepCode.INPUTS, name)
        self.record.drop(f"{_DRAFT}/{lane}/")

    # ---------------------------------------------------------------------------------------------- the practice permit

    def practice_text(self) -> str:
        """The text of the practice permit; "" where there is none, or where it is not for the service to read."""
        trust_file = self.gate.loaded.settings.permits.trust_list
        if trust_file is None or not is_practice(trust_file):
            return ""
        try:
            text = permit_file(trust_file).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""
        return text if len(text) <= MAX_TEXT else ""

    def practice_ends(self) -> float:
        """When the practice permit ends, Unix seconds; 0: there is none."""
        permits = self.gate.loaded.settings.permits
        if permits.trust_list is None or not is_practice(permits.trust_list):
            return 0.0
        try:
            return load(permits.trust_list.read_bytes(), [root_key(one) for one in permits.root_keys]).expires_at
        except (OSError, TrustError):
            return 0.0


async def _vehicles(gate: AtGate, live: AtLive) -> LastVehicles:
    """The last vehicles by lane. In the server's own thread, which alone may ask for them."""
    await live.vehicles.refresh()
    return {lane: live.vehicles.last(lane, LOOKED_AT) for lane in gate.lanes}


AtVehicles = Annotated[LastVehicles, Depends(_vehicles)]
"""The parameter by which a route gets the last vehicles of every lane."""


def _wizard(request: Request) -> Wizard:
    wizard: Wizard = request.app.state.wizard
    return wizard


AtWizard = Annotated[Wizard, Depends(_wizard)]
"""The parameter by which a route gets it: `def page(wizard: AtWizard)`."""
