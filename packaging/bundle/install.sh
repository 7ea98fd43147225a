#!/bin/sh
# Install the gate agent on a computer without a line: everything that it needs lies beside this script.
set -eu

RELEASE=@RELEASE@
ARCHITECTURE=@ARCHITECTURE@

die() {
    printf 'install: %s\n' "$*" >&2
    exit 1
}

cd "$(dirname "$0")"
[ "$(id -u)" = 0 ] || die "this needs root: sudo sh $0"
command -v dpkg >/dev/null || die "this is for Debian $RELEASE, and here is no dpkg"
# shellcheck source=/dev/null
release=$(. /etc/os-release && printf '%s %s' "${ID:-}" "${VERSION_ID:-}")
[ "$release" = "debian $RELEASE" ] \
    || die "this is for Debian $RELEASE, and here is '$release': take the bundle for that release"
architecture=$(dpkg --print-architecture)
[ "$architecture" = "$ARCHITECTURE" ] \
    || die "this is for $ARCHITECTURE, and here is $architecture: take the bundle for that"
sha256sum --check --quiet SHA256SUMS || die "a file is damaged, see above: copy the bundle anew. Nothing was changed"

missing=
for file in debian/*.deb; do
    [ -e "$file" ] || continue
    name=$(dpkg-deb --field "$file" Package)
    # What is there already is left as it is.
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$name" 2>/dev/null || :)" = installed ] \
        || missing="$missing ./$file"
done
# By apt, which puts them in their order: dpkg refuses a python3 whose parts are not yet set up. From these files alone.
bring() {
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends --no-remove \
        -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=/dev/null -o APT::Sandbox::User=root "$@"
}
# shellcheck disable=SC2086  # a list of names without spaces
[ -z "$missing" ] || bring $missing || die "Debian's own packages could not be installed, see above"
dpkg --install gate-agent_*.deb || die "the gate agent could not be installed, see above; what ran before runs on"
