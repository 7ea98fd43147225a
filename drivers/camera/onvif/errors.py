"""Why a camera cannot be asked. All other trouble is a DeviceUnavailableError: trying again may help."""

from __future__ import annotations

from drivers.api import DeviceMisconfiguredError


class NotOnvifError(DeviceMisconfiguredError):
    """Something answers at this address that does not speak ONVIF, or has it switched off."""


class LoginRefusedError(DeviceMisconfiguredError):
    """The camera asks for a user and password, or refuses the ones that it was given."""
