"""The example is imported as it stands there: its folder is a place to run, no package."""

import sys
from pathlib import Path

from tests.postgres import postgres

__all__ = ["postgres"]
CENTRAL = Path(__file__).parents[2] / "examples" / "central"
sys.path.insert(0, str(CENTRAL))
