"""Sharing factors out to layers: all ways, and one of each set that only exchanges layers of equal degree."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from homotopy_lcn.networks.layer_factorizations import count_distributions, distributions, distributions_up_to_exchange

ITEMS = {
    "lines": [(1, 1)] * 5,
    "a square": [(2, 1), (1, 1), (1, 2)],
    "two squares": [(2, 1), (2, 1), (1, 1)],
    "conjugate pairs": [(2, 2), (1, 1)],
}


@pytest.mark.parametrize("repeated", [True, False])
@pytest.mark.parametrize("degrees", [(1, 1, 1, 1, 1), (2, 1, 2), (1, 2, 1, 1), (2, 3), (4, 1), (5,)])
@pytest.mark.parametrize("name", ITEMS)
def test_one_of_each_set_and_how_many_there_are(name, degrees, repeated):
    rng = np.random.default_rng(0)
    items = [(multiplicity, rng.standard_normal(size + 1)) for multiplicity, size in ITEMS[name]]
    every = list(distributions(items, degrees, repeated))
    if repeated:
        assert len(every) == count_distributions(ITEMS[name], degrees)

    def layers_by_degree(layers):
        return tuple(sorted((len(w), *w.round(6).tolist()) for w in layers))

    expected = Counter(map(layers_by_degree, every))
    found = [(layers_by_degree(layers), n) for layers, n in distributions_up_to_exchange(items, degrees, repeated)]
    assert len(found) == len(expected)
    assert dict(found) == expected
    for layers, _ in distributions_up_to_exchange(items, degrees, repeated):
        assert [len(w) - 1 for w in layers] == list(degrees)
