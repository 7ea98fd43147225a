"""Requests to one camera and what its answers mean: the login that it wants, its clock, and what is not ONVIF."""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError
from drivers.camera.onvif.errors import LoginRefusedError, NotOnvifError
from drivers.camera.onvif.soap import DEVICE_SPACE, LIMITS, NONCE_BYTES, Request, SoapFault, username_token
from drivers.camera.onvif.transport import OnvifTransport
from drivers.text import Text
from drivers.untrusted_text import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from drivers.camera.onvif.service_address import ServiceAddress
    from drivers.camera.onvif.transport import HttpAnswer
    from drivers.strict_xml import Element

_Read = TypeVar("_Read")
_OK: Final = 200
_REDIRECTS: Final = range(300, 400)
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_THERE: Final = frozenset({404, 405, 410, 501})
_MEANS_SOAP: Final = frozenset({_OK, 400, 500})
"""What comes with an envelope in it: an answer, or a fault."""
_YEARS: Final = range(1970, 9000)
_CLOCK: Final = Request("GetSystemDateAndTime", DEVICE_SPACE)


class Conversation:
    """`device`: the camera's device service. `utc`: this machine's clock, Unix seconds. Not thread-safe.

    The first question is the camera's time, which needs no login. Then a login as the camera asks for it: HTTP digest,
    else a UsernameToken of WS-Security with the camera's own time.
    """

    def __init__(
        self, device: ServiceAddress, user: str, password: str, utc: Callable[[], float], patience_s: float
    ) -> None:
        self.device = device
        self._user = user
        self._password = password
        self._utc = utc
        self._transport = OnvifTransport(user, password, patience_s)
        self._by_token = False
        self._clock_asked = False
        self._ahead_s: float | None = None

    @property
    def place(self) -> str:
        """Where the camera is, for messages."""
        return self.device.place

    def clock_error_s(self) -> float | None:
        """By how much the camera's clock is ahead of this machine's, in seconds; None where it does not say."""
        if not self._clock_asked:
            told = None
            # ONVIF forbids that a login is asked for here; some do all the same.
            with suppress(SoapFault, LoginRefusedError, DocumentError):
                told = time_of(self._once(self.device, _CLOCK, security="", login=False))
            self._clock_asked = True
            self._ahead_s = None if told is None else told.timestamp() - self._utc()
        return self._ahead_s

    def ask(self, at: ServiceAddress, request: Request) -> Element:
        """The answer.

        Raises SoapFault where the camera does not do that, LoginRefusedError, NotOnvifError, DeviceUnavailableError.
        """
        self.clock_error_s()
        if self._by_token:
            return self._asked_by_token(at, request, self._refused(None))
        try:
            return self._once(at, request, security="", login=True)
        except LoginRefusedError as error:
            refused = error
        except SoapFault as fault:
            if not fault.is_login:
                raise
            refused = self._refused(None)
        if not self._user:
            raise refused
        return self._asked_by_token(at, request, refused)

    def _asked_by_token(self, at: ServiceAddress, request: Request, refused: LoginRefusedError) -> Element:
        """The answer to a request with a UsernameToken. `refused`: what is raised where that is refused too."""
        try:
            answer = self._once(at, request, security=self._token(), login=False)
        except LoginRefusedError:
            raise refused from None
        except SoapFault as fault:
            if fault.is_login:
                raise refused from None
            self._by_token = True
            raise
        self._by_token = True
        return answer

    def picture(self, at: ServiceAddress, most_bytes: int) -> bytes:
        """What is at an address of the camera's."""
        found = self._transport.get(at, most_bytes)
        if found.status == _UNAUTHORIZED:
            raise self._refused(found.refusal)
        if found.status != _OK:
            raise DeviceUnavailableError(
                Text("{place} answers with status {status}", place=at.place, status=found.status)
            )
        return found.body

    def read(self, reading: Callable[[], _Read]) -> _Read:
        """What is read of an answer; one that cannot be read is told as the camera's fault."""
        try:
            return reading()
        except DocumentError as error:
            raise DeviceUnavailableError(
                Text("{place} sends data that cannot be read: {error}", place=self.place, error=error)
            ) from None

    def faulty(self, fault: SoapFault) -> DeviceUnavailableError:
        """What is said of a fault that leaves no other way."""
        return DeviceUnavailableError(
            Text("{place} refuses an ONVIF request: {code}", place=self.place, code=fault.code or "?")
        )

    # ------------------------------------------------------------------------------------------------- one request

    def _once(self, at: ServiceAddress, request: Request, *, security: str, login: bool) -> Element:
        envelope = request.envelope(security)
        answer = self._transport.post(at, request.action, envelope, LIMITS.bytes, login=login)
        if answer.status == _UNAUTHORIZED:
            raise self._refused(answer.refusal)
        if answer.status in _MEANS_SOAP:
            try:
                return request.answer(answer.body)
            except DocumentError as error:
                self._check_status(at, answer)
                raise NotOnvifError(
                    Text("{place} answers, but not as an ONVIF camera: {error}", place=at.place, error=error)
                ) from None
        self._check_status(at, answer)
        raise DeviceUnavailableError(Text("{place} answers with status {status}", place=at.place, status=answer.status))

    def _check_status(self, at: ServiceAddress, answer: HttpAnswer) -> None:
        status = answer.status
        if status == _FORBIDDEN:
            raise self._refused(None)
        if status in _REDIRECTS:
            said = Text(
                "{place} redirects to another address (status {status}): does it require https?",
                place=at.place,
                status=status,
            )
            raise DeviceMisconfiguredError(said)
        if status in _NOT_THERE:
            raise NotOnvifError(
                Text(
                    "{place} does not support ONVIF (status {status}); turn ONVIF on in the camera's pages",
                    place=at.place,
                    status=status,
                )
            )
        if status != _OK:
            raise DeviceUnavailableError(Text("{place} answers with status {status}", place=at.place, status=status))

    def _token(self) -> str:
        at = datetime.fromtimestamp(self._utc(), UTC) + timedelta(seconds=self._ahead_s or 0.0)
        return username_token(self._user, self._password, at, secrets.token_bytes(NONCE_BYTES))

    def _refused(self, why: Text | None) -> LoginRefusedError:
        if not self._user:
            return LoginRefusedError(Text("{place} asks for a user and a password", place=self.place))
        why = why or Text("a wrong name or password, or a user who may not use ONVIF")
        return LoginRefusedError(
            Text("{place} refuses the user {user}: {why}", place=self.place, user=self._user, why=why)
        )


def time_of(answer: Element) -> datetime | None:
    """The time in UTC that a camera tells; None where it tells none, or nonsense."""
    said = answer.child("SystemDateAndTime")
    at = None if said is None else said.child("UTCDateTime")
    if at is None:
        return None
    places = [("Date", "Year"), ("Date", "Month"), ("Date", "Day"), ("Time", "Hour"), ("Time", "Minute")]
    numbers = [at.words(*place) for place in [*places, ("Time", "Second")]]
    try:
        year, month, day, hour, minute, second = (int(one) for one in numbers if len(one) <= len("9999"))
        told = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)  # a leap second is one of these
    except ValueError:
        return None
    return told if told.year in _YEARS else None
