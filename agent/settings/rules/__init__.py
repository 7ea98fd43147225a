"""Rules that involve several keys of a configuration."""
