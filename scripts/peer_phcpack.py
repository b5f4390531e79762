"""Runs under the Python interpreter that has phcpy; see peer_programs.py.

    python3 peer_phcpack.py input.json output.json

For every homotopy of the input a line of JSON: seconds of the call of ``standard_double_track`` (from text to text),
and the ends of the paths that arrived.
"""

import json
import sys
import time

from phcpy.solutions import make_solution, strsol2dict
from phcpy.trackers import standard_double_track

#: A path has arrived if t is 1 and the last step of Newton's method is at most this.
LAST_STEP = 1e-8


def main(source, destination):
    with open(source) as stream:
        job = json.load(stream)
    names = job["unknowns"]
    values = [[complex(*z) for z in point] for point in job["points"]]
    solutions = [make_solution(names, point, tval=0.0) for point in values]
    for target in job["targets"]:
        began = time.process_time()
        ends = standard_double_track(target, job["start"], solutions, gamma=complex(1), pwt=job["power"])
        seconds = time.process_time() - began
        ends = [strsol2dict(end) for end in ends]
        arrived = [end for end in ends if end["t"] == 1 and end["err"] <= LAST_STEP]
        points = [[[end[name].real, end[name].imag] for name in names] for end in arrived]
        with open(destination, "a") as stream:
            stream.write(json.dumps({"seconds": seconds, "points": points}) + "\n")


main(*sys.argv[1:])
