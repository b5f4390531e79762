"""Runs under a Python interpreter that has bertini2, version 4; see peer_programs.py.

    python peer_bertini2.py input.json output.json

For every target of the input a line of JSON: seconds of ``solve``, and the ends that bertini2 calls finite solutions.
With a start system and start points it tracks the homotopy between the systems, without them it solves the target from
nothing.
"""

import json
import sys
import time

import bertini
from bertini.nag_algorithm import straight_line_homotopy


def main(source, destination):
    bertini.random.set_random_seed(1)
    with open(source) as stream:
        job = json.load(stream)
    for text in job["targets"]:
        target = bertini.parse.system(text)
        if "start" in job:
            homotopy = straight_line_homotopy(target, bertini.parse.system(job["start"]), gamma=1)
            points = [[complex(*z) for z in point] for point in job["points"]]
            solver = bertini.HomotopySolver(homotopy, points, target, mptype=job["precision"])
        else:
            solver = bertini.ZeroDimSolver(target, startsystem="mhom")
        began = time.process_time()
        solver.solve()
        seconds = time.process_time() - began
        ends = [
            [[complex(z).real, complex(z).imag] for z in end]
            for end, facts in zip(solver.all_solutions(), solver.solution_metadata(), strict=True)
            if facts.endgame_success_code == bertini.SuccessCode.Success and facts.is_finite
        ]
        with open(destination, "a") as stream:
            stream.write(json.dumps({"seconds": seconds, "points": ends}) + "\n")


main(*sys.argv[1:])
