"""The demo: a whole site on this machine, played through vehicle by vehicle.

May start a broker, an agent and an emulated board on this machine, and writes into the one folder that it is given.
"""

from sim.demo.broker import BrokerError
from sim.demo.director import DemoError, DemoRunner
from sim.demo.screen import Screen
from sim.demo.vehicles import ACTS

__all__ = ["ACTS", "BrokerError", "DemoError", "DemoRunner", "Screen"]
