"""Publishing the signed lists of a site: sources, the catalogue of versions, and their way to a broker or a file."""

from central.publishing.catalogue import Catalogue, CatalogueError
from central.publishing.delivery import SETTLE_S, Delivery, DeliveryError, Stock, seen_version, survey
from central.publishing.publisher import Change, Publisher
from central.publishing.records import SHOWN, SourceError
from central.publishing.sources import COLUMNS, entries

__all__ = [
    "COLUMNS",
    "SETTLE_S",
    "SHOWN",
    "Catalogue",
    "CatalogueError",
    "Change",
    "Delivery",
    "DeliveryError",
    "Publisher",
    "SourceError",
    "Stock",
    "entries",
    "seen_version",
    "survey",
]
