"""The technician's web pages, served by the agent itself.

May serve HTTP and read every part of the running gate through `dependencies`; what it orders goes to a lane or into the
configuration. Its face is light: the server's own thread loads the web libraries and the pages.
"""

from agent.console.vehicles.follower import VehicleFollower
from agent.console.web.console_server import ConsoleServer

__all__ = ["ConsoleServer", "VehicleFollower"]
