"""PHCpack's blackbox solver on the equations of folds of (2, 2), (2, 1), written out independently."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.discriminants.fold_walls import walls_on_line
from homotopy_lcn.discriminants.generic_walls import generic_walls
from homotopy_lcn.discriminants.kinds import questions
from homotopy_lcn.discriminants.segments import Segment
from homotopy_lcn.networks.strata import Embedding

sympy = pytest.importorskip("sympy")
ARCH = hl.Architecture((2, 2), (2, 1))


def equations(gram, first, second):
    """∇F = 0 and ∇²F v = 0 for w = c (1, a, b, ab), with v normalized by a linear equation."""
    c, a, b, t, u, v = sympy.symbols("c a b t u v")
    w = sympy.Matrix([1, a, b, a * b]) * c
    moments = sympy.Matrix(first) * (1 - t) + sympy.Matrix(second) * t
    residual = sympy.Matrix(gram) * w - moments
    unknowns = (c, a, b)
    # The derivatives in a and b are divided by c, as the filter is not zero.
    gradient = [(w.diff(x).T * residual)[0] for x in unknowns]
    gradient = [sympy.expand(f if x == c else sympy.cancel(f / c)) for x, f in zip(unknowns, gradient, strict=True)]
    kernel = (3 - 2 * u + v, u, v)
    return gradient + [
        sympy.expand(sum(f.diff(x) * k for x, k in zip(unknowns, kernel, strict=True))) for f in gradient
    ]


@pytest.mark.skipif(shutil.which("phc") is None, reason="PHCpack is not installed")
def test_the_walls_are_those_of_the_blackbox(tmp_path):
    gram = [[5, 1, 0, 2], [1, 4, 1, 0], [0, 1, 7, -1], [2, 0, -1, 3]]
    first, second = [1, -2, 3, 1], [2, 1, -1, 4]
    system = equations(gram, first, second)
    text = "\n".join(str(f).replace("**", "^") + ";" for f in system)
    (tmp_path / "system").write_text(f"{len(system)}\n{text}\n", encoding="utf-8")
    subprocess.run(["phc", "-b", "-t1", "system", "output"], cwd=tmp_path, check=True, capture_output=True, timeout=250)
    output = (tmp_path / "output").read_text(encoding="utf-8")
    solutions = output.rpartition("THE SOLUTIONS")[2]
    number = r"(-?\d\.\d+E[+-]\d+)\s+(-?\d\.\d+E[+-]\d+)"
    theirs = np.array([complex(float(x), float(y)) for x, y in re.findall(rf"\n t :\s+{number}", solutions)])
    segment = Segment.checked(ARCH, hl.SquaredLoss(gram, first), hl.SquaredLoss(gram, second))
    question = next(question for question in questions(ARCH) if question.kind == "fold")
    line = segment.line(Embedding.of_pattern(ARCH, question.pattern))
    rng = np.random.default_rng(0)
    ours = walls_on_line(generic_walls(question.condition, line.motion, rng), line, rng).places
    assert len(ours) == 12
    distances = np.abs(ours[:, None] - theirs[None])
    assert (distances.min(axis=1) < 1e-8 * (1 + np.abs(ours))).all()
    assert (distances.min(axis=0) < 1e-6 * (1 + np.abs(theirs))).all()
