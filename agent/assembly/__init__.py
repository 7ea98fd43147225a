"""The gate, put together: every part is made here, started and stopped in order.

The only room that knows them all, and concrete drivers.
"""

from agent.assembly.app import App
from agent.assembly.parts import ConfigurationSource

__all__ = [
    "App",
    "ConfigurationSource",
]
