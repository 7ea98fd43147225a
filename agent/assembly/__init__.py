"""Puts the gate together: creates all parts, starts them in order, and stops them in reverse order.

Imports almost every other package and the registry of drivers.
"""

from agent.assembly.app import App
from agent.assembly.part_factory import ConfigurationSource

__all__ = [
    "App",
    "ConfigurationSource",
]
