"""Devices that come and go: their supervision with backoff, inputs, scanners, and the table of their states.

May open what a driver offers; knows no driver by name.
"""

from agent.devices.inputs import NAMES, InputMonitor, SignalMap, Signals
from agent.devices.scanner import ScannerMonitor, ScannerState
from agent.devices.status import DeviceState, DeviceStatusTable
from agent.devices.supervisor import PortState, PortSupervisor

__all__ = [
    "NAMES",
    "DeviceState",
    "DeviceStatusTable",
    "InputMonitor",
    "PortState",
    "PortSupervisor",
    "ScannerMonitor",
    "ScannerState",
    "SignalMap",
    "Signals",
]
