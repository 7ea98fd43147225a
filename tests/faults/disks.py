"""Disks for the gate's state: one that loses its power, one that gets full. They need root and loop devices."""

import os
from contextlib import contextmanager

from tests.support.store.small_disk import copy_at_one_moment, make_image, mounted

MIB = 1 << 20
BLOCK = 1 << 16
FINE_BLOCK = 1 << 12


class PowerDisk:
    """A disk whose power can be cut: what its block device holds at one moment is all that is left."""

    def __init__(self, folder, size=48 * MIB):
        self.path = folder / "disk"
        self._image, self._copy = folder / "disk.img", folder / "cut.img"
        self._mount = None
        make_image(self._image, size)

    def __enter__(self):
        self._mount = mounted(self._image, self.path)
        self._mount.__enter__()
        return self

    def __exit__(self, *_):
        self._mount.__exit__(None, None, None)

    def cut(self, agent, look):
        """Cut the power under the agent; returns what `look()` saw in that moment.

        The disk is there again afterwards.
        """
        agent.freeze()
        seen = look()
        copy_at_one_moment(self._image, self._copy)
        agent.kill()
        self.__exit__()
        self._copy.replace(self._image)
        self.__enter__()
        return seen


class FullDisk:
    """A small disk that can be filled to the last block, and freed again."""

    def __init__(self, folder, size=24 * MIB):
        self.path = folder / "disk"
        self._image, self._ballast = folder / "disk.img", self.path / "ballast"
        make_image(self._image, size)

    @contextmanager
    def there(self):
        with mounted(self._image, self.path):
            yield self

    def fill(self):
        """Take every block that is left."""
        for block in (BLOCK, FINE_BLOCK):
            with self._ballast.open("ab", buffering=0) as file:
                try:
                    while file.write(bytes(block)) == block:
                        os.fsync(file.fileno())
                except OSError:
                    continue

    def free(self):
        """Give the blocks back."""
        self._ballast.unlink(missing_ok=True)
