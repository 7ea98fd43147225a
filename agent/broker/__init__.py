"""The settings of a broker connection: the address, the TLS files and the topics of a gate.

May read certificate files. Opens no connection.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.broker.addresses import BrokerAddress, shuffled
    from agent.broker.tls import TlsFiles, TlsFilesError, alert_words, explain, make_context
    from agent.broker.topics import ROOT, GroupTopics, Topics, check_gate_id
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "ROOT",
    "BrokerAddress",
    "GroupTopics",
    "TlsFiles",
    "TlsFilesError",
    "Topics",
    "alert_words",
    "check_gate_id",
    "explain",
    "make_context",
    "shuffled",
]
