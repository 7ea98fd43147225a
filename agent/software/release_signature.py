"""Whether a release key has signed a list of the repository: by what Debian's apt itself checks with.

Debian 13 has sqv, Debian 12 has gpgv; a package of ours depends on one of them.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from agent.core.model.printable import printable
from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path

PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"
LIMIT_S: Final = 60.0
_LONGEST_WORDS: Final = 300


class SignatureError(Exception):
    """The signature does not hold, or cannot be checked; the message says why."""


def check_signature(signed: Path, signature: Path, keyring: Path, path: str = PATH) -> None:
    """See that a key of the keyring has signed a file. Raises SignatureError. `path`: where programs are looked for."""
    if not keyring.is_file():
        raise SignatureError(Text("{keyring} is missing: no key of releases is known", keyring=keyring))
    if shutil.which("sqv", path=path):
        command = ["sqv", "--keyring", str(keyring), "--signature-file", str(signature), str(signed)]
    elif shutil.which("gpgv", path=path):
        command = ["gpgv", "--keyring", str(keyring), str(signature), str(signed)]
    else:
        raise SignatureError(Text("neither sqv nor gpgv is installed: apt install gpgv"))
    try:
        done = subprocess.run(  # noqa: S603 - programs of Debian, and files of our own
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={"PATH": path, "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"},
            timeout=LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SignatureError(Text("the signature cannot be checked: {why}", why=error)) from None
    if done.returncode != 0:
        words = printable(" ".join(done.stderr.decode("utf-8", "replace").split()))[-_LONGEST_WORDS:]
        raise SignatureError(Text("no key of releases has signed it: {why}", why=words))
