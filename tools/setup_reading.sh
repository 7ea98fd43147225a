#!/usr/bin/env bash
# Install what `make bench-reading` compares the product with: other readers of codes and plates, in an environment of
# their own, pinned by hash. One that does not install on this machine is left out; the bench says so and goes on.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
PEERS=.venv-reading

# shellcheck source=tools/debian.sh
. tools/debian.sh

stamp=$PEERS/.installed
wanted=$( { cat requirements-reading.lock tools/setup_reading.sh; "$PYTHON" --version; pwd; } \
    | sha256sum | cut -d' ' -f1)
[ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || exit 0

[ -x "$PEERS/bin/python" ] || { say "making $PEERS"; "$PYTHON" -m venv "$PEERS"; }
install=("$PEERS/bin/python" -m pip install --quiet --disable-pip-version-check \
    --require-hashes --no-deps --only-binary :all:)
say "installing other readers of codes and plates to compare with (about 450 MB on disk; a minute)"
if ! "${install[@]}" -r requirements-reading.lock 2>/dev/null; then
    # One by one: on a newer Python or another processor some have no package.
    parts=$(mktemp -d)
    trap 'rm -rf "$parts"' EXIT
    awk -v folder="$parts" '
        /^[a-z0-9]/ { part = sprintf("%s/%s", folder, substr($1, 1, index($1, "=") - 1)) (++number) }
        { print > part }' requirements-reading.lock
    for part in "$parts"/*; do
        "${install[@]}" -r "$part" || say "left out: $(head -n 1 "$part" | cut -d' ' -f1)"
    done
fi
echo "$wanted" >"$stamp"
