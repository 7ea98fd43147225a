"""Each family of sign cards against everything that can happen on its line, through the whole sign of a lane.

Whatever happens, the sign shows texts of the two messages and nothing else, the old one is gone when its time is over,
and the new one stands there once the line is well again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from agent.core.model import DriverMessage, DriverReceipt
from agent.devices import PortState
from agent.devices import sign as sign_module
from agent.i18n import Language
from agent.lane import sign_pages
from agent.lane.signage import LaneSign
from agent.settings import Sign
from drivers import registry
from drivers.contracts.virtual_clock import VirtualClock
from drivers.emulators.aa55 import Aa55Emulator
from drivers.emulators.fk import FkEmulator
from drivers.emulators.onbon import OnbonEmulator
from drivers.emulators.sign import ON_THE_WAY, SignFault
from tests.support.waiting import PATIENCE_S, eventually, scaled_ms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drivers.emulators.sign import EmulatedSign

SHORT_MS = scaled_ms(50)
LATE_S = 3 * SHORT_MS / 1000
"""An answer after the request was given up, and the same request made once more."""
OLD, NEW = DriverMessage.DRIVE_ON, DriverMessage.WAIT_FOR_OFFICER
OLD_TEXTS, NEW_TEXTS = ("请通行", "一路平安"), ("请等候", "工作人员")
UNPLUGGED, POWER_LOSS = "unplugged", "power loss"


@dataclass(frozen=True)
class Family:
    """`answers`: its loss is noticed though its cable is in. `proves`: it confirms the very page."""

    kind: str
    maker: type[EmulatedSign]
    over_tcp: bool
    answers: bool
    proves: bool

    def __str__(self) -> str:
        return f"{self.kind}-{'tcp' if self.over_tcp else 'serial'}"


FAMILIES = [
    Family(kind, maker, over_tcp, answers, proves)
    for kind, maker, answers, proves in (
        ("fk", FkEmulator, False, False),
        ("onbon", OnbonEmulator, True, True),
        ("aa55", Aa55Emulator, True, False),
    )
    for over_tcp in (False, True)
]


class Post:
    """A sign of a lane with its emulated card, whose clock stands still until it is told to go."""

    def __init__(self, family: Family, card: EmulatedSign) -> None:
        self.family, self.card = family, card
        self.states: list[PortState] = []
        self.receipts: list[tuple[DriverMessage, DriverReceipt]] = []
        host, _, port = str(card.line.link).rpartition(":")
        place = {"host": host, "tcp_port": int(port)} if family.over_tcp else {"port": str(card.line.link)}
        self.sign = LaneSign(
            "lane/sign",
            Sign(id="sign", kind=family.kind, languages=(Language.ZH,)),
            registry.sign(family.kind, place | {"timeout_ms": SHORT_MS}),
            lambda state, _detail: self.states.append(state),
            self.begin,
            may_speak=False,
        )

    def begin(self, message: DriverMessage):
        return lambda _languages, receipt: self.receipts.append((message, receipt))

    def tell(self, message: DriverMessage) -> None:
        self.sign.tell(message, (), None, anybody=True)

    @property
    def shown(self) -> tuple[str, ...]:
        return tuple(line.text for line in self.card.display.lines if line.text)

    def go(self, seconds: float) -> None:
        clock = self.card.display.now
        assert isinstance(clock, VirtualClock)
        clock.go(seconds)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_module, "SILENT_S", 600.0)
    monkeypatch.setattr(sign_module, "REPEATS_S", (0.02, 0.05))
    monkeypatch.setattr(sign_module, "STOP_TIMEOUT_S", PATIENCE_S)
    monkeypatch.setattr(sign_pages, "HOLD_S", 0.1)


@pytest.fixture
def post(family: Family, tmp_path: Path) -> Iterator[Post]:
    with family.maker(None if family.over_tcp else tmp_path / "port", now=VirtualClock()) as card:
        post = Post(family, card)
        post.sign.monitor.start()
        try:
            post.tell(OLD)
            eventually(lambda: post.shown == OLD_TEXTS, what=f"drive on; it shows {post.shown}")
            yield post
        finally:
            assert post.sign.monitor.stop()
        post.go(1000)
        assert post.shown == ()
    assert card.strange == []
    assert card.flash_writes == 0


def noticed(family: Family, trouble: str) -> bool:
    """Whether the loss of what is sent must be noticed."""
    if trouble == UNPLUGGED:
        return True
    if trouble in {POWER_LOSS, SignFault.SLOW} or not family.answers:
        return False
    # A card that tells only that it is there may tell it though a page was spoiled, or when it is asked once more.
    return family.proves or trouble not in {SignFault.GARBLED, SignFault.CUT, SignFault.LATE}


@pytest.mark.parametrize("trouble", [*SignFault, UNPLUGGED, POWER_LOSS])
@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_whatever_happens_the_old_message_goes_and_the_new_one_comes_when_the_line_is_well(
    post: Post, family: Family, trouble: str
) -> None:
    post.card.late_s = LATE_S
    if trouble == UNPLUGGED:
        post.card.unplug()
    elif trouble == POWER_LOSS:
        post.card.power_cycle()
    else:
        post.card.fail(SignFault(trouble))
    post.tell(NEW)
    if noticed(family, trouble):
        eventually(lambda: PortState.LOST in post.states, what="the loss")
        eventually(lambda: (NEW, DriverReceipt.LOST) in post.receipts, what="that it was not shown")
    if trouble == UNPLUGGED or trouble in ON_THE_WAY:
        assert set(post.shown) <= {*OLD_TEXTS, *NEW_TEXTS}
    post.go(sign_pages.DARK_AFTER_S)
    eventually(lambda: not set(OLD_TEXTS) & set(post.shown), what=f"no drive on; it shows {post.shown}")
    post.card.fail(None)
    if trouble == UNPLUGGED:
        post.card.plug()
    eventually(lambda: post.shown == NEW_TEXTS, what=f"the new message; it shows {post.shown}")
    eventually(lambda: post.sign.monitor.state is PortState.UP, what="the sign up")
    due = DriverReceipt.CONFIRMED if family.proves else DriverReceipt.SENT
    eventually(lambda: post.receipts[-1] == (NEW, due), what=f"the receipt; there are {post.receipts}")


@pytest.mark.parametrize("family", FAMILIES[::2], ids=str)
def test_a_card_without_answers_that_lost_one_frame_gets_it_again(post: Post, family: Family) -> None:
    post.card.fail(SignFault.LOST, 1)
    post.tell(NEW)
    eventually(lambda: post.shown == NEW_TEXTS, what=f"the new message; it shows {post.shown}")
    assert PortState.LOST not in post.states
