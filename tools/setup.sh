#!/usr/bin/env bash
# Install what the project needs, and only what is missing. Quick when all is there. "demo": without what only tests
# need; "proofs": with what the longer tests need too.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
VENV=${VENV:-.venv}

# shellcheck source=tools/debian.sh
. tools/debian.sh

check_python() {
    "$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' ||
        die "$("$PYTHON" --version) does not fit: Python 3.11, 3.12 or 3.13 is needed;" \
            "name one with: make PYTHON=python3.12 ..."
}
if command -v "$PYTHON" >/dev/null; then
    check_python
else  # a bare Debian has no Python; python3-venv below brings its own
    [ "$PYTHON" = python3 ] || die "there is no $PYTHON; leave PYTHON= away for Debian's own, or install it"
fi

# --- Debian packages: name, how to see that it is there, why
has_library() { PATH="$PATH:/sbin:/usr/sbin" ldconfig -p | grep "$1" >/dev/null; }  # not -q: that breaks the pipe
has_venv() { "$PYTHON" -c 'import ensurepip, venv'; }
has_postgres() { ls /usr/lib/postgresql/*/bin/initdb; }
has_font() { ls /usr/share/fonts/truetype/wqy/wqy-microhei.ttc; }
has_cjk() { ls /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc; }
has_mkfs() { PATH="$PATH:/sbin:/usr/sbin" command -v mkfs.ext4; }
has_broker() { PATH="$PATH:/usr/sbin" command -v mosquitto; }

need python3-venv "makes the product's own Python environment" has_venv
need mosquitto "the MQTT broker of the demo and the tests" has_broker
need mosquitto-clients "an MQTT subscriber that is not ours, to check what arrives" command -v mosquitto_sub
[ "${1:-}" = demo ] \
    || need postgresql "the database of the reference consumer (examples/central), for its tests" has_postgres
[ "${1:-}" = demo ] \
    || need fonts-wqy-microhei "the letters of Chinese plates on printed permits, for the tests" has_font
[ "${1:-}" != proofs ] || need chromium "the browser in which the tests look at the console" command -v chromium
[ "${1:-}" != proofs ] || need fonts-noto-cjk "Chinese letters in the pictures of the console that tests take" has_cjk
[ "${1:-}" != proofs ] || need promtool "checks the alert rules, and when each alert comes" command -v promtool
[ "${1:-}" = demo ] || need alsa-utils "plays recorded speech, which the tests listen to" command -v aplay
[ "${1:-}" = demo ] || need iproute2 "networks that the tests split and slow down" command -v tc
[ "${1:-}" = demo ] || need e2fsprogs "small disks that the tests fill up" has_mkfs
[ "${1:-}" = demo ] \
    || need apt-utils "apt-ftparchive writes the lists of a release's apt repository" command -v apt-ftparchive
[ "${1:-}" = demo ] || need gpg "signs releases; the tests make a key of their own" command -v gpg
[ "${1:-}" = demo ] || need gpg-agent "keeps the private key for gpg" command -v gpg-agent
[ "${1:-}" = demo ] || need gpgv "checks those signatures, as a gate with Debian 12 does" command -v gpgv
[ "${1:-}" = demo ] || need udev "judges the rules for devices, for the tests" command -v udevadm
[ "${1:-}" = demo ] \
    || need systemd-container "boots the Debian package in a container, for the tests" command -v systemd-nspawn
need libseccomp2 "the filter of calls around each vision worker" has_library libseccomp.so.2
need libzbar0 "the second QR reader (pyzbar) calls it" has_library libzbar.so.0

install_missing
check_python

# --- Python packages, pinned by hash
stamp=$VENV/.installed
wanted=$( { cat requirements-dev.lock requirements-peers.lock pyproject.toml tools/setup.sh tools/debian.sh
    "$PYTHON" --version; pwd; } | sha256sum | cut -d' ' -f1)
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    [ -x "$VENV/bin/python" ] || { say "making $VENV"; "$PYTHON" -m venv "$VENV"; }
    say "installing the pinned Python packages (about 640 MB on disk; a minute or two)"
    # The lock names every package: pip must choose none. Asked to, older ones look for a package with extras anew, and
    # refuse the lock on the day that package has a newer release.
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
        --require-hashes --no-deps -r requirements-dev.lock
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
        --require-hashes --no-deps -r requirements-peers.lock
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
fi
"$VENV/bin/python" tools/fetch_models.py
echo "$wanted" >"$stamp"
