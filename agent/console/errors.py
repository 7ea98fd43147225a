"""What can be wrong with a request, each with the status and the text that the person is shown."""

from __future__ import annotations

from http import HTTPStatus

from agent.console.labels.people import NEEDED
from drivers.text import Text


class RefusedError(Exception):
    """The request is refused. `text`: what happened and what to do."""

    def __init__(self, status: HTTPStatus, text: Text) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class LoginNeededError(RefusedError):
    """Nobody is logged in."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.UNAUTHORIZED, Text("Log in first; the session has ended or there was none."))


class PasswordNeededError(RefusedError):
    """The person has to choose a password first."""

    def __init__(self) -> None:
        super().__init__(
            HTTPStatus.FORBIDDEN, Text("Choose your own password first. Someone else gave you the current one.")
        )


class FactorNeededError(RefusedError):
    """The person has to set up a second factor first."""

    def __init__(self) -> None:
        super().__init__(
            HTTPStatus.FORBIDDEN, Text("Set up a second factor first, under Account: your role needs one at this gate.")
        )


class RoleNeededError(RefusedError):
    """The person may not do this. `least`: the role that he would need."""

    def __init__(self, least: str) -> None:
        super().__init__(HTTPStatus.FORBIDDEN, NEEDED[least])


class ForgedFormError(RefusedError):
    """The form does not come from a page of this session."""

    def __init__(self) -> None:
        super().__init__(
            HTTPStatus.FORBIDDEN,
            Text("The form is not from this session. Load the page again and repeat it; nothing was done."),
        )


class ScreenUnknownError(RefusedError):
    """The screen may not show this driver page."""

    def __init__(self) -> None:
        super().__init__(
            HTTPStatus.FORBIDDEN,
            Text(
                "This screen is not allowed to show the page. Open the address that `gate-agent console screen` shows."
            ),
        )


class ScreenTriesError(RefusedError):
    """Too many tokens were tried from this address."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(
            HTTPStatus.TOO_MANY_REQUESTS,
            Text("Too many tokens were tried from this address. Wait {seconds} s.", seconds=wait_s),
        )
        self.wait_s = wait_s
