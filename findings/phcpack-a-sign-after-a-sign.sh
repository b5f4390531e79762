#!/usr/bin/env bash
# PHCpack 2.4.86 reads a minus that another sign follows as a term −1 of its own: "x - -5" is x − 1 − 5.
#
# Programs that put a system together write the sign of a coefficient after an operator: Python's f"{a}*x - {b}*y" gives
# "2*x - -0.5*y" for b = −0.5. phc reads 2x − 1 − 0.5y there, while "x + -5" is read as meant, so that a script seems to
# work until a coefficient after a minus is negative. Nothing is said, and the residuals, of the system that was read,
# are zero.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -q phcpack=2.4.86+dfsg-4+b4 libgnat-12=12.2.0-14+deb12u1 >apt.log 2>&1 || { cat apt.log; exit 1; }
for package in ./*.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(find root -name 'libgnat-12.so*' -printf '%h\n' | head -1)
export LD_LIBRARY_PATH
phc=$(find root -name phc -type f)
"$phc" --version | head -1

solution() { # y, of the equation $1 and x = 10
    rm -f in out
    printf '2\n%s;\nx - 10;\n' "$1" >in
    "$phc" -b in out >log 2>&1
    sed -n 's/^ y : *\([^ ]*\) .*/\1/p' out | tail -1
}

changed=0
expect() {
    local found
    found=$(solution "$1")
    echo "of $1 = 0 and x = 10 it finds y = $found; right: $3"
    [ "$found" = "$2" ] || { echo "changed: $2 before"; changed=1; }
}

expect "x + -5*y" 2.00000000000000E+00 2
expect "x - -5*y" 1.80000000000000E+00 -2
expect "2*x - -0.5*y" 3.80000000000000E+01 -40
expect "x - +5*y" -1.80000000000000E+00 2
expect "x - (-5*y)" -2.00000000000000E+00 -2
exit "$changed"
