"""Conclusions from a box that holds one solution."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from homotopy_lcn import Architecture
from homotopy_lcn.certification._flint import acb, acb_mat, arb, ctx
from homotopy_lcn.certification.conclusions import conclude, inertia
from homotopy_lcn.certification.krawczyk_in_balls import BallEquations, Box, power_of_two
from homotopy_lcn.certification.point_proofs import prove_box
from homotopy_lcn.losses.exact_data import ExactData
from homotopy_lcn.networks.strata import Factor, Stratum


def exactly(ball):
    """An exact ball as a fraction."""
    assert ball.is_exact()
    mantissa, exponent = ball.man_exp()
    return int(mantissa) * Fraction(2) ** int(exponent)


def testinertia_is_that_of_the_eigenvalues():
    rng = np.random.default_rng(0)
    for n in (1, 2, 3, 5, 8):
        for _ in range(5):
            basis = rng.standard_normal((n, n))
            matrix = basis @ np.diag(rng.choice([-1e-3, -1, 1, 10], n)) @ basis.T
            matrix = (matrix + matrix.T) / 2
            matrix[0, 0] = 0 if n > 3 else matrix[0, 0]  # no pivot then
            found = inertia(acb_mat(n, n, matrix.ravel().tolist()))
            assert found == (np.linalg.eigvalsh(matrix) < 0).sum()
    assert inertia(acb_mat(2, 2, [0, 1, 1, 0])) == 1
    assert inertia(acb_mat(2, 2, [1, 1, 1, 1])) is None
    assert inertia(acb_mat(2, 2, [1, 0, 0, arb(0, "1e-9")])) is None
    assert inertia(acb_mat(2, 2, [arb(1, 2), 0, 0, 1])) is None


def test_a_point_1e_14_off_the_real_axis_is_not_called_real():
    # Squares c (1, t)², Σ = I: t is critical if b is orthogonal to p(t) = v' (v·v) − v (v'·v). For real b these are two
    # real conditions, by real and imaginary part of p: t = 1/2 + 2⁻⁴⁷ i is critical for the cross product of the two.
    def p(t):
        v, d = [1, 2 * t, t * t], [0, 2, 2 * t]
        vv, vd = sum(x * x for x in v), sum(x * y for x, y in zip(v, d, strict=True))
        return [y * vv - x * vd for x, y in zip(v, d, strict=True)], v, vv

    with ctx.workprec(2000):
        t = acb(arb("0.5"), power_of_two(-47))
        values, v, vv = p(t)
        left, right = [x.real for x in values], [x.imag / power_of_two(-47) for x in values]
        b = [acb(left[i - 2] * right[i - 1] - left[i - 1] * right[i - 2]) for i in range(3)]
        c = sum((x * y for x, y in zip(b, v, strict=True)), acb(0)) / vv
    data = ExactData.of(np.eye(3), [exactly(x.real) for x in b], 0)
    equations = BallEquations(Stratum((Factor(1, 2, 1),)), data)
    arch = Architecture((2, 2), (1, 1))
    for precision in (64, 128, 256, 512):
        for start in ([c, t], [acb(c.real), acb(t.real)]):
            with ctx.workprec(precision):
                x = [value.mid() for value in start]
                proof = prove_box(equations, (0,), x, precision)
                if proof is not None:
                    assert conclude(arch, equations, *proof).real is (None if precision < 128 else False)
                # Nor does a box that holds both of the pair prove anything.
                radii = (power_of_two(-20), power_of_two(-20))
                assert equations.prove(Box((0,), tuple(x), radii, precision)) is None
    with ctx.workprec(256):
        proof = prove_box(equations, (0,), [c.mid(), t.mid()], 256)
        assert conclude(arch, equations, *proof).real is False
