#!/bin/sh
# Makes the virtual environment; says exactly what to install where Python cannot.
set -eu
python=$1
venv=$2

if ! command -v "$python" >/dev/null 2>&1; then
    echo "There is no $python. Install Python 3.11, 3.12 or 3.13, or name it: make run PYTHON=/path/to/python3.12" >&2
    exit 1
fi
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
case "$version" in
    3.11|3.12|3.13) ;;
    *) echo "Lotse needs Python 3.11, 3.12 or 3.13; $python is $version. Name another one: make run PYTHON=python3.12" >&2
       exit 1 ;;
esac
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    echo "Python's venv module is incomplete here. Install it with:" >&2
    echo "    sudo apt-get install python$version-venv" >&2
    exit 1
fi
echo "… Making a virtual environment with Python $version"
rm -rf "$venv"
"$python" -m venv "$venv"
