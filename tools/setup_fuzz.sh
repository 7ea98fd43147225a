#!/usr/bin/env bash
# Install what `make fuzz-guided` needs beside the rest into .venv-fuzz, pinned by hash; the libraries come from .venv.
set -euo pipefail
cd "$(dirname "$0")/.."
VENV=${VENV:-.venv}

wanted=$(sha256sum requirements-fuzz.lock | cut -d' ' -f1)
[ "$(cat .venv-fuzz/.installed 2>/dev/null)" = "$wanted" ] && exit 0
"$VENV/bin/python" -m venv --without-pip .venv-fuzz
"$VENV/bin/python" -m pip --python .venv-fuzz/bin/python install --quiet --disable-pip-version-check \
    --require-hashes --no-deps --only-binary :all: -r requirements-fuzz.lock
packages=$(.venv-fuzz/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
"$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >"$packages/project.pth"
echo "$wanted" >.venv-fuzz/.installed
