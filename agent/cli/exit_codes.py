"""Exit codes of the command line; they are part of its contract."""

OK = 0
FAILED = 1
USAGE = 2
CONFIGURATION = 78
