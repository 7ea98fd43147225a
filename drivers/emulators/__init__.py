"""Boards, a scanner and signs played byte for byte, for the demo, training and tests.

May open pseudo terminals, listen on 127.0.0.1 and start threads. No driver knows of them, and nothing at a gate
runs them.
"""
