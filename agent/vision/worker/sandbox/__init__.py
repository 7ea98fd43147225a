"""Drops the worker's rights before it reads the first pixel, so an attacker who takes it over has none."""
