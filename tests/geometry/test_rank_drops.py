"""Parameters where the derivative of μ drops rank."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError
from homotopy_lcn.geometry.function_space import describe_function_space
from homotopy_lcn.geometry.rank_drops import criticality
from tests.geometry.exhaustive_search import ALL, LARGER


def test_critical_parameters_have_common_hyperroots_and_others_have_none():
    rng = np.random.default_rng(7)
    seen = Counter()
    for arch in [*ALL[::7], *LARGER]:
        for _ in range(8):
            theta = [np.real(np.poly(rng.integers(-1, 2, k - 1))) if k > 1 else np.ones(1) for k in arch.filters]
            if rng.random() < 0.3:
                theta = [w[::-1] for w in theta]
            facts = criticality(arch, theta)
            assert facts.critical == bool(facts.causes), (arch, theta)
            seen[facts.critical] += 1
    assert min(seen.values()) > 50
    types = describe_function_space(Architecture((2, 2, 2), (1, 2, 1))).critical_types
    assert [tuple(kind) for kind in types] == [(1, True, False), (2, False, True)]
    assert describe_function_space(Architecture((2, 2), (2, 1))).critical_types == ()


def test_causes_name_the_layers_and_the_hyperroot():
    arch = Architecture((2, 2, 2), (1, 2, 1))
    (cause,) = criticality(arch, [[1.0, -3], [1.0, 3], [1.0, -9]]).causes
    assert cause.dilation == 2
    assert cause.value == pytest.approx(9)
    assert cause.layers == (2,)
    assert cause.below
    (cause,) = criticality(arch, [[1.0, -3], [2.0, -6], [1.0, 5]]).causes
    assert (cause.dilation, cause.layers, cause.below) == (1, (0, 1), False)
    facts = criticality(arch, [[0.0, 0], [2.0, -6], [1.0, 5]])
    assert facts.critical
    assert not facts.filter.any()
    assert criticality(arch, [[1.0, -3], [1.0, 3], [1.0, -9]]).filter.tolist() == [1, 0, -18, 0, 81]


@pytest.mark.parametrize(
    ("theta", "message"),
    [
        ([[1, 2], [1, 2]], "layers of sizes"),
        ([[1, 2], [1, np.nan], [1, 2]], r"theta\[1\]"),
        ([[1, 2], [1, "a"], [1, 2]], r"theta\[1\]"),
        ([[1, 2], 3.0, [1, 2]], r"theta\[1\]"),
    ],
)
def test_unusable_parameters_are_refused(theta, message):
    with pytest.raises(InputError, match=message):
        criticality(Architecture((2, 2, 2), (1, 2, 1)), theta)
