"""The homotopy as a script in Python for bertini2, which runs no user homotopies from its command line.

The script holds formulas in the names x0, x1, …, and numbers; nothing else of the data gets into it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..equations.critical_equations import Data
from .export_formats import ExportTask, Format, comment, data_scales

__all__ = ["BERTINI2", "bertini2_number"]

_SCRIPT = '''{comment}#
# Needs bertini2, version 4, in this Python: pip install bertini2
# Prints the end-to-end filters at the ends of the paths as JSON, a list of {{"re": [...], "im": [...]}}, on standard
# output. The exit code is 3 if a path failed; its filter is left out then.

import json
import os
import sys

# Standard output is for the filters alone, whatever the library prints.
results = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
# Without records bertini2 tracks the paths. With records it may give the ends of an earlier run.
os.environ["BERTINI_RECORDS_DIR"] = "none"

import bertini

# The unknowns of each factor of the filter.
GROUPS = [{groups}]

# The coefficients of the filter w, the entries of the residual r = S w - b, and the derivatives of half the loss.
FORMULAS = [
{formulas}]
EQUATIONS = [
{equations}]


def end_to_end_filter({arguments}):
    """All coefficients of the filter, at values of the unknowns."""
    return [{filter}]


# The data, divided by powers of two so that they are of order one; the filters are multiplied by SCALE in the end.
SCALE = {scale!r}
START = {{
{start}}}
TARGET = {{
{target}}}

# All solutions for the start data: values of the unknowns.
START_SOLUTIONS = [
{solutions},
]


def system(data):
    """The equations for given data."""
    functions = [f"F{{i}}" for i in range(len(EQUATIONS))]
    lines = [
        *("variable_group " + ", ".join(group) for group in GROUPS),
        "function " + ", ".join(functions),
        "constant " + ", ".join(data),
        *(f"{{name}} = {{value}}" for name, value in data.items()),
        *FORMULAS,
        *(f"{{name}} = {{equation}}" for name, equation in zip(functions, EQUATIONS)),
    ]
    return bertini.parse.system("".join(line + ";\\n" for line in lines))


# The equations are linear in the data, so with gamma = 1 the homotopy is the segment between the data. bertini2 tracks
# in projective spaces, one for each group, where large values of the unknowns are ordinary points. Their patches are
# drawn when the homotopy is made, and stay.
def filters_at_ends(starts, seed):
    """The end-to-end filter at the end of each path, None if the path fails, for the random patches of a seed."""
    bertini.random.set_random_seed(seed)
    target = system(TARGET)
    homotopy = bertini.nag_algorithm.straight_line_homotopy(target, system(START), gamma=1)
    solver = bertini.HomotopySolver(homotopy, starts, target)
    # Large solutions are solutions: by default those above 1e4 or 1e5 are given up, or called infinite.
    solver.set(path_truncation_threshold="1e100", max_norm="1e100", endpoint_finite_threshold="1e100")
    solver.set(final_tolerance="1e-14")
    solver.solve()
    return [
        [SCALE * w for w in end_to_end_filter(*map(complex, end))]
        if facts.endgame_success_code == bertini.SuccessCode.Success and len(end) == len(EQUATIONS)
        else None
        for end, facts in zip(solver.all_solutions(), solver.solution_metadata())
    ]


# A path that fails on some patches is tracked on others, where it mostly succeeds.
found = [None] * len(START_SOLUTIONS)
for seed in range(10):
    failed = [i for i, end in enumerate(found) if end is None]
    if not failed:
        break
    starts = [START_SOLUTIONS[i] for i in failed]
    for i, end in zip(failed, filters_at_ends(starts, seed)):
        found[i] = end
filters = [end for end in found if end is not None]
json.dump([{{"re": [w.real for w in f], "im": [w.imag for w in f]}} for f in filters], results)
results.write("\\n")
results.close()
failed = len(START_SOLUTIONS) - len(filters)
if failed:
    print(f"{{failed}} of {{len(START_SOLUTIONS)}} paths failed", file=sys.stderr)
sys.exit(3 if failed else 0)
'''


def bertini2_number(value: complex) -> str:
    """A number that bertini2 reads: its version 4.0.0 refuses "1e3" and "1.0e+3", but reads "1.0e3"."""
    value = complex(value)
    return f"({_real(value.real)}+({_real(value.imag)})*I)"


def _real(value: float) -> str:
    mantissa, _, exponent = repr(value).partition("e")
    return (mantissa if "." in mantissa else f"{mantissa}.0") + (f"e{int(exponent)}" if exponent else "")


def _bertini2(task: ExportTask) -> tuple[str, ...]:
    start, target, values, scale = _of_order_one(task)
    filter_ = task.network_filter("**")
    size = task.architecture.filter_size
    script = _SCRIPT.format(
        comment=comment(task, "#", tracked=True),
        groups=", ".join(f"[{', '.join(map(repr, group))}]" for group in task.system.groups()),
        formulas=_lines(f"{n} = {formula}" for n, formula in (task.filter() | task.residual()).items()),
        equations=_lines(task.equations()),
        arguments=", ".join(task.unknowns),
        filter=", ".join(filter_.get(i, "0") for i in range(size)),
        scale=scale,
        start=_table(task, start),
        target=_table(task, target),
        solutions=",\n".join(f"    [{', '.join(map(repr, point))}]" for point in values.tolist()),
    )
    return (script,)


def _of_order_one(task: ExportTask) -> tuple[Data, Data, np.ndarray, float]:
    """Start and target data, start solutions, and the factor to the filters of the data, all by powers of two."""
    gram_scale, scale = data_scales(task)
    b_scale = gram_scale * scale
    start, target = (
        Data(np.asarray(data.gram, complex) / gram_scale, np.asarray(data.b, complex) / b_scale)
        for data in (task.start, task.target)
    )
    points = task.system.points(task.start_values)
    points[:, 0] /= scale
    return start, target, task.system.from_points(points), scale


def _lines(values: Iterable[str]) -> str:
    return "".join(f"    {value!r},\n" for value in values)


def _table(task: ExportTask, data: Data) -> str:
    return "".join(f"    {name!r}: {bertini2_number(z)!r},\n" for name, z in task.named(data).items())


BERTINI2 = Format(("critical_points.py",), _bertini2, "python critical_points.py")
