"""Devices that come and go: their supervision, inputs, scanners, and the table of their states."""
