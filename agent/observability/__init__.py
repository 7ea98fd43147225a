"""Metrics and logs of the running gate."""
