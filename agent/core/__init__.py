"""Pure rules.

No clock, no input or output, no threads, no logging. Time comes in with the input.
"""
