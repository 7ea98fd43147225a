"""Who may do what on the console."""

from agent.console.access.access import Access
from agent.console.access.guards import Admin, Anybody, Technician, Viewer
from agent.console.access.roles import Person, Role

__all__ = ["Access", "Admin", "Anybody", "Person", "Role", "Technician", "Viewer"]
