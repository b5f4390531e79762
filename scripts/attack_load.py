"""Solve a million data sets, piece by piece, and hold every answer against what has to be true of it.

Each piece is some thousand draws of one network and one model of data, solved together as a survey solves them. Of
every draw: all points are accounted for and their number is the generic one; non-real points come in pairs; attained
filters are in the function space, these are real, interior and boundary ones are attained; there is a minimum, and the
least loss is known and no less than the loss of the best filter of all. Some draws of every piece are solved on their
own as well, from other start points: the counts and the least loss must be the same, and the checks that every result
passes (`results/invariants.py`) must hold.

With --keep FILE each finished piece is written to the file, and a run that was stopped goes on from there. The exit
code is 1 if anything is wrong.

    python scripts/attack_load.py --solves 1000000 --keep load.jsonl
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from homotopy_lcn import Architecture, critical_points, generic_count
from homotopy_lcn.losses.data_models import DataModel, data_model, draw_loss
from homotopy_lcn.results.result import CriticalPoints
from homotopy_lcn.surveys.draws import Table, counts_of, solve_draws

__all__ = ["solve_piece", "violations"]

ARCHITECTURES = (
    ((2, 2), (1, 1)), ((2, 2), (2, 1)), ((3, 2), (1, 1)), ((3, 2), (2, 1)), ((2, 3), (2, 1)), ((3, 3), (1, 1)),
    ((2, 2, 2), (1, 2, 1)), ((2, 1, 3), (3, 1, 1)), ((4, 2), (2, 1)), ((2, 2), (5, 1)),
)  # fmt: skip
MODELS = ("gaussian", "white", "ar1:0.5")
PIECE = 2000
SOLVED_ALONE = 4
#: Losses agree to this part of the constant of the loss.
SAME_LOSS = 1e-9


def violations(arch: Architecture, table: Table, model: DataModel, seed: int) -> list[str]:
    """What is not as it has to be in a table of draws."""
    column = {name: values.astype(float) for name, values in table.items()}
    accounted = column["found"] + column["at_infinity"] + column["singular"] + column["origin"]
    isolated = (column["singular"] == 0) & (column["continua"] == 0)
    rules = {
        "incomplete": (column["complete"] == 1) & (column["missing"] == 0),
        "another number of points": accounted == generic_count(arch).filters,
        "an odd number of non-real points": ~isolated | ((column["found"] - column["real"]) % 2 == 0),
        "more in the function space than real": column["in_function_space"] <= column["real"],
        "more attained than in the function space": column["attained"] <= column["in_function_space"],
        "attained, not interior nor boundary": column["interior"] + column["boundary"] == column["attained"],
        "more minima than attained": column["minima"] <= column["attained"],
        "more spurious minima than minima": column["spurious_minima"] <= column["minima"],
        "no minimum": column["minima"] >= 1,
        "least loss unknown": np.isfinite(column["least_loss"]) & (column["global_minimum_pure"] >= 0),
    }
    about = f"{arch.filters}, {arch.strides}, {model.text}, seed {seed}"
    return [
        f"{name}: {about}, draw {table['draw'][row]}"
        for name, holds in rules.items()
        for row in np.flatnonzero(~holds)[:3]
    ]


def differences(table: Table, row: int, alone: CriticalPoints) -> list[str]:
    """The counts of a draw that are others where the draw is solved alone."""
    expected = counts_of(alone)
    wrong = [f"contradiction: {text}" for text in alone.contradictions]
    for name, values in table.items():
        if name == "draw" or name not in expected:
            continue
        if name == "least_loss":
            same = abs(values[row] - expected[name]) <= SAME_LOSS * alone.loss.constant
        else:
            same = values[row] == expected[name]
        if not same:
            wrong.append(f"{name} is {values[row]}, alone {expected[name]}")
    return wrong


def solve_piece(number: int, seed: int, size: int = PIECE) -> dict[str, object]:
    """Solve one piece: how many solves, and what is wrong."""
    arch = Architecture(*ARCHITECTURES[number % len(ARCHITECTURES)])
    model = data_model(MODELS[number // len(ARCHITECTURES) % len(MODELS)])
    first = size * (number // (len(ARCHITECTURES) * len(MODELS)))
    table = solve_draws(arch, model, seed, range(first, first + size))
    wrong = violations(arch, table, model, seed)
    rng = np.random.default_rng([seed, number])
    for row in rng.choice(size, min(SOLVED_ALONE, size), replace=False).tolist():
        draw = int(table["draw"][row])
        alone = critical_points(arch, draw_loss(model, arch, seed, draw), seed=int(rng.integers(2**31)))
        about = f"{arch.filters}, {arch.strides}, {model.text}, seed {seed}, draw {draw}"
        wrong += [f"{text}: {about}" for text in differences(table, row, alone)]
    return {"piece": number, "seed": seed, "solves": size, "alone": min(SOLVED_ALONE, size), "wrong": wrong}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--solves", type=int, default=100_000, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--keep", type=Path, metavar="FILE")
    options = parser.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)

    done: dict[int, dict[str, object]] = {}
    if options.keep is not None and options.keep.exists():
        kept = [json.loads(line) for line in options.keep.read_text().splitlines()]
        done = {record["piece"]: record for record in kept if record["seed"] == options.seed}
    began, here = time.monotonic(), 0
    for number in range(-(-options.solves // PIECE)):
        if number in done:
            continue
        done[number] = solve_piece(number, options.seed)
        here += PIECE
        if options.keep is not None:
            with options.keep.open("a") as file:
                file.write(json.dumps(done[number]) + "\n")
    wrong = [text for record in done.values() for text in record["wrong"]]  # type: ignore[attr-defined]
    solves, alone = (sum(int(str(record[name])) for record in done.values()) for name in ("solves", "alone"))
    took = f"{here} here in {time.monotonic() - began:.0f} s"
    print(f"{solves} solves, {alone} of them alone as well, {len(wrong)} wrong; {took}")
    for text in wrong[:20]:
        print(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
