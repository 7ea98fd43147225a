"""Central databases for tests: each a copy of one that has all tables, in a real PostgreSQL."""

import json
from contextlib import closing
from datetime import UTC, datetime

import pytest

from central.database import connect, ensure_months, migrate

NOW = datetime(2026, 11, 24, 8, 15, tzinfo=UTC)
EMPTY = """
DO $$
BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
    EXECUTE (SELECT 'TRUNCATE ' || string_agg(oid::regclass::text, ', ') || ' RESTART IDENTITY' FROM pg_class
        WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
            AND relname <> 'schema_migrations');
END $$
"""


@pytest.fixture(scope="session")
def shared_url(postgres):
    """The URL of a central database with the months from NOW on; each test finds it empty."""
    url = postgres.new_database()
    with closing(connect(url)) as database:
        migrate(database)
        ensure_months(database, NOW)
    return url


@pytest.fixture
def central_url(shared_url):
    """The URL of an empty central database."""
    with closing(connect(shared_url)) as database:
        database.execute(EMPTY)
    return shared_url


@pytest.fixture
def database(central_url):
    """A connection to a new central database."""
    with closing(connect(central_url)) as opened:
        yield opened


def status(gate="khorgos-03", **said):
    """A status of a gate, as its topic and its bytes."""
    told = {"gate": gate, "state": "online", "version": "0.2.0", "stream": "s1", "boot": "b1", "seq_head": 0} | said
    return f"gate/v1/{gate}/status", json.dumps(told).encode()


def birth(gate="khorgos-03", **said):
    """A birth of a gate, as its topic and its bytes."""
    told = {"gate": gate, "state": "online", "version": "0.2.0", "stream": "s1", "boot": "b1", "schema": 1} | said
    return f"gate/v1/{gate}/birth", json.dumps(told).encode()


def health(gate="khorgos-03", *findings, **said):
    """A health of a gate with findings of (code, subject, severity), as its topic and its bytes."""
    found = [dict(zip(("code", "subject", "severity"), one, strict=True)) for one in findings]
    told = {"gate": gate, "version": "0.2.0", "boot": "b1", "findings": found} | said
    return f"gate/v1/{gate}/health", json.dumps(told).encode()
