"""Publishes the signed lists of a site: sources, the database of versions, and the transport to a broker or a file.

May read tables, keep its database in one folder, and connect to one broker at a time. It never changes what it has
signed.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from central.publishing.broker_upload import SETTLE_S, BrokerUpload, Stock, UploadError, seen_version, survey
    from central.publishing.publisher import ListChange, Publisher
    from central.publishing.publisher_database import PublisherDatabase, PublisherDatabaseError
    from central.publishing.records import SHOWN, SourceError
    from central.publishing.sources import COLUMNS, entries
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "COLUMNS",
    "SETTLE_S",
    "SHOWN",
    "BrokerUpload",
    "ListChange",
    "Publisher",
    "PublisherDatabase",
    "PublisherDatabaseError",
    "SourceError",
    "Stock",
    "UploadError",
    "entries",
    "seen_version",
    "survey",
]
