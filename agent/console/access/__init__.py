"""Who may do what on the console."""

from agent.console.access.guards import Access, Admin, Technician, Viewer
from agent.console.access.person import Person, Role

__all__ = ["Access", "Admin", "Person", "Role", "Technician", "Viewer"]
