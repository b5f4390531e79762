#!/usr/bin/env bash
# phcpy 1.1.2's ade_double_track returns one point, which is no solution, for all paths, with errors of zero.
#
# From x² − 1 to x² − 4 standard_double_track arrives at 2 and −2. ade_double_track, which takes the same arguments, gives
# x = 4 twice, at t = 1, with err, rco and res all zero. The numbers that tell a good end from a bad one are not computed,
# so that a program that believes them takes 4 for a solution.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
if ! /usr/bin/python3 -c 'import phcpy' >/dev/null 2>&1; then
    apt-get install -y -qq --no-install-recommends python3-phcpy=2.4.86+dfsg-4+b4 >apt.log 2>&1 || { cat apt.log; exit 1; }
fi
/usr/bin/python3 - <<'PYTHON'
import sys

from phcpy.solutions import make_solution, strsol2dict
from phcpy.trackers import ade_double_track, standard_double_track

start, target = ["x^2 - 1;"], ["x^2 - 4;"]
solutions = [make_solution(["x"], [value]) for value in (1.0, -1.0)]
ends = {}
for name, track, options in (("standard", standard_double_track, {}), ("ade", ade_double_track, {"verbose": False})):
    found = [strsol2dict(end) for end in track(target, start, solutions, **options)]
    ends[name] = sorted(round(end["x"].real, 6) for end in found)
    numbers = [(end["t"].real, end["err"], end["res"]) for end in found]
    print(f"{name}_double_track: x = {ends[name]}, t, err, res = {numbers}")
    assert all(end["t"] == 1 and end["err"] < 1e-8 and end["res"] < 1e-8 for end in found), "changed"
sys.exit(ends != {"standard": [-2.0, 2.0], "ade": [4.0, 4.0]})
PYTHON
