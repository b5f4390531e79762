#!/usr/bin/env bash
# Singular 4.3.1: powers of integers are taken in 32 bits, in a ring of rational numbers, too, and nothing is said.
#
# In a polynomial over Q, 10000000000*x is what it says, and 10^10*x is 1410065408x; 2^31 is −2147483648 and 2^32 is 0.
# Digits are read as a big number if they do not fit, but a power of two small numbers is computed in machine integers
# first; number(10)^10 is right. An ideal written with scales as powers of ten has other solutions then.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
if ! command -v Singular >/dev/null; then
    apt-get install -y -qq --no-install-recommends singular=1:4.3.1-p3+ds-2 >apt.log 2>&1 || { cat apt.log; exit 1; }
fi
Singular --version | head -1
cat >powers.sing <<'SINGULAR'
ring r = 0, x, dp;
poly a = 10000000000*x; a;
poly b = 10^10*x; b;
poly c = 2^31; c;
poly d = 2^32*x + 1; d;
poly e = number(10)^10*x; e;
quit;
SINGULAR
Singular -q powers.sing </dev/null 2>&1 | tee output
[[ $(cat output) == "10000000000x
1410065408x
-2147483648
1
10000000000x" ]] || { echo "changed"; exit 1; }
