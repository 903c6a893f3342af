#!/bin/sh
# Looks for what a build needs, says in one sentence each what to do about what is missing, and prints the Python to use.
#
#     sh requirements/check.sh          -> /usr/bin/python3.12
#     PYTHON=/opt/py/bin/python3.13 sh requirements/check.sh
set -u
cd "$(dirname "$0")/.." || exit 2
failed=0

complain() {
    echo "make: $*" >&2
    failed=1
}

# A name on the PATH may be a shim that runs nothing, and Debian ships Python without ensurepip: so try them for real.
suitable() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

python=""
for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
    if suitable "$candidate"; then
        python=$("$candidate" -c 'import sys; print(sys.executable)')
        break
    fi
done
if [ -z "$python" ]; then
    if found=$("${PYTHON:-python3}" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null); then
        complain "Python 3.11, 3.12 or 3.13 with venv and pip is needed and here is $found or one without venv: install one" \
            "(Debian and Ubuntu: apt install python3-venv), or name it: make PYTHON=/path/to/python3.12."
    else
        complain "Python is missing: install 3.11, 3.12 or 3.13 with venv and pip (Debian and Ubuntu: apt install python3-venv)."
    fi
fi

wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' kernel/Cargo.toml)
if ! version=$(rustc --version 2>/dev/null) || ! cargo --version >/dev/null 2>&1; then
    complain "Rust is missing: install rustup, run 'rustup toolchain install stable', and see that ~/.cargo/bin is on the PATH."
else
    have=$(echo "$version" | sed 's/^rustc \([0-9]*\.[0-9]*\).*/\1/')
    if [ "${have%%.*}" -lt "${wanted%%.*}" ] || { [ "${have%%.*}" -eq "${wanted%%.*}" ] && [ "${have#*.}" -lt "${wanted#*.}" ]; }; then
        complain "Rust $wanted or newer is needed and here is $have: run 'rustup update stable'."
    fi
fi

if ! command -v cc >/dev/null 2>&1; then
    complain "A C compiler named cc is missing (Rust links with it): Debian and Ubuntu: apt install gcc libc6-dev;" \
        "macOS: xcode-select --install."
fi

[ "$failed" -eq 0 ] || exit 1
echo "$python"
