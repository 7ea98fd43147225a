"""The signatures of a release. The private key is given from outside: gpg knows it, at best from a token."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from tools.deb.project import run
from tools.deb.targets import BuildError
from tools.supply.keyring import KEYRING
from tools.supply.provenance import sha256
from tools.supply.repository import FOLDER, Validity, lay_out_repository, packages_of

if TYPE_CHECKING:
    from pathlib import Path

SIGNATURE: Final = ".sig"
SUMS: Final = "SHA256SUMS"
INSTALLER: Final = "gate-agent-install"
# What is checked by itself, where the other files are not at hand; all others are in SHA256SUMS.
_BY_THEMSELVES: Final = (SUMS, INSTALLER, "*.tar", "*.intoto.json")


def sums(dist: Path) -> str:
    """What SHA256SUMS says of the files of a release: all but itself and the signatures."""
    files = sorted(path for path in dist.iterdir() if path.is_file() and path.name != SUMS and path.suffix != SIGNATURE)
    return "".join(f"{sha256(path)}  {path.name}\n" for path in files)


def sign_release(dist: Path, key: str, validity: Validity) -> list[Path]:
    """Sign all of a release with a key that gpg has, and check each signature as a gate would; the files made.

    `key`: a fingerprint. The repository is made here, of packages that are as SHA256SUMS says: no list is signed that
    could have been altered between the machine that builds and this one. Raises BuildError, for a key too by which no
    gate would know the release.
    """
    keyring = dist / KEYRING
    if not keyring.is_file():
        raise BuildError(f"{keyring} is not there: a release holds the public keys by which gates know it")
    _check_sums(dist)
    files = [path for pattern in _BY_THEMSELVES for path in sorted(dist.glob(pattern))]
    made = [sign_file(path, key) for path in files]
    for signed, signature in zip(files, made, strict=True):
        _check(keyring, signature, signed)
    shutil.rmtree(dist / FOLDER, ignore_errors=True)
    for release in lay_out_repository(dist / FOLDER, packages_of(dist), validity):
        inline, beside = release.with_name("InRelease"), release.with_name("Release.gpg")
        _gpg(key, "--clearsign", "--output", inline, release)
        _gpg(key, "--armor", "--detach-sign", "--output", beside, release)
        _check(keyring, inline)
        made += [inline, beside]
    return made


def _check_sums(dist: Path) -> None:
    """See that a release is what was built, no file more or less. Raises BuildError."""
    file = dist / SUMS
    if not file.is_file():
        raise BuildError(f"{file} is not there: sign the whole folder that make release has made")
    told = file.read_text(encoding="utf-8", errors="replace").splitlines()
    if wrong := sorted({line.partition("  ")[2] for line in {*told} ^ {*sums(dist).splitlines()}}):
        raise BuildError(
            f"{', '.join(wrong)}: expected what {SUMS} says, no file more or less. Nothing was signed. Carry the "
            "folder anew from the machine that built it, and compare the sums with those there"
        )


def sign_file(path: Path, key: str) -> Path:
    """Write a file's detached signature beside it. Raises BuildError."""
    signature = path.with_name(path.name + SIGNATURE)
    _gpg(key, "--detach-sign", "--output", signature, path)
    return signature


def _gpg(key: str, *words: str | Path) -> None:
    # A passphrase or a token's PIN is asked for by gpg-agent, never by gpg itself.
    run(["gpg", "--batch", "--yes", "--quiet", "--digest-algo", "SHA512", "--local-user", key, *words])


def _check(keyring: Path, *signed: Path) -> None:
    try:
        run(["gpgv", "--keyring", keyring.absolute(), *signed])
    except BuildError as error:
        message = (
            f"a gate would refuse {signed[-1].name}. Is the public half of the key in packaging/keyring, and was the "
            f"release built with it?\n{error}"
        )
        raise BuildError(message) from error
