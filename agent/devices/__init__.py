"""Supervises devices and reconnects them with backoff: inputs, scanners, signs, voices, and the table of their states.

May open any device through its driver's interface. Knows no driver by name.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.devices.device_status import WORKING_STATES, DeviceState, DeviceStatusTable
    from agent.devices.inputs import InputMonitor, SignalMap
    from agent.devices.port_supervisor import PortState, PortSupervisor
    from agent.devices.scanner import ScannerMonitor, ScannerState
    from agent.devices.sign import SignMonitor, SignProgramme, TimedPage
    from agent.devices.unusable_devices import (
        UnusableInputs,
        UnusableRelay,
        UnusableScanner,
        UnusableSign,
        UnusableVoice,
    )
    from agent.devices.voice_player import VoicePlayer
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "WORKING_STATES",
    "DeviceState",
    "DeviceStatusTable",
    "InputMonitor",
    "PortState",
    "PortSupervisor",
    "ScannerMonitor",
    "ScannerState",
    "SignMonitor",
    "SignProgramme",
    "SignalMap",
    "TimedPage",
    "UnusableInputs",
    "UnusableRelay",
    "UnusableScanner",
    "UnusableSign",
    "UnusableVoice",
    "VoicePlayer",
]
