"""A page that is to take the place of another, against everything that can happen on a sign's line: the fault matrix.

A card's test class inherits `SignFaults` beside the contract. Whatever happens, the sign shows texts of the two pages
and nothing else, and when the time of both is over it is dark: no "drive on" outlives it.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, ClassVar

import pytest

from drivers import registry
from drivers.api import DeviceError, DeviceUnavailableError, SignProof
from drivers.emulators.sign import ON_THE_WAY, SignFault
from tests.contracts.sign import DRIVE_ON, WAIT, EmulatedSignContract, as_shown, display_of
from tests.support.sign.virtual_clock import VirtualClock
from tests.support.waiting import REPLY_MS, eventually, scaled_ms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drivers.api import SignPort
    from drivers.emulators.sign import EmulatedSign

SHORT_MS = scaled_ms(200)
LATE_AFTER_S = 0.05
SHOWN, RAISED = "shown", "raised"
UNPLUGGED, POWER_LOSS = "unplugged", "power_loss"
EVERY, FIRST = "every", "first"
CELLS = [(fault, place) for fault in SignFault for place in (EVERY, FIRST)]


class SignFaults(EmulatedSignContract):
    """The matrix of one card.

    `answers`: the card answers, so that a page that did not come is noticed. `proves`: an answer proves the very page.
    """

    answers: ClassVar[bool] = True
    proves: ClassVar[bool] = True

    @pytest.fixture
    def sign(self, card: EmulatedSign) -> Iterator[SignPort]:
        """A driver with all the patience that there is; a test that waits for silence makes one of its own."""
        sign = registry.sign(self.kind, self.table(card))
        yield sign
        sign.close()

    def due(self, fault: SignFault, place: str) -> set[str]:
        """What may be said of the second page.

        An answer may come just when it is given up, and frames that come as one piece are spoiled as one.
        """
        if not self.answers or fault is SignFault.SLOW:
            return {SHOWN}
        is_spoiled_in_part = fault in ON_THE_WAY and not (fault is SignFault.LOST and place == EVERY)
        if fault is SignFault.LATE or (is_spoiled_in_part and not self.proves):
            return {SHOWN, RAISED}
        return {RAISED}

    @pytest.mark.parametrize(("fault", "place"), CELLS)
    def test_whatever_happens_on_the_line_no_page_outlives_its_time(
        self, card: EmulatedSign, sign: SignPort, fault: SignFault, place: str
    ) -> None:
        length = self._learn(card, sign)
        patience_ms = SHORT_MS if self.due(fault, place) != {SHOWN} else REPLY_MS
        sign.close()
        card.late_s = patience_ms / 1000 + LATE_AFTER_S
        with closing(registry.sign(self.kind, self.table(card) | {"timeout_ms": patience_ms})) as hasty:
            self._open(hasty)
            heard = self._settled(card)
            card.fail(fault, None if place == EVERY else 1)
            said = self._said(hasty)
        eventually(lambda: card.heard - heard >= length, what=f"{length} bytes at the card")
        shown = display_of(card)
        assert said in self.due(fault, place)
        assert set(shown) <= {*as_shown(DRIVE_ON, self.lines), *as_shown(WAIT, self.lines)}
        if said == SHOWN and self.proves and self.answers:
            assert shown == as_shown(WAIT, self.lines)
        self._go(card, max(DRIVE_ON.dark_after_s, WAIT.dark_after_s))
        assert display_of(card) == as_shown(None, self.lines)
        card.fail(None)
        eventually(lambda: self._works(sign), what="a page after the fault")
        eventually(lambda: display_of(card) == as_shown(WAIT, self.lines), what="the page after the fault")

    def test_what_is_known_of_a_page_that_was_sent_is_what_the_card_says(self, sign: SignPort) -> None:
        due = SignProof.PAGE if self.proves else SignProof.LINE
        assert sign.capabilities.proof is (due if self.answers else SignProof.NOTHING)

    def test_a_pulled_cable_is_told_and_the_page_goes_by_itself(self, card: EmulatedSign, sign: SignPort) -> None:
        self._learn(card, sign)
        card.unplug()
        assert self._said(sign) == RAISED
        assert display_of(card) == as_shown(DRIVE_ON, self.lines)
        self._go(card, DRIVE_ON.dark_after_s)
        assert display_of(card) == as_shown(None, self.lines)

    def test_a_card_that_lost_its_power_shows_the_next_page(self, card: EmulatedSign, sign: SignPort) -> None:
        self._learn(card, sign)
        card.power_cycle()
        assert display_of(card) == as_shown(None, self.lines)
        assert self._said(sign) == SHOWN
        eventually(lambda: display_of(card) == as_shown(WAIT, self.lines))

    def _learn(self, card: EmulatedSign, sign: SignPort) -> int:
        """Show the second page and then the first, and return how many bytes the second has."""
        sign.open()
        sign.show(DRIVE_ON)
        eventually(lambda: display_of(card) == as_shown(DRIVE_ON, self.lines))
        before = self._settled(card)
        sign.show(WAIT)
        eventually(lambda: display_of(card) == as_shown(WAIT, self.lines))
        length = self._settled(card) - before
        sign.show(DRIVE_ON)
        eventually(lambda: display_of(card) == as_shown(DRIVE_ON, self.lines))
        assert self._settled(card) > before
        return length

    def _settled(self, card: EmulatedSign) -> int:
        """How much the card has heard, once all is dealt with that came."""
        eventually(lambda: card.heard == len(card.line.received()), what="all bytes dealt with")
        return card.heard

    def _said(self, sign: SignPort) -> str:
        try:
            sign.show(WAIT)
        except DeviceUnavailableError:
            return RAISED
        return SHOWN

    def _works(self, sign: SignPort) -> bool:
        """Whether a page is taken once the sign is opened anew. An answer to a question of before may come yet."""
        try:
            sign.open()
            sign.show(WAIT)
        except DeviceError:
            sign.close()
            return False
        return True

    def _open(self, sign: SignPort) -> None:
        """Open it, in spite of an answer to a question of before that may come now."""

        def is_open() -> bool:
            try:
                sign.open()
            except DeviceError:
                return False
            return True

        eventually(is_open)

    def _go(self, card: EmulatedSign, seconds: float) -> None:
        clock = card.display.now
        assert isinstance(clock, VirtualClock)
        clock.go(seconds)
