#!/usr/bin/env bash
# Install what `make test-cluster` needs beside the rest, and only if it is missing: RabbitMQ, for a real cluster.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=tools/debian.sh
. tools/debian.sh

has_rabbitmq() { ls -d /usr/lib/rabbitmq/lib/rabbitmq_server-4.*; }

need rabbitmq-server "the tests start a cluster of three nodes of it on this machine; with Erlang about 70 MB" \
    has_rabbitmq
install_missing
has_rabbitmq >/dev/null 2>&1 ||
    die "the rabbitmq-server of this system is older than 4.0, whose MQTT 5 the gates need: $(ls /usr/lib/rabbitmq/lib)"
