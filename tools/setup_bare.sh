#!/usr/bin/env bash
# Install what the proofs in a bare Debian need beside the rest: `make test-bare`.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tools/debian.sh
. tools/debian.sh

need mmdebstrap "makes the bare systems" command -v mmdebstrap
need qemu-user "runs what is for arm64" command -v qemu-aarch64
install_missing
