"""Trains the network that reads a flat view of a plate, and measures it."""
