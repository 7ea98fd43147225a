"""Judges facts with pure functions, one for each check."""
