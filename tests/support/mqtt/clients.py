"""paho's clients of tests."""

from contextlib import suppress
from pathlib import Path


def open_sockets():
    """All sockets of this process, by the kernel's names."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the listing's own
            found.add(str(link.readlink()))
    return {name for name in found if name.startswith("socket:")}


def leave(client):
    """Part from the broker, and close everything now.

    paho keeps the sockets that wake its thread until the client is collected. A client and its callbacks hold each
    other, so that would be during any later test.
    """
    client.disconnect()
    client.loop_stop()
    client.reinitialise()
