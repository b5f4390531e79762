"""Dimension, degree and real points of the sets on which the critical filters of few samples lie."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from random import Random

import numpy as np
import pytest

from homotopy_lcn import AlgebraicSet, Architecture, CriticalPoints, InputError, SquaredLoss, critical_points
from homotopy_lcn.counting.critical_system import linear_combination
from homotopy_lcn.counting.groebner import PRIMES
from homotopy_lcn.counting.groebner_programs import find_program, leading_monomials
from homotopy_lcn.losses.zero_residual import range_coordinates
from homotopy_lcn.networks.parameters import compose
from homotopy_lcn.results.few_samples import few_samples


@cache
def of_rank(filters, rank, seed=0):
    arch = Architecture(filters, (2, 1))
    rng = np.random.default_rng([seed, rank])
    basis = rng.normal(size=(arch.filter_size, rank))
    return critical_points(arch, SquaredLoss(basis @ basis.T, basis @ rng.normal(size=rank)), isolated=True)


def facts(one):
    return one.dimension, one.degree, one.parameter_degree


@pytest.mark.parametrize(
    ("filters", "rank", "zero", "ramified"),
    [
        ((4, 2), 4, (1, 4, 8), (3, 4, 4)),
        ((4, 2), 3, (2, 4, 6), (-1, 0, 0)),
        ((3, 3), 4, (1, 6, 12), (3, 12, 7)),
        ((3, 3), 3, (2, 6, 8), (2, 6, 6)),
    ],
)
def test_generic_data_have_the_degrees_that_macaulay2_finds(filters, rank, zero, ramified):
    # The numbers are compared with Macaulay2 in tests/networks/test_polar_degrees.py.
    found = of_rank(filters, rank).few_samples
    assert found.rank == rank
    assert facts(found.zero_residual) == zero
    assert facts(found.ramification) == ramified


def test_real_points_lie_on_the_sets():
    for rank in (3, 4):
        result = of_rank((3, 3), rank)
        arch, loss, found = result.architecture, result.loss, result.few_samples
        assert found.zero_residual.real_points
        for w in found.zero_residual.real_points:
            assert np.linalg.norm(loss.gram @ w - loss.b) <= 1e-9 * np.linalg.norm(loss.b)
        assert len(found.ramification.real_points) == len(result.real)
        attained = [point for point in result.real if point.attained]
        assert attained
        for point in attained:
            theta = point.parameters[0]
            columns = [
                compose(arch, [np.eye(len(w)) if i == layer else w[None] for i, w in enumerate(theta)])
                for layer in range(2)
            ]
            singular = np.linalg.svd(range_coordinates(arch, loss) @ np.concatenate(columns).T, compute_uv=False)
            assert singular[-1] <= 1e-9 * singular[0]
            assert any(np.array_equal(point.filter.real, w) for w in found.ramification.real_points)


def test_enough_samples_have_no_such_sets():
    arch = Architecture((2, 2), (2, 1))
    assert critical_points(arch, SquaredLoss(np.eye(4), [1.0, 2.0, 3.0, 4.0])).few_samples is None


def test_a_missing_point_leaves_the_degrees_undecided():
    result = of_rank((3, 3), 4)
    (row,) = result.strata
    found = few_samples(replace(result, strata=(replace(row, found=row.found - 1),)))
    assert (found.zero_residual.degree, found.ramification.degree, found.ramification.dimension) == (None, None, None)
    assert found.zero_residual.dimension == 1
    assert "degree undecided" in found.describe()


def test_a_kernel_that_meets_the_filters_too_much_leaves_the_degrees_undecided():
    # A copied and a dead channel: the filters e_0 and e_5 lie in the kernel.
    gram = np.diag([0.0, 1.0, 2.0, 3.0, 0.0, 0.0])
    result = critical_points(Architecture((4, 2), (2, 1)), SquaredLoss(gram, gram @ np.ones(6)), isolated=True)
    assert result.few_samples.zero_residual.degree is None
    assert result.few_samples.ramification.degree is None


def test_file_and_summary_say_it(tmp_path):
    result = of_rank((3, 3), 4)
    written = json.loads(result.to_json())["few_samples"]
    assert written["rank"] == 4
    assert (written["zero_residual"]["degree"], written["zero_residual"]["parameter_degree"]) == (6, 12)
    assert (written["ramification"]["dimension"], written["ramification"]["degree"]) == (3, 12)
    assert len(written["ramification"]["real_points"]) == len(result.real)
    text = f"few samples: {result.few_samples.describe()}"
    assert text in str(result)
    assert "dimension 1, degree 6 (12 in the parameters)" in text
    assert ("few samples", result.few_samples.describe()) in result.summary().rows
    result.to_json(tmp_path / "few.json")
    assert CriticalPoints.from_json(tmp_path / "few.json").few_samples == result.few_samples


def test_a_set_in_words():
    assert AlgebraicSet(-1, 0, 0).describe() == "empty"
    assert AlgebraicSet(None, None, None).describe() == "dimension unknown, degree undecided, no real points found"
    one = AlgebraicSet(1, 4, 8, (np.ones(6),))
    assert one.describe() == "dimension 1, degree 4 (8 in the parameters), 1 real point found"
    with pytest.raises(ValueError, match="read-only"):
        one.real_points[0][0] = 2.0


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("rank",), 3, r"few_samples\.rank: 3; expected 4"),
        (("zero_residual", "degree"), 7, r"few_samples\.zero_residual\.degree: 7; expected 6"),
        (("ramification", "dimension"), 2.0, r"few_samples\.ramification\.dimension: 2\.0; expected 3"),
        (("ramification", "real_points"), [], r"few_samples\.ramification\.real_points: \[\]; expected an entry"),
        (("zero_residual", "real_points", 0, 1), 1.5, r"few_samples\.zero_residual\.real_points\[0\]\[1\]: 1\.5"),
    ],
)
def test_a_file_that_says_otherwise_is_refused(tmp_path, path, value, message):
    content = json.loads(of_rank((3, 3), 4).to_json())
    del content["digest"]
    entry = content["few_samples"]
    for key in path[:-1]:
        entry = entry[key]
    entry[path[-1]] = value
    (tmp_path / "forged.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        CriticalPoints.from_json(tmp_path / "forged.json")


def test_a_file_may_leave_it_out_or_undecided_and_not_have_it_alone(tmp_path):
    result, path = of_rank((3, 3), 4), tmp_path / "other.json"
    content = json.loads(result.to_json())
    del content["digest"]
    content["few_samples"]["ramification"]["degree"] = None
    path.write_text(json.dumps(content), encoding="utf-8")
    assert CriticalPoints.from_json(path).few_samples == result.few_samples
    few = content.pop("few_samples")
    path.write_text(json.dumps(content), encoding="utf-8")
    assert CriticalPoints.from_json(path).few_samples == result.few_samples
    enough = critical_points(Architecture((2, 2), (2, 1)), SquaredLoss(np.eye(4), [1.0, 2.0, 3.0, 4.0]))
    content = json.loads(enough.to_json()) | {"few_samples": few}
    del content["digest"]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match="few_samples: given without zero_residual"):
        CriticalPoints.from_json(path)


@pytest.mark.skipif(find_program() is None, reason="neither msolve nor Macaulay2 is installed")
@pytest.mark.parametrize(
    ("filters", "strides"),
    [
        ((3, 3), (2, 1)),
        ((2, 2, 2), (2, 2, 1)),
        ((2, 2, 2), (3, 2, 1)),
        ((3, 2, 2), (2, 2, 1)),
        ((2, 3, 2), (2, 3, 1)),
        ((2, 2, 3), (2, 2, 1)),
        ((3, 2, 3), (2, 2, 1)),
        ((2, 2, 2, 2), (2, 2, 2, 1)),
    ],
)
def test_parameters_with_a_kernel_have_a_codimension_above_that_of_the_kernel(filters, strides):
    """The step of the proof that codim {dim ker J = κ} > κ, beyond the scalings.

    That is so for all κ if and only if the pairs of parameters in Π P^{k_l − 1} and kernel vectors in P^n have a
    dimension of at most n − 2. Modulo a prime: n − 1 random hyperplanes do not meet them.
    """
    arch = Architecture(filters, strides)
    assert not kernel_pairs_meet_hyperplanes(arch, arch.dimension - 2)


@pytest.mark.skipif(find_program() is None, reason="neither msolve nor Macaulay2 is installed")
def test_the_codimensions_are_no_larger_and_layers_of_one_block_are_different():
    assert kernel_pairs_meet_hyperplanes(Architecture((3, 3), (2, 1)), 2)
    assert kernel_pairs_meet_hyperplanes(Architecture((2, 2), (1, 1)), 1)
    assert not kernel_pairs_meet_hyperplanes(Architecture((2, 2), (1, 1)), 2)


def kernel_pairs_meet_hyperplanes(arch, number):
    rng, prime = Random(f"{arch} {number}"), PRIMES[0]
    degrees = [k - 1 for k in arch.filters]
    unknowns = 2 * sum(degrees) + 1

    def linear(constant, terms):
        values = {(0,) * unknowns: constant} | {tuple(int(j == i) for j in range(unknowns)): c for i, c in terms}
        return {exponents: value % prime for exponents, value in values.items() if value % prime}

    def convolution(one, other, dilation):
        result = [[] for _ in range(len(one) + dilation * (len(other) - 1))]
        for i, left in enumerate(one):
            for j, right in enumerate(other):
                result[i + dilation * j].append((left, right))
        return [linear_combination(*zip(*pairs, strict=True), prime) if pairs else {} for pairs in result]

    # Each layer lies on a random affine patch, and the part of the kernel vector in it on the linear space of this
    # patch. The part in the first layer is free.
    places, layers, vectors = iter(range(unknowns)), [], []
    for layer, degree in enumerate(degrees):
        patch = [rng.randrange(1, prime) for _ in range(degree)]
        for constant, kept in ((1, layers), (0, vectors)):
            own = [next(places) for _ in range(degree)]
            first = linear(constant, [(i, -c) for i, c in zip(own, patch, strict=True)])
            if layer == constant == 0:
                first = linear(0, [(next(places), 1)])
            kept.append([first, *(linear(0, [(i, 1)]) for i in own)])
    image = [{} for _ in range(arch.filter_size)]
    for layer, vector in enumerate(vectors):
        product = [linear(1, [])]
        for other, (factor, dilation) in enumerate(zip(layers, arch.dilations, strict=True)):
            product = convolution(product, vector if other == layer else factor, dilation)
        image = [linear_combination([linear(1, [])] * 2, pair, prime) for pair in zip(image, product, strict=True)]
    one_coordinate = [form for vector in vectors for form in vector]
    weights = [linear(rng.randrange(1, prime), []) for _ in one_coordinate]
    scaled = linear_combination([*weights, linear(-1, [])], [*one_coordinate, linear(1, [])], prime)
    cuts = [
        linear(rng.randrange(prime), [(i, rng.randrange(1, prime)) for i in range(unknowns)]) for _ in range(number)
    ]
    leading = leading_monomials(find_program(), [*image, scaled, *cuts], unknowns, prime)
    return (0,) * unknowns not in leading
