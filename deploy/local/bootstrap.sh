#!/bin/sh
# Makes .venv with exactly what uv.lock names. Needs Python 3.11 or newer and nothing else; run by `make bootstrap`.
set -eu
cd "$(dirname "$0")/../.."
UV_VERSION=0.13.8

fail() {
    echo "error: $*" >&2
    exit 1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        new_enough "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or newer. Choose another: make PYTHON=/path/to/python3"
        return
    fi
    for PYTHON in python3 python3.13 python3.12 python3.11; do
        if new_enough "$PYTHON"; then
            return
        fi
    done
    fail "MagicPic needs Python 3.11 or newer, and no python3, python3.13, python3.12 or python3.11 on PATH is one.
Install it (Debian 12, Ubuntu 24.04: apt install python3 python3-venv; macOS: brew install python@3.13; any Linux:
https://docs.astral.sh/uv/guides/install-python), or name yours: make PYTHON=/path/to/python3"
}

# Debian and Ubuntu ship venv without ensurepip. Then uv is put in by a pip or uv that is already on the machine.
make_venv() {
    if "$PYTHON" -c 'import ensurepip' 2>/dev/null && "$PYTHON" -m venv --clear .venv >/dev/null 2>&1; then
        return
    fi
    "$PYTHON" -m venv --clear --without-pip .venv || fail "$PYTHON cannot make virtual environments.
Install its venv module (Debian, Ubuntu: apt install python3-venv), then run make again."
}

install_uv() {
    wanted="uv==$UV_VERSION"
    if .venv/bin/python -m pip --version >/dev/null 2>&1; then
        .venv/bin/python -m pip install --quiet --disable-pip-version-check "$wanted"
    elif "$PYTHON" -m pip --version >/dev/null 2>&1; then
        "$PYTHON" -m pip --python .venv/bin/python install --quiet --disable-pip-version-check "$wanted"
    elif command -v uv >/dev/null 2>&1; then
        uv pip install --quiet --python .venv/bin/python "$wanted"
    else
        fail "$PYTHON has neither ensurepip nor pip, so uv cannot be installed into .venv.
Install one (Debian, Ubuntu: apt install python3-venv), then run make again."
    fi
}

if ! { [ -x .venv/bin/python ] && new_enough .venv/bin/python; }; then
    find_python
    echo "setting up .venv with $("$PYTHON" --version): a minute, once"
    make_venv
fi
if [ "$(.venv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" != "$UV_VERSION" ]; then
    PYTHON=${PYTHON:-python3}
    install_uv
fi
UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=.venv .venv/bin/uv sync --frozen --inexact --quiet \
    --python .venv/bin/python || fail "uv could not install what uv.lock names: its words are above."
