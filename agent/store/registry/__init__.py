"""The registry: the signed lists that the gate was told in advance, in one SQLite file."""
