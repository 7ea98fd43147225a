"""Byte-exact emulators of boards, signs and a scanner, for the demo, training and tests.

May open pseudo terminals, listen on 127.0.0.1 and start threads. No driver imports them, and no gate runs them.
"""
