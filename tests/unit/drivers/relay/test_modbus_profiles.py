"""What each profile sends, byte for byte as the boards' manuals and the programs that drive them have it."""

from __future__ import annotations

import pytest

from drivers import modbus_codec
from drivers.relay.modbus_profiles import TRAITS, Profile

WAVESHARE = (Profile.WAVESHARE_D, Profile.WAVESHARE_IO, Profile.WAVESHARE)
WITH_COILS = (*WAVESHARE, Profile.COILS)


def wire(request: modbus_codec.Request | None) -> str:
    assert request is not None
    return request.frame.hex(" ").upper()


@pytest.mark.parametrize(
    ("profile", "unit", "channel", "on", "sent"),
    [
        *((profile, 1, 1, True, "01 05 00 00 FF 00 8C 3A") for profile in WITH_COILS),
        *((profile, 1, 1, False, "01 05 00 00 00 00 CD CA") for profile in WITH_COILS),
        (Profile.LCTECH, 255, 1, True, "FF 05 00 00 FF 00 99 E4"),
        (Profile.LCTECH, 254, 4, True, "FE 05 00 03 FF 00 68 35"),
        (Profile.LCTECH, 254, 8, False, "FE 05 00 07 00 00 68 04"),
        (Profile.R421A, 1, 1, True, "01 06 00 01 01 00 D9 9A"),
        (Profile.R421A, 1, 1, False, "01 06 00 01 02 00 D9 6A"),
        (Profile.R421A, 1, 8, True, "01 06 00 08 01 00 09 98"),
    ],
)
def test_a_relay_is_switched(profile: Profile, unit: int, channel: int, on: bool, sent: str) -> None:
    assert wire(TRAITS[profile].commands.switch(unit, channel, on=on)) == sent


@pytest.mark.parametrize(
    ("profile", "unit", "channels", "sent"),
    [
        *((profile, 1, 8, "01 0F 00 00 00 08 01 00 FE 95") for profile in WITH_COILS),
        *((profile, 1, 4, "01 0F 00 00 00 04 01 00 3E 96") for profile in WITH_COILS),
        (Profile.LCTECH, 255, 2, "FF 0F 00 00 00 08 01 00 70 5D"),
        (Profile.LCTECH, 254, 8, "FE 0F 00 00 00 08 01 00 B1 91"),
    ],
)
def test_all_relays_are_released_at_once(profile: Profile, unit: int, channels: int, sent: str) -> None:
    assert wire(TRAITS[profile].commands.release_all(unit, channels)) == sent


def test_a_board_of_registers_cannot_release_all_at_once() -> None:
    assert TRAITS[Profile.R421A].commands.release_all(1, 8) is None


@pytest.mark.parametrize(
    ("profile", "unit", "channels", "asked", "answered", "states"),
    [
        *((profile, 1, 8, "01 01 00 00 00 08 3D CC", "01 01 01 01 90 48", "10000000") for profile in WITH_COILS),
        (Profile.COILS, 1, 3, "01 01 00 00 00 03 7C 0B", "01 01 01 05 91 8B", "101"),
        (Profile.LCTECH, 255, 2, "FF 01 00 00 00 08 28 12", "FF 01 01 02 E1 A1", "01"),
        (Profile.R421A, 1, 1, "01 03 00 01 00 01 D5 CA", "01 03 02 00 01 79 84", "1"),
        (Profile.R421A, 1, 2, "01 03 00 01 00 02 95 CB", "01 03 04 00 00 00 01 3B F3", "01"),
    ],
)
def test_the_state_of_all_relays_is_asked_for_and_understood(
    profile: Profile, unit: int, channels: int, asked: str, answered: str, states: str
) -> None:
    commands = TRAITS[profile].commands
    request = commands.state_request(unit, channels)
    assert wire(request) == asked
    assert commands.states(request, bytes.fromhex(answered), channels) == tuple(state == "1" for state in states)


def test_a_register_that_is_no_state_is_refused() -> None:
    commands = TRAITS[Profile.R421A].commands
    request = commands.state_request(1, 2)
    with pytest.raises(modbus_codec.BadReplyError, match=r"^unit 1 answered the states \(1, 2\): not 0 or 1$"):
        commands.states(request, modbus_codec.framed(bytes.fromhex("01 03 04 00 01 00 02")), 2)


@pytest.mark.parametrize(
    ("profile", "unit", "channel", "steps", "sent"),
    [
        *((profile, 1, 1, 7, "01 05 02 00 00 07 8D B0") for profile in WAVESHARE),
        *((profile, 1, 8, 5, "01 05 02 07 00 05 BD B0") for profile in WAVESHARE),
        (Profile.LCTECH, 255, 1, 20, "FF 10 00 03 00 02 04 00 04 00 14 C5 9F"),
        (Profile.LCTECH, 254, 1, 10, "FE 10 00 03 00 02 04 00 04 00 0A 41 6B"),
        (Profile.LCTECH, 254, 2, 10, "FE 10 00 08 00 02 04 00 04 00 0A 00 D8"),
        (Profile.LCTECH, 254, 3, 10, "FE 10 00 0D 00 02 04 00 04 00 0A C0 E7"),
        (Profile.R421A, 1, 1, 1, "01 06 00 01 06 01 1A 6A"),
        (Profile.R421A, 1, 8, 255, "01 06 00 08 06 FF 4B E8"),
    ],
)
def test_a_relay_is_energised_for_a_time(profile: Profile, unit: int, channel: int, steps: int, sent: str) -> None:
    timer = TRAITS[profile].timer
    assert timer is not None
    assert wire(timer.order(unit, channel, steps)) == sent


@pytest.mark.parametrize(
    ("profile", "timer"),
    [
        *((profile, (100, 0x7FFF, True)) for profile in WAVESHARE),
        (Profile.LCTECH, (100, 0x7FFF, False)),
        (Profile.R421A, (1000, 255, False)),
        (Profile.COILS, None),
    ],
)
def test_a_timer_has_these_steps_and_is_used_unasked_only_where_every_board_has_it(
    profile: Profile, timer: tuple[int, int, bool] | None
) -> None:
    found = TRAITS[profile].timer
    assert (found and (found.step_ms, found.limit, found.is_usual)) == timer


@pytest.mark.parametrize(
    ("profile", "modes"),
    [
        (Profile.WAVESHARE_D, (0x1000, False)),
        (Profile.WAVESHARE_IO, (0x1000, True)),
        (Profile.WAVESHARE, (None, False)),
        (Profile.LCTECH, (None, False)),
        (Profile.R421A, (None, False)),
        (Profile.COILS, (None, False)),
    ],
)
def test_a_board_whose_inputs_can_drive_its_relays_has_its_registers_named(
    profile: Profile, modes: tuple[int | None, bool]
) -> None:
    assert (TRAITS[profile].mode_registers, TRAITS[profile].modes_may_lack) == modes


@pytest.mark.parametrize(
    ("profile", "limit"),
    [
        (Profile.WAVESHARE_D, 8),
        (Profile.WAVESHARE_IO, 8),
        (Profile.WAVESHARE, 32),
        (Profile.LCTECH, 8),
        (Profile.R421A, 8),
        (Profile.COILS, 32),
    ],
)
def test_a_board_has_no_more_relays_than_this(profile: Profile, limit: int) -> None:
    assert TRAITS[profile].channels_limit == limit


def test_every_profile_has_its_line_and_a_name_of_its_own() -> None:
    assert set(TRAITS) == set(Profile)
    assert len({traits.title for traits in TRAITS.values()}) == len(Profile)
