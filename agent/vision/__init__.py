"""The cameras as the gate sees them: a worker process for each, started, watched and killed, and what it tells.

Touches no pixel. Its face exports nothing: every worker process loads this package.
"""
