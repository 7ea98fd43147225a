"""The permit: its text form, its signature, its claims and the checks on it."""
