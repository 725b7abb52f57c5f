#!/bin/sh
# Makes .venv with exactly what uv.lock names. Needs Python 3.11 or newer and nothing else; run by `make bootstrap`.
set -eu
cd "$(dirname "$0")/../.."
UV_VERSION=0.13.8

fail() {
    echo "error: $*" >&2
    exit 1
}

# A build without ssl, or Debian's python3-minimal, would fail later and say less.
good() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11)); import asyncio, ssl, venv' 2>/dev/null
}

# Microseconds of a short loop. A Python that was built without optimizations (pyenv's default) takes half as long again.
pace() {
    "$1" -c 'import timeit; print(int(1e6 * min(timeit.repeat("for i in range(50_000): i * i", number=1, repeat=9))))'
}

# All of PATH: python3 of each folder before python3.13 of any.
pythons() {
    for name in python3 python3.13 python3.12 python3.11; do
        IFS=:
        for folder in $PATH; do
            if [ -x "$folder/$name" ]; then
                echo "$folder/$name"
            fi
        done
        unset IFS
    done
}

# The first of them, unless another is faster by a quarter or more.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        good "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or newer with ssl and venv. Choose another: make PYTHON=/path/to/python3"
        return
    fi
    IFS='
'
    for candidate in $(pythons); do
        good "$candidate" || continue
        its_pace=$(pace "$candidate")
        if [ -z "${PYTHON:-}" ] || [ $((its_pace * 5)) -lt $((best_pace * 4)) ]; then
            PYTHON=$candidate best_pace=$its_pace
        fi
    done
    unset IFS
    [ -n "${PYTHON:-}" ] || fail "MagicPic needs Python 3.11 or newer, and no python3, python3.13, python3.12 or python3.11 on PATH is one.
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
    elif python3 -m pip --version >/dev/null 2>&1; then # another Python than the faster one
        python3 -m pip --python .venv/bin/python install --quiet --disable-pip-version-check "$wanted"
    elif command -v uv >/dev/null 2>&1; then
        uv pip install --quiet --python .venv/bin/python "$wanted"
    else
        fail "$PYTHON has neither ensurepip nor pip, so uv cannot be installed into .venv.
Install one (Debian, Ubuntu: apt install python3-venv), then run make again."
    fi
}

if ! { [ -x .venv/bin/python ] && good .venv/bin/python; }; then
    find_python
    echo "setting up .venv with $PYTHON, $("$PYTHON" --version): a minute, once"
    make_venv
fi
if [ "$(.venv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" != "$UV_VERSION" ]; then
    PYTHON=${PYTHON:-python3}
    install_uv
fi
UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=.venv .venv/bin/uv sync --frozen --inexact --quiet \
    --python .venv/bin/python || fail "uv could not install what uv.lock names: its words are above."
