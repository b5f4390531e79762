from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
from scipy.linalg import toeplitz

from homotopy_lcn import Architecture, CriticalPoints, SquaredLoss, critical_points
from homotopy_lcn.display.wording import summary
from homotopy_lcn.networks.parameters import compose
from homotopy_lcn.results.ties import Tie, find_ties, symmetries_of

CORRELATED = toeplitz([3, 1, 0.5, 0.25, 0.1])
NETWORKS = [Architecture((3, 2), (2, 1)), Architecture((3, 3), (1, 1)), Architecture((2, 2, 2), (1, 2, 1))]


@pytest.mark.parametrize("arch", NETWORKS)
def test_minima_that_are_reversed_tie(arch):
    result = critical_points(arch, SquaredLoss(CORRELATED, [1, 2, -3, 2, 1]))
    assert result.complete
    assert result.ties
    for tie in result.ties:
        one, other = (result[index].filter.real for index in tie.points)
        np.testing.assert_allclose(one, other[::-1], rtol=1e-9, atol=1e-12)
        assert tie.symmetries == ("reversal",)
        assert tie.exact
        assert tie.loss == pytest.approx(result[tie.points[1]].loss, rel=1e-13)
    paired = {index for tie in result.ties for index in tie.points}
    for index, point in enumerate(result.real):  # the others are their own images
        assert (index in paired) != np.allclose(point.filter, point.filter[::-1], rtol=1e-9)


def test_ties_are_said_and_kept_and_found_again(tmp_path):
    result = critical_points(NETWORKS[0], SquaredLoss(CORRELATED, [1, 2, -3, 2, 1]))
    said = (
        "2 minima tie: points 0, 1 of loss -6.714899021, images under reversal, by which the data are exactly symmetric"
    )
    assert said in str(result)
    assert dict(summary(result))["ties"] == said
    path = tmp_path / "result.json"
    result.to_json(path)
    (stored,) = json.loads(path.read_text(encoding="utf-8"))["ties"]
    assert stored == {"points": [0, 1], "loss": result[0].loss, "symmetries": ["reversal"]}
    assert CriticalPoints.from_json(path).ties == result.ties


def test_generic_data_have_no_ties(tmp_path):
    rng = np.random.default_rng(0)
    loss = SquaredLoss.from_data(rng.normal(size=(20, 5)), rng.normal(size=20), NETWORKS[1])
    result = critical_points(NETWORKS[1], loss)
    assert result.ties == ()
    assert symmetries_of(loss) == {}
    assert "ties" not in dict(summary(result))
    assert '"ties"' not in result.to_json()


def test_data_that_are_symmetric_up_to_rounding_tie_up_to_rounding():
    """Whether losses differ in the seventeenth digit is not decided."""
    b = np.array([1, 2, -3, 2, 1.0])
    b[0] = np.nextafter(1, 2)
    loss = SquaredLoss(CORRELATED, b)
    assert symmetries_of(loss) == {}
    (tie,) = critical_points(NETWORKS[0], loss).ties
    assert tie.points == (0, 1)
    assert not tie.exact
    assert tie.describe() == "losses equal up to rounding"
    b[0] = 1 + 1e-9
    assert critical_points(NETWORKS[0], SquaredLoss(CORRELATED, b)).ties == ()


def test_a_large_constant_hides_no_difference():
    b = np.array([1 + 1e-7, 2, -3, 2, 1.0])
    assert critical_points(NETWORKS[0], SquaredLoss(CORRELATED, b, 1e12)).ties == ()


def test_other_symmetries():
    assert list(symmetries_of(SquaredLoss.white([1, 0, 2, 0, 4]))) == ["alternation"]
    assert list(symmetries_of(SquaredLoss.white([0, 2, 0, 4, 0]))) == ["sign with alternation"]
    assert list(symmetries_of(SquaredLoss.white([1, 2, 0, 2, -1]))) == ["sign with reversal with alternation"]
    assert list(symmetries_of(SquaredLoss.white([1, 2, 0, -2, -1]))) == ["sign with reversal"]
    assert list(symmetries_of(SquaredLoss.white([1, 2, 0, 2, 1]))) == ["reversal"]
    assert set(symmetries_of(SquaredLoss.white([1, 0, 3, 0, 1]))) == {
        "reversal", "alternation", "reversal with alternation"
    }  # fmt: skip
    assert list(symmetries_of(SquaredLoss(CORRELATED, [1, 0, 0, 0, 0]))) == []
    assert symmetries_of(SquaredLoss([[1]], [1])) == {}


def test_exact_data_are_compared_exactly():
    gram = [[1, "1/3", 0], ["1/3", 1, "1/3"], [0, "1/3", 1]]
    assert list(symmetries_of(SquaredLoss.from_exact(gram, ["0.1", 1, "0.1"]))) == ["reversal"]
    assert symmetries_of(SquaredLoss.from_exact(gram, ["0.1", 1, "0.1000000000000000000001"])) == {}


@pytest.mark.parametrize("arch", [*NETWORKS, Architecture((2, 3, 2), (3, 2, 1))])
def test_each_symmetry_carries_filters_of_the_network_to_filters_of_the_network(arch):
    rng = np.random.default_rng(0)
    theta = [rng.normal(size=k) for k in arch.filters]
    w = compose(arch, theta)
    size = arch.filter_size
    strides = np.cumprod([1, *arch.strides[:-1]])
    for negative, reversed_, alternates in product((False, True), repeat=3):
        layers = [layer[::-1] if reversed_ else layer for layer in theta]
        if alternates:
            layers = [
                layer * (-1.0) ** (np.arange(len(layer)) * stride)
                for layer, stride in zip(layers, strides, strict=True)
            ]
        image = (
            (w[::-1] if reversed_ else w) * ((-1.0) ** np.arange(size) if alternates else 1) * (-1 if negative else 1)
        )
        layers[0] = layers[0] * (-1 if negative else 1)
        np.testing.assert_allclose(compose(arch, layers), image, atol=1e-12)


def test_three_filters_of_one_loss_are_one_group():
    result = critical_points(NETWORKS[0], SquaredLoss(CORRELATED, [1, 2, -3, 2, 1]))
    point = result[0]
    three = CriticalPoints.build(result.architecture, result.loss, [*result.points, point], result.strata, seed=0)
    assert [tie.points for tie in find_ties(three)] == [(0, 1, 2)]
    assert isinstance(find_ties(three)[0], Tie)
