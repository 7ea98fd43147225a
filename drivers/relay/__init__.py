"""Relay boards.

May switch relays of boards on serial lines. Reports the result of each command as far as the board can confirm it.
"""
