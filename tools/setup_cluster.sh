#!/usr/bin/env bash
# Install what `make test-cluster` needs beside the rest, and only if it is missing: RabbitMQ, for a real cluster.
set -euo pipefail

say() { printf '\033[1msetup:\033[0m %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

if ! ls -d /usr/lib/rabbitmq/lib/rabbitmq_server-4.* >/dev/null 2>&1; then
    say "Debian package rabbitmq-server (4.0 or later) is missing: the tests start a cluster of three nodes of it on this machine"
    command -v apt-get >/dev/null || die "please install rabbitmq-server 4"
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "as root, please run: apt-get install rabbitmq-server"
        as_root=(sudo)
    fi
    say "installing rabbitmq-server; with Erlang that is about 70 MB on disk"
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get update -qq
    # RUNLEVEL=1: without starting the packaged broker. The tests start their own nodes, on free ports.
    "${as_root[@]}" env RUNLEVEL=1 apt-get install -y -qq --no-install-recommends rabbitmq-server >/dev/null
    ls -d /usr/lib/rabbitmq/lib/rabbitmq_server-4.* >/dev/null 2>&1 ||
        die "the rabbitmq-server of this system is older than 4.0, whose MQTT 5 the gates need: $(ls /usr/lib/rabbitmq/lib)"
fi
