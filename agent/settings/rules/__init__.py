"""Rules that bind several keys of a configuration."""
