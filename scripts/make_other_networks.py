"""Compute data/other_networks.csv: which classes of critical points occur in networks that are not ordinary ones.

For each network the critical parameters of one Gaussian data set are all computed: as many as the generic ED degree of
the tensor product of the layers, so that none is missing. They are sorted by filter, and by the layers that coincide.
At each filter the rank of dμ, by singular values, is compared with the dimension of the class. So a class that occurs
and that the count does not know would be noticed, as would a count that is wrong.

The networks are the products of two, three and four boxes of at most 3 × 3 or 1 × 4 pixels that are no ordinary
networks, with strides one and with the first stride two, up to the order of equal strides and transposition; and the
products of two and three small supports with gaps. Those with more critical parameters than --max-count are left out.
The file is written anew after each network, and a run that is killed goes on from it.

nice python scripts/make_other_networks.py
"""

from __future__ import annotations

import argparse
import csv
import time
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from itertools import combinations_with_replacement, product
from pathlib import Path

import numpy as np

import homotopy_lcn as hl
from homotopy_lcn.classification.support_points import class_dimension
from homotopy_lcn.files import write_atomically
from homotopy_lcn.losses.random_data import random_gaussian, random_loss_seed
from homotopy_lcn.networks.parameters import jacobian
from homotopy_lcn.networks.patterns import format_pattern
from homotopy_lcn.networks.support_networks import SupportNetwork
from homotopy_lcn.tables.atlas_table import checksum_line, checksum_path

OUTPUT = Path(__file__).parent.parent / "data" / "other_networks.csv"
COLUMNS = ("network", "shape", "dimension", "parameters", "filters", "classes", "ranks", "found", "status")
BOXES = ((1, 2), (2, 1), (1, 3), (3, 1), (1, 4), (4, 1), (2, 2), (2, 3), (3, 2), (3, 3))
CORNER, DIAGONAL, ANTIDIAGONAL = ((0, 0), (0, 1), (1, 0)), ((0, 0), (1, 1)), ((0, 1), (1, 0))
GAPS = (CORNER, DIAGONAL, ANTIDIAGONAL, ((0, 0), (0, 1)), ((0, 0), (0, 1), (0, 3)), ((0, 0), (0, 1), (1, 1)))
#: Singular values below this part of the largest one are zero.
ZERO = 1e-9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--max-count", type=int, default=6500, metavar="N", help="critical parameters of a network")
    parser.add_argument("--seconds", type=float, default=np.inf, help="stop after the network that is worked on then")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began = time.monotonic()
    done = read(options.output)
    chosen = sorted(networks(options.max_count), key=lambda item: item[0])
    for number, (parameters, network) in enumerate(chosen, 1):
        if network.notation in done:
            continue
        if time.monotonic() - began > options.seconds:
            print(f"stopped before network {number} of {len(chosen)}", flush=True)
            break
        start = time.monotonic()
        done[network.notation] = row = examined(network, options.seed)
        text = as_csv([done[n.notation] for _, n in chosen if n.notation in done])
        write_atomically(options.output, text)
        write_atomically(checksum_path(options.output), checksum_line(options.output, text))
        print(
            f"{number:4}/{len(chosen)} {network.notation}: {parameters} θ, {row['classes']}, {row['status']}, "
            f"{time.monotonic() - start:.1f} s",
            flush=True,
        )


def networks(max_count: int) -> Iterator[tuple[int, SupportNetwork]]:
    """The networks with the numbers of their critical parameters."""
    seen = set()
    for depth, first in product((2, 3, 4), (1, 2)):
        for boxes in combinations_with_replacement(BOXES, depth):
            for order in range(depth if first > 1 else 1):
                chosen = (boxes[order], *boxes[:order], *boxes[order + 1 :])  # with a stride, the first layer matters
                key = min(_key(chosen, first), _key([(b, a) for a, b in chosen], first))
                if key not in seen:
                    seen.add(key)
                    strides = (first, *[1] * (depth - 1))
                    yield from _small(hl.Architecture(filters=tuple(chosen), strides=strides), max_count)
    for depth in (2, 3):
        for supports in combinations_with_replacement(GAPS, depth):
            yield from _small(hl.Architecture(supports=supports), max_count)


def _key(boxes: list[tuple[int, int]] | tuple[tuple[int, int], ...], first: int) -> tuple[object, ...]:
    return (first, tuple(sorted(boxes))) if first == 1 else (first, boxes[0], tuple(sorted(boxes[1:])))


def _small(network: hl.Architecture, max_count: int) -> Iterator[tuple[int, SupportNetwork]]:
    if isinstance(network, SupportNetwork) and network.one_dimensional is None:
        parameters = hl.generic_totals(network).parameters
        if parameters <= max_count:
            yield parameters, network


def examined(network: SupportNetwork, seed: int) -> dict[str, str]:
    """The row of a network."""
    table = hl.generic_count(network)
    loss = random_gaussian(network, np.random.default_rng(random_loss_seed(seed, 0))).loss
    result = hl.critical_points(network, loss, seed=seed, max_count=10**6)
    found = Counter(point.stratum for point in result if point.nonsingular)
    ranks: dict[object, set[int]] = {}
    for point in result:
        if point.parameters:  # of real and of one of each pair of complex points
            values = np.linalg.svd(jacobian(network, point.parameters[0]), compute_uv=False)
            ranks.setdefault(point.stratum, set()).add(int((values > ZERO * values[0]).sum()))
    exact = all(found[row.pattern] == row.count for row in table) and len(found) == sum(row.count > 0 for row in table)
    ranked = all(ranks.get(row.pattern, set()) <= {class_dimension(network, row.pattern)} for row in table)
    return {
        "network": network.notation,
        "shape": "×".join(map(str, network.shape)),
        "dimension": str(network.dimension),
        "parameters": str(table.parameters),
        "filters": str(table.filters),
        "classes": " + ".join(f"{format_pattern(row.pattern)} {row.factorizations}·{row.count}" for row in table),
        "ranks": ", ".join(str(class_dimension(network, row.pattern)) for row in table),
        "found": str(sum(found.values())),
        "status": "found" if result.complete and exact and ranked else "not found",
    }


def read(path: Path) -> dict[str, dict[str, str]]:
    """The rows that are there, by network."""
    if not path.exists():
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        return {row["network"]: row for row in csv.DictReader(file)}


def as_csv(rows: list[dict[str, str]]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


if __name__ == "__main__":
    main()
