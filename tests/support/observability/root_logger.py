"""The root logger, which a configuration of logs changes for the whole process."""

import logging
from contextlib import contextmanager


@contextmanager
def root_as_before():
    """Afterwards the root logger has its handlers and its level back, and warnings go where they went."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.captureWarnings(capture=False)
