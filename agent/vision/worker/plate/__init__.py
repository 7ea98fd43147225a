"""Reads licence plates from frames."""
