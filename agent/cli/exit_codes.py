"""Exit codes of the command line; they are part of its contract."""

OK = 0
FAILED = 1
USAGE = 2
CONFIGURATION = 78
SIGNALLED = 128
"""Plus the number of the signal that ended the command."""
