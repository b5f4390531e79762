"""Points in columns: the records made of them, their numbers, and what a record keeps."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import Architecture, CriticalPoints, SquaredLoss
from homotopy_lcn.results.columns import PointColumns, ResultColumns, StratumColumns
from homotopy_lcn.results.continua import UNDECIDED, Infimum
from homotopy_lcn.results.points import count_points

ARCH = Architecture((2, 2), (1, 1))
SIZE = ARCH.filter_size
LOSS = SquaredLoss.white([1.0, 3.0, 2.0])

#: A real point: in the function space, interior, and the indices of its parameters.
real_points = st.one_of(
    st.just((0, -1, [])),
    st.just((1, 1, [])),
    st.tuples(st.just(1), st.integers(0, 1), st.lists(st.integers(0, 3), min_size=1, max_size=3)),
)
#: Data sets of two real points and two pairs of conjugates.
data_sets = st.lists(st.tuples(real_points, real_points), min_size=1, max_size=4)


def columns_of(sets, complete=True):
    """Made-up columns in which every number is different."""
    count, points = len(sets), 6
    rng = np.random.default_rng(count)
    strata = (
        StratumColumns(((2,),), False, 4, 1, 3, np.arange(count)),
        StratumColumns(((1, 1),), True, 2, 2, 4, 10 + np.arange(count)),
        StratumColumns(((1,),), True, 0, 1),
    )
    answers = np.full((count, points, 4), -1, np.int8)
    answers[:, :, 0] = [1, 1, 0, 0, 0, 0]
    numbers = np.ones((count, points), np.int64)
    indices: list[int] = []
    first_real = []
    for row, described in enumerate(sets):
        first_real.append(len(indices))
        for place, (inside, interior, owned) in enumerate(described):
            answers[row, place, 1:] = inside, bool(owned), interior
            numbers[row, place] = len(owned)
            indices += owned
    residuals = np.where(numbers > 0, rng.uniform(size=(count, points)), np.nan)
    complex_numbers = rng.normal(size=(count, points, 2 * SIZE)) @ np.kron(np.eye(SIZE), [[1.0], [1.0j]])
    found = PointColumns(
        architecture=ARCH,
        strata=strata,
        filters=complex_numbers,
        losses=complex_numbers[:, :, 0],
        coordinates=np.concatenate([complex_numbers, complex_numbers[:, :, :1]], axis=2),
        stratum=np.tile([1, 0, 0, 0, 0, 1], (count, 1)),
        answers=answers,
        conditions=rng.uniform(1, 9, size=(count, points)),
        residuals=residuals,
        conjugates=np.tile([-1, -1, 3, 2, 5, 4], (count, 1)),
        numbers=numbers,
        first_real=np.array(first_real),
        first_complex=4 * np.arange(count),
        thetas=rng.normal(size=(len(indices), 4)),
        indices=np.array(indices, np.int64),
        complex_thetas=rng.normal(size=(4 * count, 4)) + 0.5j,
        infima=rng.uniform(size=count),
        complete=complete,
    )
    for array in vars(found).values():
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    return found


def result_of(columns, row):
    parts = {"loss": LOSS, "seed": 0, "data": "made up", "solved": ""}
    return CriticalPoints.of_columns(ResultColumns(columns, row), ARCH, **parts)


@given(data_sets)
def test_numbers_are_those_of_the_points(sets):
    columns = columns_of(sets)
    for row in range(len(sets)):
        result = ResultColumns(columns, row)
        assert result.part("counts") == count_points(result.part("points"), result.part("strata"))


@given(data_sets)
def test_points_are_those_that_the_columns_describe(sets):
    columns = columns_of(sets)
    real_rows, complex_rows = iter(range(len(columns.indices))), iter(range(len(columns.complex_thetas)))
    for row, described in enumerate(sets):
        for place, point in enumerate(columns.points(row)):
            assert point.filter.tolist() == columns.filters[row, place].tolist()
            assert point.stratum == columns.strata[columns.stratum[row, place]].pattern
            assert point.coordinates.tolist() == columns.coordinates[row, place, : 3 + point.pure].tolist()
            assert point.conjugate == (None if place < 2 else place + (-1 if place % 2 else 1))
            assert point.residual == (columns.residuals[row, place] if point.parameters else None)
            flat = [np.concatenate(theta).tolist() for theta in point.parameters]
            if place < 2:
                inside, interior, owned = described[place]
                assert point.loss == columns.losses[row, place].real
                assert (point.real, point.in_function_space, point.attained) == (True, bool(inside), bool(owned))
                assert point.interior is (bool(interior) if inside else None)
                assert list(point.indices) == owned
                assert [kind == "minimum" for kind in point.kinds] == [index == 0 for index in owned]
                assert flat == [columns.thetas[next(real_rows)].tolist() for _ in owned]
            else:
                assert point.loss == columns.losses[row, place]
                assert not point.real
                assert (point.in_function_space, point.attained, point.interior) == (None, None, None)
                assert (point.kinds, point.indices) == ((None,), (None,))
                assert flat == [columns.complex_thetas[next(complex_rows)].tolist()]
    assert list(real_rows) == list(complex_rows) == []


def test_points_keep_no_other_data_set():
    columns = columns_of([((1, 1, [0]), (0, -1, []))] * 3)
    result = result_of(columns, 1)
    assert "_columns" in vars(result)
    assert result.counts.minima == 1
    assert "_columns" in vars(result)
    for point in result:
        arrays = [point.filter, point.coordinates, *(layer for theta in point.parameters for layer in theta)]
        for array in arrays:
            assert array.base is None or array.base.shape[0] != 3
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1.0
    assert "_columns" not in vars(result)
    assert len(result.strata) == 3
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = result.nothing


def test_copies_are_equal_and_hold_the_points():
    columns = columns_of([((1, 1, [0, 2]), (1, 0, [1]))] * 2)
    for made in (copy.copy, copy.deepcopy, lambda result: pickle.loads(pickle.dumps(result))):
        twin = made(result_of(columns, 1))
        assert twin == result_of(columns, 1)
        assert twin != result_of(columns, 0)
        assert "_columns" not in vars(twin)
        assert hash(twin) == hash(result_of(columns, 1))


def test_parts_may_be_asked_for_by_several_threads_at_once():
    columns = columns_of([((1, 1, [0, 2]), (1, 0, [1]))] * 40)
    results = [result_of(columns, row) for row in range(40)]

    def ask(number):
        names = ("points", "counts", "strata")
        return [getattr(result, names[(row + number) % 3]) for row, result in enumerate(results)]

    with ThreadPoolExecutor(max_workers=6) as pool:
        asked = list(pool.map(ask, range(6)))
    for row, result in enumerate(results):
        for number in range(6):
            assert asked[number][row] is getattr(result, ("points", "counts", "strata")[(row + number) % 3])


def test_strata_tell_of_their_paths():
    first, second, empty = ResultColumns(columns_of([((0, -1, []),) * 2] * 3), 2).part("strata")
    assert (first.found, first.missing, first.statistics["paths"], first.statistics["steps"]) == (4, 0, 4, 2)
    assert (second.factorizations, second.statistics["steps"]) == (2, 12)
    assert (empty.generic, dict(empty.statistics)) == (0, {})


def test_the_infimum_is_known_if_all_strata_are():
    sets = [((0, -1, []),) * 2] * 2
    columns = columns_of(sets)
    assert ResultColumns(columns, 1).infimum == Infimum(float(columns.infima[1]), True)
    part = ResultColumns(columns_of(sets, complete=False), 1)
    assert part.infimum == UNDECIDED
    assert not part.complete
