"""The command `gate-central`: its configuration file, and the services that an operator runs at central.

May read its configuration and keys, print, and start the services of the other packages. No package imports it.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from central.operation.settings import CentralSettings, load_central
else:
    __getattr__ = lazy_face(__name__)

__all__ = ["CentralSettings", "load_central"]
