"""TOML texts: read with the place of every key, and changed without touching the rest."""
