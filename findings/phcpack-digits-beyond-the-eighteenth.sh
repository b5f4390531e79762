#!/usr/bin/env bash
# PHCpack 2.4.86 drops the digits of a number beyond the eighteenth on either side of the point, and the places with them.
#
# phc reads the digits before the point and those after it as two integers of at most 18 digits. Of a longer integer the
# rest is dropped without a word, so 12345678901234567890 becomes 1.23456789012345678e17, a hundredth of it, and one over
# it a hundred times as much. After the point zeros count as digits: 0.000000012345678901234567 keeps ten of its
# seventeen digits, and 0.0000000000000000000123 is zero. In scientific notation the same numbers are read in full.
# Exact integers of a rational problem and the fixed-point output of printf("%.25f") are such numbers. The blackbox solver
# then solves another system and reports residuals of zero.
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

solution() { # of the equation x = $1
    rm -f in out
    printf '1\nx - %s;\n' "$1" >in
    "$phc" -b in out >log 2>&1
    sed -n 's/^ x : *\([^ ]*\) .*/\1/p' out | tail -1
}

changed=0
expect() {
    local found
    found=$(solution "$1")
    echo "x = $1 is read as $found"
    [ "$found" = "$2" ] || { echo "changed: $2 before"; changed=1; }
}

expect 123456789012345678 1.23456789012346E+17
expect 12345678901234567890 1.23456789012346E+17
expect 1.2345678901234567890E+19 1.23456789012346E+19
expect 1/12345678901234567890 8.10000007290000E-18
expect 0.000000012345678901234567 1.23456789010000E-08
expect 1.2345678901234567E-08 1.23456789012346E-08
expect 0.0000000000000000000123 -0.00000000000000E+00
exit "$changed"
