#!/usr/bin/env bash
# Write requirements.lock (what a gate installs) and requirements-dev.lock (plus tools and tests) and
# requirements-peers.lock (others' programs that tests use, without what those would install) and
# requirements-reading.lock (other readers, that a bench compares), requirements-fuzz.lock and
# requirements-generators.lock (what makes code of the contract) from pyproject.toml,
# for Python 3.11 to 3.13 on x86-64 and arm64, with hashes and without the name of any index.
set -euo pipefail
cd "$(dirname "$0")/.."
compile=("${VENV:-.venv}/bin/uv" pip compile --universal --python-version 3.11
    --generate-hashes --no-emit-index-url --no-header --quiet)
"${compile[@]}" pyproject.toml -o requirements.lock
"${compile[@]}" pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
"${compile[@]}" --group peers --no-deps -o requirements-peers.lock
"${compile[@]}" --group fuzz --no-deps -o requirements-fuzz.lock
"${compile[@]}" --group generators -c requirements.lock -o requirements-generators.lock
"${compile[@]}" --group reading --no-deps -c requirements.lock -o requirements-reading.lock
"${compile[@]}" --group training -c requirements.lock -o training/requirements.lock
