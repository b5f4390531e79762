"""Compute the start systems of walls that ship in data/start_systems_of_walls.npz.

Those of all kinds of walls of all strata of a few small networks, for b that moves and for both data that move, of at
most MOST_WALLS walls. The computation is deterministic up to rounding.

    python scripts/make_start_systems_of_walls.py [--output data/start_systems_of_walls.npz]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

NETWORKS = (
    ((2, 2), (2, 1)),
    ((3, 2), (2, 1)),
    ((4, 2), (2, 1)),
    ((3, 3), (2, 1)),
    ((2, 2), (1, 1)),
    ((3, 2), (1, 1)),
)
MOST_WALLS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    name = "start_systems_of_walls.npz"
    parser.add_argument("--output", type=Path, default=Path(__file__).parent.parent / "data" / name)
    arguments = parser.parse_args()

    from homotopy_lcn import Architecture
    from homotopy_lcn.discriminants.generic_walls import computed_walls
    from homotopy_lcn.discriminants.kinds import questions
    from homotopy_lcn.discriminants.lines import Motion
    from homotopy_lcn.discriminants.start_walls import pack
    from homotopy_lcn.files import write_atomically

    wanted = {}
    for filters, strides in NETWORKS:
        for question in questions(Architecture(filters, strides)):
            for motion in (Motion(False, True), Motion(True, True)):
                if 0 < question.condition.count(motion) <= MOST_WALLS:
                    wanted[question.condition.name, motion.name] = (question.condition, motion)
    systems, began = [], time.monotonic()
    for condition, motion in wanted.values():
        found = computed_walls(condition, motion, condition.count(motion), np.random.default_rng(0))
        print(
            f"{condition.name:30} {motion.name:5} {len(found):4} walls, trace {found.trace:.0e}, "
            f"complete: {found.complete}, {time.monotonic() - began:.0f} s",
            flush=True,
        )
        if found.complete:
            systems.append(found)
    write_atomically(arguments.output, pack(systems))


if __name__ == "__main__":
    main()
