"""The configuration of the agent: what can be set, and where it is read from.

`load` is the only way in: the service and `gate-agent config` share it, so that they cannot disagree.
"""

from agent.settings.loading.load import LoadedSettings, digest, load, public
from agent.settings.model.agent import (
    ClockRules,
    CommandKey,
    Commands,
    Evidence,
    Gate,
    Journal,
    Log,
    Mqtt,
    Permits,
    Privacy,
    Settings,
    State,
)
from agent.settings.model.devices import DriverModels, Family
from agent.settings.model.lane import BarrierWiring, Camera, Device, Lane, Scanner, SignalWiring, Timing
from agent.settings.model.lane_relations import interlocks, shared_arms
from agent.settings.model.values import broker_address
from agent.settings.rules.ports import board_place
from agent.settings.toml.problems import Problem, SettingsError

__all__ = [
    "BarrierWiring",
    "Camera",
    "ClockRules",
    "CommandKey",
    "Commands",
    "Device",
    "DriverModels",
    "Evidence",
    "Family",
    "Gate",
    "Journal",
    "Lane",
    "LoadedSettings",
    "Log",
    "Mqtt",
    "Permits",
    "Privacy",
    "Problem",
    "Scanner",
    "Settings",
    "SettingsError",
    "SignalWiring",
    "State",
    "Timing",
    "board_place",
    "broker_address",
    "digest",
    "interlocks",
    "load",
    "public",
    "shared_arms",
]
