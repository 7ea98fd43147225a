"""Pure rules.

No clock, no input or output, no threads, no logging. The caller passes the time with each input.
"""
