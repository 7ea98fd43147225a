"""Relay boards.

May switch relays of boards on serial lines, and says what became of each switching, as far as its board can tell.
"""
