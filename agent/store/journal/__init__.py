"""The journal: events in a hash chain, with the permit ledger, in one SQLite file."""
