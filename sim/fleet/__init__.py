"""Many simulated gates against real brokers, and a check that all their events arrive.

May open thousands of connections to the given brokers, on one asyncio loop or in several processes. Keeps nothing on
disk.
"""

from sim.fleet.counters import FleetReport
from sim.fleet.plan import SESSION_EXPIRY_S, WILL_DELAY_S, Credentials, FleetPlan, elsewhere
from sim.fleet.processes import ProcessFleet
from sim.fleet.run import Fleet, RunProgress

__all__ = [
    "SESSION_EXPIRY_S",
    "WILL_DELAY_S",
    "Credentials",
    "Fleet",
    "FleetPlan",
    "FleetReport",
    "ProcessFleet",
    "RunProgress",
    "elsewhere",
]
