#!/bin/sh
# Writes .env, or the file named: .env.example with a fresh secret wherever it leaves one out.
# A file that is there already stays: what its passwords open would be lost with them.
set -eu
cd "$(dirname "$0")/../.."
target=${1:-.env}
if [ -e "$target" ]; then
    echo "error: $target is there already. Change it by hand, or move it away." >&2
    exit 1
fi
umask 077
while IFS= read -r line; do
    case $line in
    MAGICPIC_AUTH_SIGNING_KEY=) line=$line$(head -c 32 /dev/urandom | base64) ;;
    MAGICPIC_*=) line=$line$(head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n') ;;
    esac
    printf '%s\n' "$line"
done <.env.example >"$target.unfinished"
mv "$target.unfinished" "$target"
echo "wrote $target"
