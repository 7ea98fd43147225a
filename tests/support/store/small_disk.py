"""File systems of their own, small, on loop devices. They need root; tests skip where it is missing."""

import filecmp
import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest


def make_image(image, size):
    """An empty ext4 file system of `size` bytes in a file."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    image.write_bytes(b"")
    os.truncate(image, size)
    made = subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", image], check=False, capture_output=True)
    if made.returncode:
        pytest.skip(f"this machine cannot make a file system: {made.stderr.decode(errors='replace')}")


@contextmanager
def mounted(image, folder):
    """The file system in that file, mounted."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-o", "loop", image, folder], check=False, capture_output=True)
    if done.returncode:
        pytest.skip(f"this machine cannot mount an image: {done.stderr.decode(errors='replace')}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def copy_at_one_moment(image, copy):
    """Copy the file while its file system is mounted, as it is at one moment: again, where the kernel wrote meanwhile.

    A copy with the blocks of two moments would have lost what no power cut loses.
    """
    while True:
        shutil.copyfile(image, copy)
        if filecmp.cmp(image, copy, shallow=False):
            return
