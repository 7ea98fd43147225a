"""The demo: a complete site on this machine, played vehicle by vehicle.

May start a broker, an agent and an emulated board on this machine. Writes only into the folder that the user names.
"""

from sim.demo.broker import BrokerError
from sim.demo.director import DemoError, DemoRunner
from sim.demo.screen import Screen
from sim.demo.vehicles import ACTS

__all__ = ["ACTS", "BrokerError", "DemoError", "DemoRunner", "Screen"]
