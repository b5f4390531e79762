"""Compute the start systems that ship in data/start_systems.npz.

One for every stratum in separated form (tensor products of blocks, see homotopy_lcn.networks.strata.separated) of the
architectures with at most MOST_POINTS critical filters, blocks of degree MOST_DEGREE, and MOST_COEFFICIENTS
coefficients in separated form. Start systems for any strides follow from them by one homotopy. The computation is
deterministic up to rounding.

    python scripts/make_start_systems.py [--output data/start_systems.npz] [--jobs 2]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np

MOST_POINTS = 500
MOST_DEGREE = 12
MOST_COEFFICIENTS = 64


def partitions(total: int, largest: int | None = None) -> Iterator[tuple[int, ...]]:
    """Partitions of ``total`` with decreasing parts."""
    largest = total if largest is None else largest
    if total == 0:
        yield ()
    for part in range(min(total, largest), 0, -1):
        for rest in partitions(total - part, part):
            yield (part, *rest)


def architectures() -> Iterator[tuple[tuple[int, ...], ...]]:
    """Layer degrees by block of all architectures within the limits, up to the order of blocks and of layers."""
    from homotopy_lcn import Architecture, generic_count

    def within(blocks: tuple[tuple[int, ...], ...]) -> bool:
        return generic_count(Architecture(*layers(blocks))).filters <= MOST_POINTS

    single = [p for degree in range(1, MOST_DEGREE + 1) for p in partitions(degree) if within((p,))]
    for number in range(1, 10):
        found = False
        for blocks in combinations_with_replacement(single, number):
            if np.prod([1 + sum(block) for block in blocks]) <= MOST_COEFFICIENTS and within(blocks):
                found = True
                yield blocks
        if not found:
            return


def layers(blocks: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Filters and strides of an architecture with these layer degrees, its blocks apart."""
    filters: list[int] = []
    strides: list[int] = []
    for block in blocks:
        filters += [d + 1 for d in block]
        strides += [1] * (len(block) - 1) + [1 + sum(block)]
    return tuple(filters), tuple(strides)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent.parent / "data" / "start_systems.npz")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()

    from homotopy_lcn import Architecture, generic_count
    from homotopy_lcn.files import write_atomically
    from homotopy_lcn.networks.strata import Stratum, separated
    from homotopy_lcn.solving.computed_systems import made_diagonal, solve_by_monodromy
    from homotopy_lcn.solving.stored_systems import pack
    from homotopy_lcn.tracking import get_engine
    from homotopy_lcn.tracking.settings import Tracking

    wanted: dict[Stratum, int] = {}
    number = 0
    for blocks in architectures():
        arch = Architecture(*layers(blocks))
        number += 1
        for row in generic_count(arch):
            if row.count > 1:
                wanted[separated(Stratum.of_pattern(arch.blocks, row.pattern))] = row.count
    print(f"{number} architectures, {len(wanted)} strata, {sum(wanted.values())} points", flush=True)

    engine = get_engine("reference")
    systems = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOMOTOPY_LCN_CACHE"] = folder
        for done, (stratum, count) in enumerate(sorted(wanted.items(), key=lambda item: (item[1], item[0].name)), 1):
            tracking = Tracking(engine, jobs=arguments.jobs)
            system = made_diagonal(solve_by_monodromy(stratum, count, tracking), tracking)
            systems.append(system)
            print(
                f"{done:4}/{len(wanted)} {stratum.name:40} {count:4} points, trace {system.trace:.0e}, "
                f"{time.monotonic() - began:.0f} s",
                flush=True,
            )
    write_atomically(arguments.output, pack(systems))


if __name__ == "__main__":
    main()
