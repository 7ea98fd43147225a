"""Judges facts: pure, one function a check."""
