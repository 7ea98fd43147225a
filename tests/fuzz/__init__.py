"""Hostile bytes by the million against everything that reads bytes of strangers: `python -m tests.fuzz`."""
