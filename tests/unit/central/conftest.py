"""A real PostgreSQL for the tests of central's rooms."""

from tests.support.central.databases import central_url, database, shared_url
from tests.support.consumer.postgres import postgres

__all__ = ["central_url", "database", "postgres", "shared_url"]
