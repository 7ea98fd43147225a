"""What can be wrong with a request, each with the status and the text that the person is shown."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.console.access.person import Role


class RefusedError(Exception):
    """The request is refused. `text`: key of what happened and what to do, `values`: what stands in it."""

    def __init__(self, status: HTTPStatus, text: str, **values: object) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.values = values


class LoginNeededError(RefusedError):
    """Nobody is logged in."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.UNAUTHORIZED, "error.login_needed")


class PasswordNeededError(RefusedError):
    """The person has to choose a password first."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.FORBIDDEN, "error.needs_password")


class RoleNeededError(RefusedError):
    """The person may not do this."""

    def __init__(self, least: Role) -> None:
        super().__init__(HTTPStatus.FORBIDDEN, f"error.needs_{least}")


class ForgedFormError(RefusedError):
    """The form does not come from a page of this session."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.FORBIDDEN, "error.forged_form")
