#!/usr/bin/env bash
# NumPy 2.3.5 makes a longdouble of an mpmath 1.3.0 number by way of a double; the other direction keeps all bits.
#
# A point that Newton's method has found in thirty digits comes back to NumPy's extended precision with 53 bits: the array
# has the type longdouble or clongdouble and holds 0.33333333333333331483, as mpf offers NumPy nothing but float() and
# complex(). From NumPy to mpmath 64 bits of 64 arrive, so that a test of one direction promises the other. What works
# is to pass the rounded number and the rest: longdouble(float(x)) + longdouble(float(x - float(x))).
# (On machines whose longdouble is a double there is nothing to be seen, and the script says so.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.3.5 mpmath==1.3.0 2>"$work/pip.log" ||
    { cat "$work/pip.log"; exit 1; }
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import mpmath
import numpy as np

print("NumPy", np.__version__, "mpmath", mpmath.__version__)
if np.finfo(np.longdouble).nmant <= 52:
    raise SystemExit("longdouble is double here; run this on x86-64 Linux")
mpmath.mp.dps = 30
third = mpmath.mpf(1) / 3
exact = np.longdouble(1) / 3

there = mpmath.mpmathify(exact)
print("longdouble to mpmath:", there, "error", mpmath.nstr(abs(there - third), 3))
back = {
    "np.longdouble(x)": np.longdouble(third),
    "np.array([x], np.longdouble)": np.array([third], np.longdouble)[0],
    "object array, astype(np.clongdouble)": np.array([mpmath.mpc(third)]).astype(np.clongdouble)[0].real,
}
for how, value in back.items():
    print(f"{how}: {value!r}, a double: {value == float(third)}, error {abs(value - exact):.1e}")
rest = np.longdouble(float(third)) + np.longdouble(float(third - float(third)))
print("rounded number and rest:", repr(rest), "error", abs(rest - exact))
changed = abs(there - third) > 1e-19 or any(value != float(third) for value in back.values()) or rest != exact
raise SystemExit("changed" if changed else 0)
PYTHON
