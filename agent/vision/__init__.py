"""The parent's side of the cameras: starts, watches and stops a worker process for each, and checks its messages.

Processes no pixels. Its face exports nothing, because every worker process loads this package.
"""
