"""Start systems of data with one Gram matrix, and the counts for white data."""

from dataclasses import replace

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, critical_points, generic_count
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.errors import IncompleteStartSystem, InputError
from homotopy_lcn.networks.counts import singular_vector_tuples
from homotopy_lcn.networks.strata import Embedding
from homotopy_lcn.solving import white_counts
from homotopy_lcn.solving.monodromy import random_data
from homotopy_lcn.solving.start_systems import StartSystems
from homotopy_lcn.solving.tolerances import SOLVING
from homotopy_lcn.solving.white_counts import white_count
from homotopy_lcn.tracking import Homotopy, TrackerOptions, get_engine
from homotopy_lcn.tracking.settings import Tracking
from tests.small_networks import filters_of, matched


@pytest.mark.parametrize(
    ("dimensions", "count"),
    # Friedland, Ottaviani (2014), the table in the introduction, and the binary tensors: d! for d factors.
    [((1, 1), 2), ((1, 2), 2), ((2, 2), 3), ((1, 1, 1), 6), ((1, 1, 2), 8), ((1, 2, 2), 15), ((2, 2, 2), 37),
     ((1, 1, 1, 1), 24), ((1, 1, 1, 1, 1), 120), ((3, 3), 4), ((5,), 1)],
)  # fmt: skip
def test_singular_vector_tuples(dimensions, count):
    assert singular_vector_tuples(dimensions) == count
    assert singular_vector_tuples(dimensions[::-1]) == count


@pytest.mark.parametrize(
    ("filters", "strides"),
    [((2, 2), (2, 1)), ((3, 2), (3, 1)), ((2, 3), (5, 1)), ((2, 2, 2), (2, 2, 1)), ((2, 2, 2), (1, 3, 1))],
)
def test_white_counts_of_filters_that_do_not_overlap_are_those_of_singular_vector_tuples(filters, strides):
    arch = Architecture(filters, strides)
    degrees = [block.degree for block in arch.blocks]
    table = generic_count(arch, metric="white")
    assert table.metric == "white"
    assert table.pure == singular_vector_tuples(degrees)
    assert [row.generic for row in table] == [row.count for row in generic_count(arch)]
    assert all(0 < row.count <= row.generic for row in table)


@pytest.mark.parametrize(("filters", "strides"), [((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1)), ((2, 2), (1, 1))])
def test_overlapping_filters_may_lose_nothing(filters, strides):
    """The white counts of these are the generic ones."""
    arch = Architecture(filters, strides)
    white, generic = generic_count(arch, metric="white"), generic_count(arch)
    assert [row.count for row in white] == [row.count for row in generic]


def test_white_solves_track_only_paths_that_arrive():
    arch = Architecture((2, 2, 2), (2, 2, 1))
    rng = np.random.default_rng(1)
    for _ in range(3):
        result = critical_points(arch, SquaredLoss.white(rng.standard_normal(arch.filter_size)))
        assert result.complete
        counts = result.counts
        assert (counts.generic, counts.found, counts.at_infinity) == (34, 6, 28)
        assert [row.statistics["paths"] for row in result.strata] == [6]


def test_a_multiple_of_the_identity_is_white_too():
    arch = Architecture((2, 2), (2, 1))
    target = np.array([1.0, 2.0, 3.0, 5.0])
    white = critical_points(arch, SquaredLoss.white(target))
    scaled = critical_points(arch, SquaredLoss(7.3 * np.eye(4), 7.3 * target))
    assert matched(filters_of(white), filters_of(scaled))[1] < 1e-13
    assert [row.statistics["paths"] for row in scaled.strata] == [2]


#: Σ with 2 × 2 singular pairs as many as white data have, 2 instead of 6.
DIAGONAL = np.kron(np.diag([1.0, 2.0]), np.diag([1.0, 3.0]))
TOEPLITZ = np.array([[2.0, 0, 1, 0], [0, 2, 0, 1], [1, 0, 2, 0], [0, 1, 0, 2]])
UNSTRUCTURED = np.kron(np.array([[2.0, 1], [1, 3]]), np.array([[1.0, 0.5], [0.5, 4]]))


def test_a_gram_matrix_that_loses_paths_gets_a_start_system_when_it_comes_again(monkeypatch):
    systems = StartSystems()
    arch = Architecture((2, 2), (2, 1))
    rng = np.random.default_rng(2)
    paths = []
    for _ in range(3):
        result = critical_points(arch, SquaredLoss(UNSTRUCTURED, rng.standard_normal(4)), start_systems=systems)
        assert result.complete
        assert (result.counts.found, result.counts.at_infinity) == (2, 4)
        paths.append(result.strata[0].statistics["paths"])
    assert paths[0] >= 6
    assert paths[1:] == [2, 2]


@pytest.mark.parametrize("gram", [DIAGONAL, TOEPLITZ], ids=["diagonal", "Toeplitz"])
def test_diagonal_and_toeplitz_families_are_kept_and_a_seed_gives_one_result(gram, tmp_path, monkeypatch):
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path))
    arch = Architecture((2, 2), (2, 1))
    rng = np.random.default_rng(3)
    for number in range(2):
        texts = []
        moments = rng.standard_normal(4)
        for _ in range(2):
            result = critical_points(arch, SquaredLoss(gram, moments), start_systems=StartSystems())
            assert result.complete
            assert (result.counts.found, result.counts.at_infinity) == (2, 4)
            assert [row.statistics["paths"] for row in result.strata] == [2]
            texts.append(result.to_json())
        assert texts[0] == texts[1]
        assert len(list(tmp_path.glob("*-gram-*.npz"))) == 1, number


