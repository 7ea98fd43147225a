"""Loads a configuration: files, credentials, environment, and the source of each value."""
