#!/usr/bin/env bash
# Macaulay2 1.21's track calls the start points regular solutions of equations whose coefficients are small.
#
# 1e-20 x² − 4e-20 = 0 has the solutions ±2. solveSystem gives two points near the unit circle, where its start points
# are, with the status Regular: Newton's method finds the equations small enough at once. Divided by 1e-20 they are
# solved. Data in small units give such equations.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
if ! command -v M2 >/dev/null || [[ $(M2 --version) != 1.21 ]]; then
    apt-get install -y -qq --no-install-recommends macaulay2=1.21+ds-3+b1 >apt.log 2>&1 || { cat apt.log; exit 1; }
fi
echo "Macaulay2 $(M2 --version)"
cat >small.m2 <<'M2'
needsPackage "NumericalAlgebraicGeometry"
R = CC[x,y]
report = (name, equations) -> (
    points := solveSystem equations;
    size := p -> toString round(1000 * abs((coordinates p)#0));
    scan(points, p -> << name << ": " << status p << ", |x| = " << size p << "/1000" << endl);
    )
report("x^2 - 4", {x^2 - 4, y - 1})
report("1e-20 x^2 - 4e-20", {1e-20*x^2 - 4e-20, y - 1})
M2
M2 --script small.m2 | tee output
[[ $(cat output) == "x^2 - 4: Regular, |x| = 2000/1000
x^2 - 4: Regular, |x| = 2000/1000
1e-20 x^2 - 4e-20: Regular, |x| = 1000/1000
1e-20 x^2 - 4e-20: Regular, |x| = 1000/1000" ]] || { echo "changed"; exit 1; }
