"""Equations and inequalities of the function space."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError
from homotopy_lcn.geometry.function_space import describe_function_space
from homotopy_lcn.geometry.vanishing_forms import default_degree, known_inequalities, vanishing_forms
from homotopy_lcn.networks.parameters import compose
from tests.geometry.exhaustive_search import DISTINCT


def test_equations_vanish_on_the_space_and_cut_it_out_near_generic_points():
    rng = np.random.default_rng(9)
    for arch in DISTINCT:
        codimension = arch.filter_size - arch.dimension
        if codimension > 2 or arch.grid > 1 or arch.filter_size > 7:
            continue
        forms = vanishing_forms(arch)
        w = compose(arch, [rng.standard_normal(k) for k in arch.filters])
        w = w / np.linalg.norm(w)
        assert all(abs(form(w)) < 1e-9 * max(abs(c) for c, _ in form.terms) for form in forms)
        gradients = [
            [(form(w + 1e-6 * e) - form(w - 1e-6 * e)) / 2e-6 for e in np.eye(arch.filter_size)] for form in forms
        ]
        rank = np.linalg.matrix_rank(np.array(gradients), tol=1e-5) if forms else 0
        assert rank == codimension, arch
        if codimension == 1:
            assert [form.degree for form in forms] == [describe_function_space(arch).degree]
    assert vanishing_forms(Architecture((3, 2), (1, 1))) == ()
    with pytest.raises(InputError, match="max_degree"):
        vanishing_forms(Architecture((20, 2), (12, 1)), max_degree=3)


def test_known_inequalities_do_not_depend_on_the_last_stride():
    assert known_inequalities(Architecture((3, 2), (2, 5))) == ("C² − 4AE ≥ 0",)
    assert known_inequalities(Architecture((1, 3, 1, 2), (1, 2, 1, 5))) == ("C² − 4AE ≥ 0",)
    assert known_inequalities(Architecture((1, 3, 2), (2, 2, 5))) == ()
    assert known_inequalities(Architecture((9, 2), (2, 5))) == ()


def test_equations_of_large_networks_are_those_of_low_degree():
    shape = Architecture((20, 2), (12, 1))
    assert default_degree(shape) == 2
    forms = vanishing_forms(shape)
    assert {form.degree for form in forms} == {2}
    w = compose(shape, [np.arange(1, 21), np.array([3, -2])])
    assert all(form(w.tolist()) == 0 for form in forms)
    assert len(forms) == 6  # the 2 × 2 minors of w_8, …, w_11 above w_20, …, w_23, which only one copy reaches
