"""The entry of the command `gate-central`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; say what is missing where it was installed without what it needs."""
    try:
        from central.operation.cli import main as run  # noqa: PLC0415 - what it imports may be missing
    except ModuleNotFoundError as error:
        if error.name not in {"pika", "psycopg"}:
            raise
        sys.stderr.write(
            f"gate-central: the Python package {error.name} is missing. Install the central side with its extra: "
            "pip install 'gate-agent[central]', from the wheel of your release\n"
        )
        sys.exit(1)
    run()
