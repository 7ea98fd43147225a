"""Devices that come and go: their supervision with backoff, inputs, scanners, and the table of their states.

May open what a driver offers; knows no driver by name.
"""

from agent.devices.inputs import NAMES, SignalMap, Signals, SignalWatch
from agent.devices.scanner import ScannerState, ScannerWatch
from agent.devices.status import Devices, DeviceState
from agent.devices.supervisor import PortKeeper, PortState

__all__ = [
    "NAMES",
    "DeviceState",
    "Devices",
    "PortKeeper",
    "PortState",
    "ScannerState",
    "ScannerWatch",
    "SignalMap",
    "SignalWatch",
    "Signals",
]
