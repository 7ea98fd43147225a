#!/usr/bin/env bash
# Install what the proofs of the central side need beside the rest, and only if it is missing: PostgreSQL, and
# Prometheus with its promtool, which the tests of dashboards and alerts leave out where they are missing.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=tools/debian.sh
. tools/debian.sh

has_postgres() { ls /usr/lib/postgresql/*/bin/initdb; }

need postgresql "the central database" has_postgres
need prometheus "fetches the real exporter, and is asked what dashboards and alerts ask" command -v prometheus
need promtool "checks the alert rules, and when each alert comes" command -v promtool
install_missing
