"""TOML text: reads it with the position of every key, and changes one place without touching the rest."""
