#!/usr/bin/env bash
# bertini2 4.0.0 reports the start points as solutions of equations whose coefficients are small.
#
# 1e-20 x² − 4e-20 = 0 has the solutions ±2. ZeroDimSolver stays on the unit circle, where its start points are, and
# reports two finite solutions, no failure and "all paths resolved". The size of the equations is compared with absolute
# numbers: below about 1e-12 solutions get lost, one by one. Neither precision helps, as no digits are lost. The only signs
# are a condition number of 1e19 and the word singular, for an equation of condition number one. Data in small units give
# such equations; divided by their largest coefficient they are solved.
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

print("bertini2", bertini.__version__)
right = {}
for exponent in (0, -10, -20):
    for precision in ("adaptive", "double"):
        system = bertini.parse.system(f"variable_group x; function f; f = 1.0e{exponent}*x^2 - 4.0e{exponent};")
        solver = bertini.ZeroDimSolver(system, mptype=precision)
        solver.solve()
        ends = [complex(end[0]) for end in solver.all_solutions()]
        codes = {str(facts.endgame_success_code) for facts in solver.solution_metadata()}
        finite = all(facts.is_finite for facts in solver.solution_metadata())
        sizes = [round(abs(x), 6) for x in ends]
        print(f"1e{exponent} x^2 - 4e{exponent}, {precision}: |x| = {sizes}, {codes}, finite: {finite}")
        assert codes == {"Success"} and finite, "changed"
        right[exponent, precision] = all(abs(abs(x) - 2) < 1e-6 for x in ends)
print("right:", right)
sys.exit(right != {(e, p): e > -20 for e in (0, -10, -20) for p in ("adaptive", "double")})
PYTHON
