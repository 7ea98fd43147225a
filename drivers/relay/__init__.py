"""Relay boards.

May switch relays of boards on serial lines, and reports the result of each switching, as far as its board can tell.
"""
