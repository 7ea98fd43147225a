"""What a repository says of one package, once a release key has signed for it: Release, its signature, and Packages."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from agent.core.fleet import DocumentFault, DocumentRefusedError
from agent.core.software import RepositoryIndexError, listed_packages, release_files
from agent.software.release_signature import SignatureError, check_signature
from agent.store.durable_files import open_regular
from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    from agent.core.software import ChosenPackage, ListedPackage

RELEASE: Final = "Release"
SIGNATURE: Final = "Release.gpg"
PACKAGES: Final = "Packages"
LISTS: Final = (RELEASE, SIGNATURE, PACKAGES)
LIST_LIMIT_BYTES: Final = 8 << 20
PACKAGE_NAME: Final = "gate-agent"


def list_paths(chosen: ChosenPackage) -> dict[str, str]:
    """Where each list lies below the repository."""
    suite = f"dists/{chosen.suite}"
    return {
        RELEASE: f"{suite}/{RELEASE}",
        SIGNATURE: f"{suite}/{SIGNATURE}",
        PACKAGES: f"{suite}/{_packages(chosen)}",
    }


def checked_listing(folder: Path, chosen: ChosenPackage, keyring: Path) -> ListedPackage:
    """What the lists in a folder say of the package that a document orders. Raises DocumentRefusedError, OSError.

    The signature is over Release, which has the SHA-256 of Packages, which has that of the package: all must agree with
    the document.
    """
    try:
        check_signature(folder / RELEASE, folder / SIGNATURE, keyring)
        release = _read(folder / RELEASE).decode("utf-8", "replace")
        packages = _read(folder / PACKAGES)
        vouched = release_files(release).get(_packages(chosen))
        if vouched is None or vouched.sha256 != hashlib.sha256(packages).hexdigest():
            raise _refused(Text("the signed index Release does not match the index Packages"))
        for one in listed_packages(packages.decode("utf-8", "replace")):
            if one.sha256 == chosen.sha256:
                _check_same(one, chosen)
                return one
    except (SignatureError, RepositoryIndexError) as error:
        raise _refused(Text.of(str(error))) from None
    raise _refused(Text("the repository does not list the package that the document orders"))


def _check_same(one: ListedPackage, chosen: ChosenPackage) -> None:
    found = (one.name, one.version, one.architecture, one.bytes, one.path.rpartition("/")[2])
    if found != (PACKAGE_NAME, chosen.version, chosen.architecture, chosen.bytes, chosen.file):
        raise _refused(Text("the repository lists another package under the SHA-256 of the document"))


def _packages(chosen: ChosenPackage) -> str:
    return f"main/binary-{chosen.architecture}/{PACKAGES}"


def _read(path: Path) -> bytes:
    with open_regular(path) as file:
        return file.read(LIST_LIMIT_BYTES)


def _refused(why: Text) -> DocumentRefusedError:
    return DocumentRefusedError(DocumentFault.NOT_AUTHENTIC, why)
