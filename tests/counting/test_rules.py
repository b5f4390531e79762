"""The rules of docs/theory.md, "Exact counts for given data", against counts by homotopy, and their identities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import Architecture, InputError, generic_count
from homotopy_lcn.counting.gram_matrices import gram_matrix
from homotopy_lcn.counting.groebner import Search
from homotopy_lcn.counting.pencils import ed_degree_of_intersection
from homotopy_lcn.counting.rules import arma_rule, cuts, product_rule, rank_rule
from homotopy_lcn.networks.strata import Embedding
from homotopy_lcn.solving.start_systems import StartSystems
from homotopy_lcn.tracking import get_engine
from homotopy_lcn.tracking.settings import Tracking

from .programs import WITHOUT, by_groebner, needs_groebner, stratum_of

LAGS = 12
WHITE = np.eye(1, LAGS)[0]
AR_1 = 0.5 ** np.arange(LAGS)
SEASONAL = np.where(np.arange(LAGS) % 2 == 0, 0.5 ** (np.arange(LAGS) / 2), 0)
MA_UNIT_ROOT = np.array([2.0, -1.0] + [0.0] * (LAGS - 2))
OTHER = np.array([9.0, 2.0, -1.0, 3.0, 1.0, -2.0, 0.5, 1.5, -0.5, 0.25, 1.0, 0.0])


def toeplitz(lags, size):
    return np.asarray(lags)[abs(np.subtract.outer(np.arange(size), np.arange(size)))]


def counted(k, s, gram):
    """The critical parameters for this Gram matrix and a generic moment vector, by paths from generic data."""
    arch = Architecture(k, s)
    total = 0
    for row in generic_count(arch):
        embedding = Embedding.of_pattern(arch, row.pattern)
        positions = np.array(embedding.positions)
        system = StartSystems().with_gram(
            embedding.stratum, gram[np.ix_(positions, positions)], row.count, Tracking(get_engine("auto"), 1)
        )
        assert system is not None
        total += row.factorizations * len(system.start.points)
    return total


def pencil(k, s, lags):
    """Γ_0 and Γ_s of the eigenvalue rule."""
    size, step, shift = (k[0], 1, s[0]) if k[1] == 2 else (k[1], s[0], 1)
    lag = step * np.subtract.outer(np.arange(size), np.arange(size))
    return lags[abs(lag)], lags[abs(lag + shift)] + lags[abs(lag - shift)]


def distinct_eigenvalues(k, s, lags):
    first, second = pencil(k, s, lags)
    values = np.sort(np.linalg.eigvals(np.linalg.solve(first, second)).real)
    return 1 + int((np.diff(values) > 1e-6).sum())


def pairing(k, s, lags):
    """N of the rank rule, for two layers."""
    low, high = np.arange(k[0])[:, None], s[0] * np.arange(k[1])
    return lags[high + low] + lags[abs(high - low)]


@pytest.mark.parametrize(
    "lags", [WHITE, AR_1, SEASONAL, MA_UNIT_ROOT, OTHER], ids=["white", "ar1", "seasonal", "ma1", "other"]
)
@pytest.mark.parametrize(
    ("k", "s"), [((2, 2), (2, 1)), ((3, 2), (2, 1)), ((4, 2), (2, 1)), ((2, 3), (2, 1)), ((3, 2), (1, 1))]
)
def test_one_of_two_layers_of_size_two_is_counted_by_eigenvalues(k, s, lags):
    arch = Architecture(k, s)
    gram = toeplitz(lags, arch.filter_size)
    assert counted(k, s, gram) == 4 * distinct_eigenvalues(k, s, lags) - 2


@pytest.mark.parametrize(
    ("k", "s", "lags", "expected"),
    [
        ((3, 2), (3, 1), [1, -2, -1, 0, -1, 2], 8),  # indefinite, a Jordan block: 4e - 2 is 6
        ((3, 3), (1, 1), [6, 0, -5, 0, 5], 37),  # positive definite, one block: 39 for generic data
    ],
)
def test_examples_outside_the_rules(k, s, lags, expected):
    assert counted(k, s, toeplitz(lags, len(lags)).astype(float)) == expected


@pytest.mark.parametrize(
    ("k", "gram", "layer", "expected"),
    [
        ((3, 3), toeplitz([6, 0, -5, 0, 5], 5), (1, 1j, 1), 37),
        ((2, 2), np.diag([2, 1, 2]), (1, 1j), 4),
        ((2, 2, 2), np.diag([3, 1, 1, 3]), (1, 1j), 18),
    ],
)
def test_equal_layers_of_one_block_can_be_singular(k, gram, layer, expected):
    assert (np.linalg.eigvalsh(gram) > 0).all()
    others = np.array([1.0])
    for _ in k[1:]:
        others = np.convolve(others, layer)
    residual = gram @ np.convolve(others, layer)
    assert not np.correlate(residual, others.conj(), "valid").any()
    assert expected < generic_count(Architecture(k, (1,) * len(k))).parameters
    assert counted(k, (1,) * len(k), gram.astype(float)) == expected


@pytest.mark.parametrize(
    ("lags", "rank", "expected"),
    [(WHITE, 2, 23), (AR_1, 2, 23), (SEASONAL, 2, 23), (MA_UNIT_ROOT, 2, 15), (OTHER, 3, 39)],
    ids=["white", "ar1", "seasonal", "ma1", "other"],
)
def test_points_are_lost_where_the_pairing_of_autocorrelations_has_no_full_rank(lags, rank, expected):
    k, s = (3, 3), (2, 1)
    assert np.linalg.matrix_rank(pairing(k, s, lags)) == rank
    assert counted(k, s, toeplitz(lags, 7)) == expected


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))
def test_the_quadric_is_the_pairing_of_autocorrelations(seed, low, high, stride):
    rng = np.random.default_rng(seed)
    first, second = (rng.integers(-5, 6, size) for size in (low, high))
    dilated = np.zeros((high - 1) * stride + 1, dtype=int)
    dilated[::stride] = second
    w = np.convolve(first, dilated)
    lags = rng.integers(-5, 6, len(w) + stride + low)
    r_low, r_high = (2 * np.correlate(v, v, "full")[len(v) - 1 :] for v in (first, second))
    r_low[0] //= 2
    r_high[0] //= 2
    assert 2 * w @ toeplitz(lags, len(w)) @ w == r_low @ pairing((low, high), (stride,), lags) @ r_high


@given(st.integers(2, 9), st.integers(2, 4))
def test_white_data_have_the_eigenvalues_of_paths(size, stride):
    whole, rest = divmod(size, stride)
    expected = 2 * whole + 1 if rest else whole
    assert distinct_eigenvalues((size, 2), (stride, 1), np.eye(1, 20)[0]) == expected


@pytest.mark.parametrize("c", [-1.0, 2.0])
def test_rescaling_by_a_geometric_sequence_changes_no_count(c):
    k, s = (4, 2), (2, 1)
    scale = c ** np.arange(6)
    assert counted(k, s, np.eye(6) * np.outer(scale, scale)) == 6
    assert counted(k, s, (np.eye(6) + 1) * np.outer(scale, scale)) == 10


@pytest.mark.parametrize(("diagonal", "expected"), [((1, 2, 3, 6), 2), ((1, 2, 3, 5), 6)])
def test_diagonal_data_are_special_for_two_layers_of_size_two_by_a_determinant(diagonal, expected):
    assert counted((2, 2), (2, 1), np.diag(diagonal).astype(float)) == expected


def test_samples_with_as_many_outputs_as_the_dimension_have_all_points():
    samples = np.random.default_rng(3).normal(size=15)
    patches = np.lib.stride_tricks.sliding_window_view(samples, 7)[::2]
    assert len(patches) == Architecture((3, 3), (2, 1)).dimension == 5
    assert counted((3, 3), (2, 1), patches.T @ patches) == 39


@given(st.integers(0, 2**32), st.integers(2, 4), st.integers(2, 4), st.integers(2, 3))
def test_the_cut_of_two_layers_has_the_pairing_of_autocorrelations(seed, low, high, stride):
    arch = Architecture((low, high), (stride, 1))
    lags = np.random.default_rng(seed).integers(-2, 3, arch.filter_size)
    lags[0] = 4 * arch.filter_size
    gram = gram_matrix("toeplitz:" + ",".join(map(str, lags)), arch.filter_size)
    (cut,) = cuts(arch, gram)
    weights = np.ones((low, high))
    weights[0] /= 2
    weights[:, 0] /= 2
    expected = weights * pairing((low, high), (stride,), lags)
    assert np.array(cut.pairing, dtype=float).tolist() == expected.tolist()
    assert cut.lags.rank == np.linalg.matrix_rank(expected)
    assert cut.lags.dimensions == (low - 1, high - 1)


def test_each_cut_of_three_layers_gives_the_quadric():
    arch = Architecture((2, 3, 2), (2, 3, 1))
    gram = gram_matrix("ar:1/2,1/5", arch.filter_size)
    rng = np.random.default_rng(1)
    layers = [rng.integers(-5, 6, k) for k in arch.filters]

    def product_of(chosen):
        result = np.array([1])
        for layer in chosen:
            dilated = np.zeros((arch.filters[layer] - 1) * arch.dilations[layer] + 1, dtype=int)
            dilated[:: arch.dilations[layer]] = layers[layer]
            result = np.convolve(result, dilated)
        return result

    w = product_of(range(3))
    for cut in cuts(arch, gram):
        low, high = product_of(range(cut.below)), product_of(range(cut.below, 3))[:: cut.stride]
        r_low, r_high = (np.correlate(v, v, "full")[len(v) - 1 :] for v in (low, high))
        value = 2 * r_low @ np.array(cut.pairing, dtype=float) @ r_high
        assert value == pytest.approx(w @ gram.array @ w)


def test_the_rules_want_reduced_networks_and_toeplitz_matrices():
    with pytest.raises(InputError, match="expected a reduced network"):
        rank_rule(Architecture((2, 2), (1, 1)), gram_matrix("white", 3))
    with pytest.raises(InputError, match="expected a Toeplitz matrix of size 4"):
        rank_rule(Architecture((2, 2), (2, 1)), gram_matrix("walk", 4))
    with pytest.raises(InputError, match="3 layers given; expected two"):
        arma_rule(Architecture((2, 2, 2), (2, 2, 1)), 1, 0)


@pytest.mark.parametrize(("degrees", "below"), [([2, 2], 1), ([3, 2], 1), ([2, 1, 2], 1), ([1, 1, 1], 2)])
def test_an_intersection_of_no_quadrics_has_the_ed_degree_of_the_whole(degrees, below):
    assert ed_degree_of_intersection(degrees, below, 0) == by_formula(degrees)


def by_formula(degrees):
    return generic_count(Architecture([d + 1 for d in degrees], [9] * len(degrees))).parameters


@needs_groebner
@pytest.mark.parametrize(
    ("filters", "strides", "text"),
    [
        ((2, 2), (2, 1), "white"),
        ((3, 3), (2, 1), "ma1:1/3"),
        ((3, 4), (2, 1), "ar1:1/2"),
        ((3, 3), (4, 1), "ar1:1/2"),
    ],
    ids=str,
)
def test_the_product_rule_gives_the_number_of_groebner_bases(filters, strides, text):
    arch = Architecture(filters, strides)
    gram = gram_matrix(text, arch.filter_size)
    number = product_rule(arch, gram, Search.within(None))
    assert number is not None
    assert number < generic_count(arch).parameters
    layers = stratum_of(*((k - 1, 1, dilation) for k, dilation in zip(filters, arch.dilations, strict=True)))
    assert number == by_groebner(layers, gram)


@needs_groebner
@pytest.mark.parametrize("text", ["differenced:1", "ar:1/2,1/5"])
def test_the_product_rule_says_nothing_where_its_hypothesis_fails(text):
    """MA(1) with a unit root has further singular points; AR(2) has a pairing of full rank."""
    assert product_rule(Architecture((3, 3), (2, 1)), gram_matrix(text, 7), Search.within(None)) is None


def test_the_product_rule_says_nothing_without_a_program():
    assert product_rule(Architecture((3, 3), (2, 1)), gram_matrix("white", 7), WITHOUT) is None
