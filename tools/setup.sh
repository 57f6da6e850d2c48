#!/bin/sh
# Makes the environment: a virtual environment with the pinned packages and this project in it.
# Says in one line what is missing and how to get it.
set -eu
python=$1
venv=$2
say() { printf '%s\n' "$*" >&2; }

command -v "$python" >/dev/null 2>&1 || { say "Python 3.11 or newer is needed and '$python' is not here. Debian: apt-get install python3 python3-venv"; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { say "Python 3.11 or newer is needed; '$python' is older. Name another one: make PYTHON=python3.12"; exit 1; }
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Installing Debian's python3-venv ..."
        apt-get install -y -q python3-venv >/dev/null || { apt-get update -q >/dev/null && apt-get install -y -q python3-venv >/dev/null; }
    else
        say "Python's venv is missing. Debian: apt-get install python3-venv (as root)"
        exit 1
    fi
fi
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
say "Installing packages into $venv ..."
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]' ||
    { say "The packages could not be installed: is a package index within reach (pip config list)?"; exit 1; }
