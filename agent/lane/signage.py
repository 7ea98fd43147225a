"""What a lane shows on one of its signs: each message in the sign's languages, until the next message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.model import DriverMessage
from agent.devices import SignMonitor, SignProgramme
from agent.lane.sign_pages import central_programme, in_order, message_programme

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.plates import PlateKind
    from agent.devices import PortState
    from agent.lane.driver_record import Told
    from agent.settings import Sign
    from drivers.api import SignPort


class LaneSign:
    """One sign of a lane. `tell` is for the lane's own thread, and waits for nothing.

    `on_state` gets the states of the card, as SignMonitor tells them. `begin`: notes that a message is to be shown, and
    returns who gets what became of it. `may_speak`: whether it also says messages, where it can.
    """

    def __init__(
        self,
        name: str,
        settings: Sign,
        sign: SignPort,
        on_state: Callable[[PortState, str], None],
        begin: Callable[[DriverMessage], Told],
        *,
        may_speak: bool,
    ) -> None:
        self._sign = sign
        self._languages = settings.languages
        self._begin = begin
        self._may_speak = may_speak
        self._told: object = None
        self.monitor = SignMonitor(
            name,
            sign,
            lambda: message_programme(sign, DriverMessage.WAIT, self._languages, is_spoken=False),
            on_state,
        )

    def tell(
        self, message: DriverMessage, texts: tuple[tuple[str, str], ...], origin: PlateKind | None, *, anybody: bool
    ) -> None:
        """Show a message, where it is another than was shown last; else have the sign go on.

        `texts`: what central says in its place, each after its language's code. `origin`: the kind of the vehicle's
        plate, whose language comes first. `anybody`: whether somebody is there to hear it.
        """
        languages = in_order(self._languages, origin)
        wanted = (message, texts, languages)
        if wanted == self._told:
            self.monitor.keep()
            return
        is_news = not isinstance(self._told, tuple) or self._told[:2] != wanted[:2]
        self._told = wanted
        told = self._begin(message)
        is_spoken = self._may_speak and anybody and is_news

        def make() -> SignProgramme:
            if texts:
                return central_programme(self._sign, texts, languages)
            return message_programme(self._sign, message, languages, is_spoken=is_spoken)

        self.monitor.show(make, told)