@pytest.mark.parametrize("gram", [DIAGONAL, TOEPLITZ, np.eye(4)], ids=["diagonal", "Toeplitz", "white"])
def test_monodromy_in_the_moments_alone_permutes_the_points_of_a_family(gram, tmp_path, monkeypatch):
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path))
    stratum, _, count = white_stratum(Architecture((2, 2), (2, 1)))
    system = StartSystems().kept_with_gram(stratum, gram, count, Tracking(get_engine()))
    assert (len(system.start.points), system.at_infinity, system.origin) == (2, 4, 0)
    assert white_counts._is_one_orbit(system.start, Tracking(get_engine()))


def test_data_that_lose_no_paths_leave_nothing_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path))
    arch = Architecture((2, 2), (2, 1))
    for gram in (np.diag([1.0, 3, 2, 5]), 0.5 ** np.abs(np.subtract.outer(np.arange(4), np.arange(4)))):
        result = critical_points(arch, SquaredLoss(gram, [1.0, 2, -1, 3]))
        assert (result.complete, result.counts.found) == (True, 6)
    assert not list(tmp_path.glob("*-gram-*"))


def test_a_family_gives_the_same_points_as_the_generic_start_system(monkeypatch):
    arch = Architecture((3, 3), (2, 1))
    loss = SquaredLoss.white(np.random.default_rng(3).standard_normal(arch.filter_size))
    result = critical_points(arch, loss)
    monkeypatch.setattr(StartSystems, "kept_with_gram", lambda *args: None)
    other = critical_points(arch, loss)
    assert result.complete
    assert other.complete
    assert (result.counts.found, result.counts.at_infinity) == (other.counts.found, other.counts.at_infinity)
    assert matched(filters_of(result), filters_of(other))[1] < 1e-11


def white_stratum(arch):
    row = generic_count(arch).rows[0]
    embedding = Embedding.of_pattern(arch, row.pattern)
    return embedding.stratum, np.eye(embedding.stratum.filter_size), row.count


def test_the_cache_keeps_white_families_and_damaged_files_are_computed_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path))
    stratum, gram, count = white_stratum(Architecture((2, 2), (2, 1)))
    first = StartSystems().kept_with_gram(stratum, gram, count, Tracking(get_engine()))
    (file,) = tmp_path.glob("*white*.npz")
    second = StartSystems().kept_with_gram(stratum, gram, count, Tracking(get_engine()))
    np.testing.assert_array_equal(first.start.points, second.start.points)
    assert (second.at_infinity, second.origin) == (4, 0)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))
    third = StartSystems().kept_with_gram(stratum, gram, count, Tracking(get_engine()))
    np.testing.assert_array_equal(first.start.points, third.start.points)


def test_a_count_that_monodromy_does_not_confirm_is_not_given(monkeypatch):
    monkeypatch.setattr(white_counts, "SOLVING", replace(SOLVING, loops=0))
    with pytest.raises(IncompleteStartSystem, match="monodromy does not confirm"):
        white_count(Architecture((2, 2), (2, 1)), start_systems=StartSystems())


def test_a_path_that_the_straight_homotopy_always_loses_is_found_along_another():
    white = generic_count(Architecture((4, 5), (1, 1)), metric="white")
    assert [row.count for row in white] == [row.generic for row in white]


def test_what_cannot_be_counted():
    with pytest.raises(InputError, match=r"metric: 'black' given; expected 'generic' or 'white'"):
        generic_count(Architecture((2, 2), (2, 1)), metric="black")
    with pytest.raises(InputError, match=r"metric: .* 204536 points"):
        generic_count(Architecture((4, 4, 4), (2, 2, 1)), metric="white")


@pytest.mark.parametrize(
    ("shape", "affine"), [(((2, 2), (2, 1)), True), (((3, 3), (2, 1)), True), (((2, 2, 2), (2, 2, 1)), False)]
)
def test_the_trace_of_white_points_is_affine_for_two_layers_but_not_for_tensors(shape, affine):
    """Why monodromy and the endgame's account decide on white counts: complete fibres may fail the trace test."""
    stratum, gram, count = white_stratum(Architecture(*shape))
    start, engine = (
        StartSystems().kept_with_gram(stratum, gram, count, Tracking(get_engine())).start,
        get_engine(),
    )
    direction = random_data(stratum.filter_size, np.random.default_rng(0)).b
    sums = []
    for t in range(3):
        there = Data(start.data.gram, start.data.b + t * direction)
        ends = engine.track(stratum, start.points, Homotopy(start.data, there), TrackerOptions.conservative())
        assert ends.success.all()
        sums.append(equations_of(stratum).filters(ends.points).sum(axis=0))
    bend = np.linalg.norm(sums[0] - 2 * sums[1] + sums[2]) / np.linalg.norm(sums[1])
    assert bend < 1e-12 if affine else bend > 1e-3
