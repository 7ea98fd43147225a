"""Looks at everything that a gate needs, and says what is wrong with it and how it is fixed.

Collectors read and never move anything; rules are pure functions of what was collected.
"""
