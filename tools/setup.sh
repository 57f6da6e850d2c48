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
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]' -e plugins ||
    { say "The packages could not be installed: is a package index within reach (pip config list)?"; exit 1; }

# Card readers, an extra: nothing here fails the set-up, each missing thing is one line. A system
# daemon is neither started nor stopped: programs and tests start a private one.
missing() {
    [ -f /usr/include/PCSC/winscard.h ] || printf 'libpcsclite-dev '
    command -v cc >/dev/null 2>&1 || printf 'gcc '
    command -v make >/dev/null 2>&1 || printf 'make '
    PATH=$PATH:/usr/sbin command -v pcscd >/dev/null 2>&1 || printf 'pcscd '
    # Where systemd runs, Debian's vpcd would open ports on every interface: not without being asked.
    [ -d /run/systemd/system ] || [ -f /usr/lib/pcsc/drivers/serial/libifdvpcd.so ] || printf 'vsmartcard-vpcd '
}
packages=$(missing)
if [ -n "$packages" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "Installing for card readers: $packages..."
    install() { DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages >/dev/null 2>&1; }
    install || { apt-get update -q >/dev/null 2>&1 && install; } || :
    packages=$(missing)
fi
[ -z "$packages" ] || say "Card readers work in part only. Debian: apt-get install $packages; then: make setup"
if [ -f /usr/include/PCSC/winscard.h ] && command -v cc >/dev/null 2>&1; then
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[pcsc]' ||
        say "pyscard could not be built: card readers will not work. Everything else does."
    { command -v make >/dev/null 2>&1 && make -s -C ifd OUT="$PWD/build/ifd" CC=cc; } ||
        say "The reader driver in ifd/ could not be built: virtual card readers will not work."
fi
