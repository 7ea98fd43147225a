"""The command `gate-central`: its configuration file, and what an operator runs at the central side.

May read its configuration and keys, print, and start the services of the other rooms. Nothing imports it.
"""

from typing import TYPE_CHECKING

from agent.core.face import lazy_face

if TYPE_CHECKING:
    from central.operation.settings import CentralSettings, load_central
else:
    __getattr__ = lazy_face(__name__)

__all__ = ["CentralSettings", "load_central"]
