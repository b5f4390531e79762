#!/usr/bin/env bash
# bertini2 4.0.0 reads -2^2 as 4, but -x^2 as −x², in one and the same input file.
#
# A minus before a number belongs to the number, before the power is taken; a minus before a name, after a term or before
# parentheses is taken last, as in mathematics. So -2^2*x - 1 is 4x − 1, while 0-2^2*x - 1 is −4x − 1. A program that
# writes coefficients as powers, as -10^2*x, gets the roots of another polynomial, and residuals of zero.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check bertini2==4.0.0 numpy==2.4.6 2>"$work/pip.log" ||
    { cat "$work/pip.log"; exit 1; }
cd "$work"
BERTINI_RECORDS_DIR=none "$work/venv/bin/python" - <<'PYTHON'
import sys

import bertini
import numpy as np

print("bertini2", bertini.__version__)
expected = {"-2^2": 4, "-2.0^2": 4, "-2^2*x": 12, "x*-2^2": 12, "0-2^2": -4, "3-2^2": -1}
expected |= {"-(2^2)": -4, "-x^2": -9, "-2*x^2": -18}
changed = False
for text, before in expected.items():
    system = bertini.parse.system(f"variable_group x; function f; f = {text};")
    value = complex(system.eval(np.array([3.0]))[0])
    print(f"at x = 3: {text} is {value.real:g}")
    changed |= value != before
sys.exit(changed)
PYTHON
