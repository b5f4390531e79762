#!/usr/bin/env bash
# mpmath 1.3.0: lu_solve says of some singular matrices "numerically singular", of others that None is no integer.
#
# Its documentation and its code promise ZeroDivisionError for a singular matrix, and a program catches that. Where a
# column is zero below the diagonal after elimination, no pivot is chosen, and the exchange of rows with "row None" ends in
# TypeError: '>=' not supported between instances of 'NoneType' and 'int'. The same matrix with its last two columns
# exchanged raises ZeroDivisionError. Newton's method in many digits meets such matrices at critical points that form a
# continuum, where zeros are exact.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check mpmath==1.3.0 2>"$work/pip.log" ||
    { cat "$work/pip.log"; exit 1; }
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import mpmath

print("mpmath", mpmath.__version__)
found = []
for rows in ([[1, 1, 1], [1, 1, 2], [1, 1, 3]], [[1, 1, 1], [1, 2, 1], [1, 3, 1]], [[1, 1], [1, 1]]):
    try:
        found.append(f"solved: {mpmath.lu_solve(mpmath.matrix(rows), mpmath.matrix([1] * len(rows))).T}")
    except Exception as error:
        found.append(f"{type(error).__name__}: {error}")
    print(rows, "->", found[-1])
expected = ["TypeError", "ZeroDivisionError", "ZeroDivisionError"]
raise SystemExit(0 if [text.split(":")[0] for text in found] == expected else "changed")
PYTHON
