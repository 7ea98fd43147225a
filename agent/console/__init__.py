"""The technician's web pages, which the agent serves itself.

May serve HTTP and read every part of the running gate through `dependencies`. Its orders go to a lane or change the
configuration. Importing the package is cheap: the server's thread loads the web libraries and the pages.
"""

from agent.console.vehicles.follower import VehicleFollower
from agent.console.web.console_server import ConsoleServer

__all__ = ["ConsoleServer", "VehicleFollower"]
