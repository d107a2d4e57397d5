#!/bin/sh
# Refreshes now, and then every day at REFRESH_AT (HH:MM in UTC, by default 05:00). Arguments go to refresh.py.
# A refresh that fails says why, and what it left undone is done by the next; scripts/health.py tells when that takes too long.
set -eu

child=
stop() {
    [ -z "$child" ] || { kill -TERM "$child" 2> /dev/null || true; wait "$child" || true; }
    exit 143
}
trap stop TERM INT

# In the background, because a shell hears signals only between commands or while it waits.
run() {
    "$@" &
    child=$!
    code=0
    wait "$child" || code=$?
    child=
    return "$code"
}

at=$(date -u -d "${REFRESH_AT:-05:00}" +%H:%M)
while :; do
    run python scripts/refresh.py --target "${REFRESH_TARGET:-postgres}" "$@" || echo "The refresh ended with exit code $?." >&2
    now=$(date -u +%s)
    next=$(date -u -d "$at" +%s)
    [ "$next" -gt "$now" ] || next=$((next + 86400))
    run sleep $((next - now))
done
