"""Boards and a scanner played byte for byte on a pseudo terminal, for the demo, training and tests.

May open pseudo terminals and start threads. No driver knows of them, and nothing at a gate runs them.
"""
