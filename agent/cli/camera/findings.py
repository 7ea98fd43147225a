"""What a search found out about one camera, and how it is said: as lines, as a table of gate.toml, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from drivers.api import DeviceError
from drivers.camera.onvif import CameraIdentity, CameraSession, LoginRefusedError, choose_streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drivers.camera.onvif import FoundCamera, StreamChoice, VideoProfile

PASSWORD: Final = "PASSWORD"  # noqa: S105 - what is printed in place of one
RIGHT_CLOCK_S: Final = 5.0
"""A clock that is not further off is said to be right."""


@dataclass(slots=True)
class Finding:
    """One camera. `trouble`: why it is not known better; "": it is. `needs_login`: because no user was given."""

    place: str
    name: str = ""
    other_hosts: tuple[str, ...] = ()
    identity: CameraIdentity = field(default_factory=CameraIdentity)
    clock_error_s: float | None = None
    profiles: tuple[VideoProfile, ...] = ()
    trouble: str = ""
    needs_login: bool = False

    @property
    def choice(self) -> StreamChoice | None:
        """The streams that a lane should take."""
        return choose_streams(self.profiles)


def ask(camera: FoundCamera | str, user: str, password: str, utc: Callable[[], float], *, other_hosts: bool) -> Finding:
    """All that this camera says. What goes wrong is in the finding."""
    finding = Finding(camera) if isinstance(camera, str) else _announced(camera)
    try:
        session = CameraSession(camera, user, password, utc=utc, other_hosts=other_hosts)
        finding.place = session.place
        finding.clock_error_s = session.clock_error_s()
        finding.identity = session.identity()
        finding.profiles = session.profiles()
    except LoginRefusedError as error:
        finding.needs_login = not user
        finding.trouble = str(error)
    except DeviceError as error:
        finding.trouble = str(error)
    return finding


def _announced(camera: FoundCamera) -> Finding:
    identity = CameraIdentity(model=camera.hardware)
    return Finding(camera.place, camera.name, camera.other_hosts, identity)


# -------------------------------------------------------------------------------------------------------------- words


def lines(finding: Finding, user: str) -> Iterator[str]:
    """What a technician reads of it."""
    identity = finding.identity
    named = " ".join(filter(None, (identity.maker, identity.model))) or finding.name or "a camera"
    firmware = f", firmware {identity.firmware}" if identity.firmware else ""
    called = f', called "{finding.name}"' if finding.name and finding.name != named else ""
    yield f"{finding.place}: {named}{firmware}{called}"
    if finding.other_hosts:
        yield (
            f"  It says that its address is {' or '.join(finding.other_hosts)}, and answers from {finding.place}: "
            "set its address and gateway in its own pages."
        )
    yield from _clock_line(finding.clock_error_s)
    if finding.trouble:
        yield f"  {_capital(finding.trouble)}."
        if finding.needs_login:
            yield "  Give --user and --password-file to see its streams."
        return
    for profile in finding.profiles:
        yield f"  {_stream(profile)}"
    yield from _choice_lines(finding, user)


def _clock_line(error_s: float | None) -> Iterator[str]:
    if error_s is not None and abs(error_s) > RIGHT_CLOCK_S:
        side = "ahead" if error_s > 0 else "behind"
        yield f"  Its clock is {_duration(abs(error_s))} {side}. Set it in the camera's pages, best by NTP."


def _choice_lines(finding: Finding, user: str) -> Iterator[str]:
    choice = finding.choice
    if choice is None:
        yield "  It offers no stream. Make a profile with video in its own pages."
        return
    others = {one.other_host for one in (choice.main, choice.second) if one is not None and one.other_host}
    if others:
        yield (
            f"  For its streams it names {' or '.join(sorted(others))}. The address that answered is written in its "
            "place; --other-hosts uses the camera's own address."
        )
    yield from (f"  {_capital(str(one))}." for one in choice.advice)
    yield f"  Write into gate.toml, with the lane's name in place of LANE{_with_password(user)}:"
    yield ""
    yield from (f"    {line}" for line in gate_toml(choice, user).splitlines())
    yield ""


def gate_toml(choice: StreamChoice, user: str) -> str:
    """The table of a camera with these streams, with a word in place of the password."""
    urls = {"url": choice.main} | ({} if choice.second is None else {"second_url": choice.second})
    rows = [f"{key} = {json.dumps(one.url_for(user, PASSWORD))}" for key, one in urls.items()]
    return "\n".join(("[[lanes.LANE.cameras]]", 'id = "front"', 'kind = "opencv"', *rows))


def _with_password(user: str) -> str:
    if not user:
        return ""
    return f" and the password in place of {PASSWORD} (/ @ : # % in it as %2F %40 %3A %23 %25)"


def _stream(profile: VideoProfile) -> str:
    rate = "" if profile.frame_rate_hz is None else f", {profile.frame_rate_hz:g} fps"
    key = "" if profile.key_picture_s is None else f", a key picture every {profile.key_picture_s:.1f} s"
    name = f"{profile.name or profile.token}: "
    return f"{name}{profile.codec or 'unknown codec'}, {profile.width_px} x {profile.height_px}{rate}{key}"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    days, hours, minutes = whole // 86_400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".")


# --------------------------------------------------------------------------------------------------------------- JSON


def as_json(finding: Finding, user: str) -> dict[str, Any]:
    """The same for programs. No password is in it."""
    choice = finding.choice
    return {
        "address": finding.place,
        "name": finding.name,
        **asdict(finding.identity),
        "other_hosts": list(finding.other_hosts),
        "clock_error_s": None if finding.clock_error_s is None else round(finding.clock_error_s, 1),
        "profiles": [asdict(one) for one in finding.profiles],
        "main": choice and choice.main.token,
        "second": choice and choice.second and choice.second.token,
        "advice": [str(one) for one in choice.advice] if choice else [],
        "gate_toml": choice and gate_toml(choice, user),
        "needs_login": finding.needs_login,
        "trouble": finding.trouble or None,
    }
