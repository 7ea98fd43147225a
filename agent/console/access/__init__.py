"""Decides what each user may do on the console."""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.console.access.access import Access
    from agent.console.access.admin_actions import VIEWED, AdminAction
    from agent.console.access.database import NAME as USERS_FILE
    from agent.console.access.database import AccessStoreError
    from agent.console.access.guards import Admin, Anybody, Screen, ScreenVisit, Technician, Viewer
    from agent.console.access.passwords import PasswordRefusedError, made_up_password
    from agent.console.access.roles import Person, Role
    from agent.console.access.screen_key import ScreenKey
    from agent.console.access.sessions import SessionRules
    from agent.console.access.users import UserRefusedError, checked_name, spelled_name
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "USERS_FILE",
    "VIEWED",
    "Access",
    "AccessStoreError",
    "Admin",
    "AdminAction",
    "Anybody",
    "PasswordRefusedError",
    "Person",
    "Role",
    "Screen",
    "ScreenKey",
    "ScreenVisit",
    "SessionRules",
    "Technician",
    "UserRefusedError",
    "Viewer",
    "checked_name",
    "made_up_password",
    "spelled_name",
]
