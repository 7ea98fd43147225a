#!/usr/bin/env bash
# Install what `make test-generators` needs beside the rest, and only if it is missing: Node with ajv, modelina and
# quicktype, a Java compiler, and datamodel-code-generator in .venv-generators; each version is pinned by hash.
set -euo pipefail
cd "$(dirname "$0")/.."
VENV=${VENV:-.venv}

# shellcheck source=tools/debian.sh
. tools/debian.sh

has_node() { [ "$(node --version | sed 's/^v//; s/\..*//')" -ge 20 ]; }

command -v node >/dev/null 2>&1 || need nodejs "ajv, modelina, quicktype and examples/central-node run in it" has_node
need npm "it installs them" command -v npm
need default-jdk-headless "its javac compiles the Java classes that modelina makes" command -v javac
install_missing
has_node >/dev/null 2>&1 ||
    die "the generators need Node 20 or later, as Debian 13 has it; this one is $(node --version)"

for folder in tests/generators examples/central-node; do
    wanted=$(cat "$folder/package.json" "$folder/package-lock.json" | sha256sum | cut -d' ' -f1)
    [ "$(cat "$folder/node_modules/.installed" 2>/dev/null)" != "$wanted" ] || continue
    say "installing what $folder names (a minute)"
    # Without the scripts of packages: nothing of these is built here.
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    echo "$wanted" >"$folder/node_modules/.installed"
done

wanted=$(sha256sum requirements-generators.lock | cut -d' ' -f1)
[ "$(cat .venv-generators/.installed 2>/dev/null)" = "$wanted" ] && exit 0
say "making .venv-generators"
"$VENV/bin/python" -m venv --without-pip .venv-generators
"$VENV/bin/python" -m pip --python .venv-generators/bin/python install --quiet --disable-pip-version-check \
    --require-hashes --no-deps --only-binary :all: -r requirements-generators.lock
echo "$wanted" >.venv-generators/.installed
