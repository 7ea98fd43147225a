#!/usr/bin/env bash
# Install what `make soak` needs beside the rest, and only if it is missing: a clock that can be stepped
# for one process.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=tools/debian.sh
. tools/debian.sh

has_faketime() { ls /usr/lib/*/faketime/libfaketimeMT.so.1; }

need faketime "the soak steps the clock of the agent, and of nothing else on this machine" has_faketime
install_missing
