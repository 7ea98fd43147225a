"""Boards played byte for byte on a pseudo terminal, for the demo, training and tests."""
