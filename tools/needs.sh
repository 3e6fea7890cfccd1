#!/usr/bin/env bash
# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Prints the path of a Python that can make the virtual environments. What only the distribution has is never installed
# from here: one line says what to install. `.ci/run` does that on a machine of its own.
set -euo pipefail

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    local name
    for name in "${PYTHON:-python3}" python3 python3.13 python3.12 python3.11; do
        if is_new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
    return 1
}

ask_for() {
    echo "standby.openstack: missing here, please install: sudo apt-get install $*" >&2
    exit 1
}

missing=()
command -v git >/dev/null || missing+=(git)
command -v qemu-img >/dev/null || missing+=(qemu-utils)
python=$(find_python) || missing+=(python3 python3-venv)
if [ -n "$python" ] && ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    missing+=("$(basename "$(readlink -f "$python")")-venv")
fi
[ ${#missing[@]} -eq 0 ] || ask_for "${missing[@]}"

python=$(find_python) || {
    echo "standby.openstack: wanted Python 3.11 or newer, saw $(python3 --version 2>&1): sudo apt-get install python3.11 python3.11-venv" >&2
    exit 1
}
echo "$python"
