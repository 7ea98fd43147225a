"""The lists of a repository, as apt-ftparchive writes them and as nobody should."""

import pytest

from agent.core.software import IndexedFile, RepositoryIndexError, listed_packages, release_files

SHA = "0123456789abcdef" * 4
RELEASE = f"""Origin: gate-agent
Suite: trixie
MD5Sum:
 {"0" * 32} 7 main/binary-amd64/Packages
SHA256:
 {SHA}             1234 main/binary-amd64/Packages
 {SHA[::-1]}              567 main/binary-amd64/Packages.gz
Description: Gate agent for Debian 13
"""
PACKAGES = f"""Package: gate-agent
Version: 0.5.0+deb13
Architecture: amd64
Filename: pool/trixie/main/gate-agent_0.5.0+deb13_amd64.deb
Size: 1234
SHA256: {SHA.upper()}
Description: agent of a vehicle gate
 Package: another
 Size: 1

"""


def test_release_names_its_files_by_sha256_alone():
    files = release_files(RELEASE)
    assert files["main/binary-amd64/Packages"] == IndexedFile(SHA, 1234)
    assert set(files) == {"main/binary-amd64/Packages", "main/binary-amd64/Packages.gz"}


@pytest.mark.parametrize("text", ["", "SHA256:\n", f"SHA1:\n {SHA} 1 x\n", f"SHA256:\n {SHA[1:]} 1 x\n"])
def test_a_release_without_sums_vouches_for_nothing(text):
    with pytest.raises(RepositoryIndexError):
        release_files(text)


def test_packages_are_read_with_their_hashes():
    (one,) = listed_packages(PACKAGES)
    assert (one.name, one.version, one.architecture, one.bytes) == ("gate-agent", "0.5.0+deb13", "amd64", 1234)
    assert (one.path, one.sha256) == ("pool/trixie/main/gate-agent_0.5.0+deb13_amd64.deb", SHA)


@pytest.mark.parametrize("field", ["Package", "Version", "Filename", "Size", "SHA256"])
def test_an_entry_that_lacks_something_is_refused(field):
    lacking = "\n".join(line for line in PACKAGES.split("\n") if not line.startswith(f"{field}:"))
    with pytest.raises(RepositoryIndexError):
        list(listed_packages(lacking))
    with pytest.raises(RepositoryIndexError):
        list(listed_packages(PACKAGES.replace("Size: 1234", "Size: many")))
