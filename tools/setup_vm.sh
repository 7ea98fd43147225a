#!/usr/bin/env bash
# Install what the proofs on a virtual machine need beside the rest: `make test-vm`.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tools/debian.sh
. tools/debian.sh

need qemu-system-x86 "the virtual machine" command -v qemu-system-x86_64
need qemu-utils "makes its disk" command -v qemu-img
need mmdebstrap "fills its disk with Debian" command -v mmdebstrap
install_missing
