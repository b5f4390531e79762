#!/usr/bin/env bash
# bertini2 4.0.0 reads neither 1e3 nor 1.0e+3, the forms in which Python and C print large numbers.
#
# 1.0e3 and 1.0e-3 are read. Without a point the message is 'The string "1e3" could not be interpreted as a valid
# integer', with a plus sign the line is no expression. Python's repr gives 1e+20 and 1e-05, C's "%.3e" gives 1.232e+02.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check bertini2==4.0.0 numpy==2.4.6 2>"$work/pip.log" ||
    { cat "$work/pip.log"; exit 1; }
cd "$work"
BERTINI_RECORDS_DIR=none "$work/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import bertini

print("bertini2", bertini.__version__)
read = []
for text in ("1.0e3", "1.0e-3", "1.0E3", "1e3", "1e-3", "1e+3", "1.0e+3", repr(1e20), repr(1e-5), f"{123.25:.3e}"):
    try:
        bertini.parse.system(f"variable_group x; function f; f = x - {text};")
    except Exception as error:
        print(f"{text}: {' '.join(str(error).split())[:90]}")
    else:
        print(f"{text}: read")
        read.append(text)
sys.exit(read != ["1.0e3", "1.0e-3", "1.0E3"])
PYTHON
