"""Coordinates this gate with the other gates of its site: each use of a permit passes at only one of them.

Communicates over the site's broker, and keeps claims in the journal.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.site.claimant import SiteRules
    from agent.site.gate_view import GateView
    from agent.site.link import CLIENT_SUFFIX, SiteLink, site_settings
    from agent.site.service import SiteService
    from agent.site.site_factory import WrongGateKeyError, site_service
    from agent.site.standalone import StandaloneSite
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "CLIENT_SUFFIX",
    "GateView",
    "SiteLink",
    "SiteRules",
    "SiteService",
    "StandaloneSite",
    "WrongGateKeyError",
    "site_service",
    "site_settings",
]
