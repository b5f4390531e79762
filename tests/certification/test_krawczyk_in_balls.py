"""The equations in ball arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn.certification._flint import acb, acb_mat, arb, ctx
from homotopy_lcn.certification.krawczyk_in_balls import BallEquations, power_of_two
from homotopy_lcn.losses.exact_data import ExactData
from homotopy_lcn.networks.binary_forms import dilate, multiply
from homotopy_lcn.networks.strata import Factor, Stratum

STRATA = [
    Stratum((Factor(2, 1, 1), Factor(1, 2, 1))),
    Stratum((Factor(2, 1, 1), Factor(2, 1, 2), Factor(1, 3, 2))),
    Stratum((Factor(1, 3, 1), Factor(2, 2, 3), Factor(1, 1, 6))),
]


@pytest.mark.parametrize("stratum", STRATA, ids=[stratum.name for stratum in STRATA])
def test_the_balls_hold_equations_and_their_derivatives(stratum):
    rng = np.random.default_rng(0)
    K, n = stratum.filter_size, stratum.dimension
    gram = rng.standard_normal((K, K))
    gram, b = gram + gram.T, rng.standard_normal(K)
    chart = tuple(factor.degree // 2 for factor in stratum.factors)
    middle = rng.standard_normal(n) + 1j * rng.standard_normal(n)
    step = rng.standard_normal(n) + 1j * rng.standard_normal(n)
    with ctx.workprec(300):
        equations = BallEquations(stratum, ExactData.of_doubles(gram, b, 1.0))
        x = [acb(value) for value in middle.tolist()]
        h = [acb(value) * power_of_two(-90) for value in step.tolist()]
        w = equations.filter(chart, x)
        values, jacobian = equations.linearized(chart, x)
        hessian = equations.hessian(chart, x)

        def loss(t):
            v = equations.filter(chart, [a + t * d for a, d in zip(x, h, strict=True)])
            column = acb_mat(K, 1, v)
            moment = sum((p * q for p, q in zip(equations.data.b, v, strict=True)), acb(0))
            return (column.transpose() * equations.data.gram * column)[0, 0] / 2 - moment

        # Differences of the loss: c times the equations (of c itself: once), and the Hessian.
        slope = sum(
            (d * value * (x[0] if i else 1) for i, (d, value) in enumerate(zip(h, values.entries(), strict=True))),
            acb(0),
        )
        assert abs((loss(1) - loss(-1)) / 2 - slope) < abs(slope) * power_of_two(-80)
        column = acb_mat(n, 1, h)
        curvature = (column.transpose() * hessian * column)[0, 0]
        assert abs(loss(1) - 2 * loss(0) + loss(-1) - curvature) < abs(curvature) * power_of_two(-80)
        # The Jacobian over a box encloses the slope between the middle and a point of the box.
        box = [a + acb(arb(0, abs(d)), arb(0, abs(d))) for a, d in zip(x, h, strict=True)]
        moved = equations.equations(chart, [a + d for a, d in zip(x, h, strict=True)]) - equations.equations(chart, x)
        enclosure = equations.linearized(chart, box)[1] * column
        assert all(y.overlaps(z) for y, z in zip(enclosure.entries(), moved.entries(), strict=True))
        error = (jacobian * column - moved).entries()
        assert all(abs(e) < abs(m) * power_of_two(-70) for e, m in zip(error, moved.entries(), strict=True))
        expected = np.array([complex(value.mid()) for value in w])
    product = middle[:1]
    position = 1
    for factor, one in zip(stratum.factors, chart, strict=True):
        q = np.insert(middle[position : position + factor.degree], one, 1)
        position += factor.degree
        for _ in range(factor.power):
            product = multiply(product, dilate(q, factor.dilation))
    assert np.allclose(product, expected, rtol=1e-13)
