#!/usr/bin/env bash
# When, and with which configuration; never what. Its exit code is that of `carddata-retention run`.
# All its own words go to stderr. Arguments are handed on: nightly.sh --config /etc/carddata-retention/other.toml
set -u

environment=${CARDDATA_ENVIRONMENT:-/etc/carddata-retention/environment}
lock=${CARDDATA_LOCK:-/run/lock/carddata-retention.lock}

say() { printf 'nightly.sh: %s\n' "$*" >&2; }

[ -r "$environment" ] || { say "cannot read $environment; nothing was started."; exit 40; }
set -a
# shellcheck source=/dev/null
. "$environment" || { say "$environment is not a list of NAME='value'; nothing was started."; exit 40; }
set +a

for needed in flock carddata-retention; do
    command -v "$needed" >/dev/null || { say "there is no $needed on PATH; nothing was started."; exit 40; }
done

{ exec 9>>"$lock"; } 2>/dev/null || { say "cannot write $lock; nothing was started."; exit 40; }
flock -n 9 || { say "another run holds $lock; nothing was started."; exit 41; }

# The lock stays with the process; signals from cron, systemd or Kubernetes reach it, and nothing stands between.
exec carddata-retention run "$@"
