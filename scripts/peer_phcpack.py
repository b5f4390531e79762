"""Runs under the Python interpreter that has phcpy; see benchmark_peers.py.

    python3 peer_phcpack.py input.json output.json

For every homotopy of the input: seconds of the call of ``standard_double_track`` (from text to text), seconds of the
path tracking within it, and the ends of the paths.
"""

import json
import sys
import time

from phcpy import phcpy2c3
from phcpy.solutions import make_solution, strsol2dict
from phcpy.trackers import standard_double_track

inner = []
_track = phcpy2c3.py2c_solve_by_standard_homotopy_continuation


def _timed(tasks):
    began = time.process_time()
    result = _track(tasks)
    inner.append(time.process_time() - began)
    return result


def main(source, destination):
    with open(source) as stream:
        job = json.load(stream)
    names = job["unknowns"]
    values = [[complex(*z) for z in point] for point in job["points"]]
    solutions = [make_solution(names, point, tval=0.0) for point in values]
    results = []
    for target in job["targets"]:
        began = time.process_time()
        ends = standard_double_track(target, job["start"], solutions, gamma=complex(1), pwt=job["power"])
        seconds = time.process_time() - began
        points = [[strsol2dict(end)[name] for name in names] for end in ends]
        results.append(
            {"seconds": seconds, "inner": inner[-1], "points": [[[z.real, z.imag] for z in p] for p in points]}
        )
    with open(destination, "w") as stream:
        json.dump(results, stream)


phcpy2c3.py2c_solve_by_standard_homotopy_continuation = _timed
main(*sys.argv[1:])
