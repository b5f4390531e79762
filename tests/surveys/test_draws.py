"""Draws solved together agree with `critical_points` on each of them, and depend on nothing but seed and number."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn import Architecture, SquaredLoss, critical_points, generic_count, survey
from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.losses.data_models import data_model, draw_loss
from homotopy_lcn.surveys import draws
from homotopy_lcn.surveys.draws import COLUMNS, cell_size, concatenated, solve_draws
from homotopy_lcn.tracking import get_engine

#: One block and several, merged layers, layers of size one, first blocks that are dilated, blocks that do not overlap.
ARCHITECTURES = [
    ((2, 2), (1, 1)),
    ((3, 2), (2, 1)),
    ((2, 2), (3, 1)),
    ((3, 3), (1, 1)),
    ((4, 3), (1, 1)),
    ((5, 2), (1, 1)),
    ((2, 2, 2), (1, 2, 1)),
    ((2, 2, 2), (1, 1, 1)),
    ((2, 2, 2), (2, 2, 1)),
    ((2, 3, 2), (2, 1, 1)),
    ((3, 1, 2), (1, 2, 1)),
    ((1, 3, 2), (2, 2, 1)),
    ((4,), (1,)),
    ((1,), (2,)),
]
MODELS = ["gaussian", "white", "ar1:0.9", "teacher:0.1"]


def expected(result):
    """The row of a draw from its critical points, written down once more."""
    real = [p for p in result.points if p.real]
    attained = [p for p in real if p.attained]
    thetas = [(kind, index) for p in attained for kind, index in zip(p.kinds, p.indices, strict=True)]
    best = min(attained, key=lambda p: p.loss, default=None)
    row = {
        "complete": result.complete,
        "missing": result.counts.generic - result.counts.found - result.counts.at_infinity
        - result.counts.singular - result.counts.origin,
        "found": result.counts.found,
        "at_infinity": result.counts.at_infinity,
        "singular": result.counts.singular,
        "origin": result.counts.origin,
        "continua": len(result.continua),
        "real_continua": sum(part.real is True for part in result.continua),
        "real": len(real),
        "real_pure": sum(p.pure for p in real),
        "in_function_space": sum(p.in_function_space is True for p in real),
        "attained": len(attained),
        "real_parameters": len(thetas),
        "interior": sum(p.interior is True for p in attained),
        "boundary": sum(p.interior is False for p in attained),
        "smooth": sum(p.smooth is True for p in attained),
        "minima": sum("minimum" in p.kinds for p in attained),
        "spurious_minima": sum("minimum" in p.kinds and not p.pure for p in attained),
        "degenerate": sum(kind == "degenerate" for kind, _ in thetas),
        "undecided": 0,
        "global_minimum_pure": -1 if best is None else int(best.pure),
        "least_loss": np.nan if best is None else best.loss,
    }  # fmt: skip
    for index in range(1, result.architecture.dimension):
        row[f"saddles_{index}"] = thetas.count(("saddle", index))
    return row


def compare(arch, model, seed, numbers, engine="auto"):
    """Solve draws together and one by one."""
    table = solve_draws(arch, model, seed, range(numbers.start, numbers.stop), engine=engine)
    assert list(table["draw"]) == list(numbers)
    for place, number in enumerate(numbers):
        loss = draw_loss(model, arch, seed, number)
        row = expected(critical_points(arch, loss, seed=seed, engine=engine))
        found = {name: column[place].item() for name, column in table.items() if name != "draw"}
        least, wanted = found.pop("least_loss"), row.pop("least_loss")
        assert found == row, f"draw {number}"
        assert least == pytest.approx(wanted, rel=1e-10, abs=1e-10 * loss.constant)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("filters", "strides"), ARCHITECTURES)
def test_together_as_one_by_one(filters, strides, model):
    compare(Architecture(filters, strides), data_model(model), 5, range(3, 6))


@settings(max_examples=12)
@given(
    layers=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=4).filter(
        lambda layers: generic_count(Architecture(*zip(*layers, strict=True))).filters <= 60
    ),
    model=st.sampled_from([*MODELS, "teacher:0.001", "ar1:0.999"]),
    seed=st.integers(0, 10**9),
)
def test_together_as_one_by_one_for_any_network(layers, model, seed):
    filters, strides = zip(*layers, strict=True)
    compare(Architecture(filters, strides), data_model(model), seed, range(seed % 7, seed % 7 + 1))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("filters", "strides"), ARCHITECTURES)
def test_compiled_code_counts_as_arrays_do(monkeypatch, filters, strides, model):
    pytest.importorskip("homotopy_lcn.tracking._plain")
    arch, chosen = Architecture(filters, strides), data_model(model)
    compiled = solve_draws(arch, chosen, 8, range(100))
    monkeypatch.setattr(draws, "count_together", lambda *arguments: None)
    in_arrays = solve_draws(arch, chosen, 8, range(100))
    assert list(compiled) == list(in_arrays)
    for name, column in in_arrays.items():
        assert compiled[name].dtype == column.dtype
        if name != "least_loss":
            np.testing.assert_array_equal(compiled[name], column, err_msg=name)
    np.testing.assert_allclose(compiled["least_loss"], in_arrays["least_loss"], rtol=1e-9, atol=1e-13)


def test_as_few_samples_as_the_function_space_has_dimensions():
    """The Gram matrix is singular, and the count is that of generic data."""
    arch = Architecture((3, 3), (2, 1))
    compare(arch, data_model(f"gaussian:{arch.dimension}"), 0, range(4))


def test_the_reference_engine_finds_the_same():
    compare(Architecture((2, 2), (1, 1)), data_model("gaussian"), 1, range(5, 8), engine="reference")


@pytest.mark.parametrize("model", ["gaussian", "white", "teacher:0.1"])
def test_a_row_does_not_depend_on_the_others(model):
    """To the last bit, across the borders of cells."""
    arch, chosen = Architecture((2, 2, 2), (1, 2, 1)), data_model(model)
    cell = cell_size(arch)
    start, stop = cell - 7, cell + 12
    whole = solve_draws(arch, chosen, 2, range(start, stop))
    borders = [start, start + 1, cell - 2, cell + 3, stop]
    parts = concatenated([solve_draws(arch, chosen, 2, range(*pair)) for pair in pairwise(borders)])
    for name, column in whole.items():
        assert column.tobytes() == parts[name].tobytes(), name


def test_most_draws_are_settled_together(monkeypatch):
    """Otherwise the surveys are right, but slow."""
    alone = []
    usual = draws._solve_alone
    monkeypatch.setattr(draws, "_solve_alone", lambda *arguments: alone.append(1) or usual(*arguments))
    solve_draws(Architecture((3, 2), (2, 1)), data_model("gaussian"), 0, range(1000))
    assert len(alone) <= 10


class Faulty:
    """An engine that spoils paths when it tracks many targets at once, as a kernel with a fault might."""

    name = "faulty"

    def __init__(self, spoil):
        self._engine = get_engine()
        self._spoil = spoil
        self.spoiled = False
        self.track = self._engine.track

    def track_many(self, stratum, points, start, targets, options):
        result = self._engine.track_many(stratum, points, start, targets, options)
        before = result.points.copy()
        spoiled = self._spoil(result, len(points))
        self.spoiled |= not np.array_equal(before, spoiled.points)
        return spoiled


class FaultyInArrays(Faulty):
    """The same where the ends go to the compiled code."""

    def ends_of_many(self, stratum, points, start, targets, options, jobs=1):
        each = [Data(*target) for target in zip(*targets, strict=True)]
        return self.track_many(stratum, points, start, each, options)


def lose(result, count):
    result.codes[::7] = 3
    result.points[::7] = np.nan
    return result


def jump(result, count):
    """The first path of each draw ends where the second one does."""
    if count > 1:
        result.points[0::count] = result.points[1::count]
    return result


def stray(result, count):
    """Paths end nowhere in particular, and no one notices on the way."""
    result.points[::count] *= 1.001
    return result


def mirror(result, count):
    """A complex end becomes nearly real."""
    rows = np.flatnonzero(np.abs(result.points[:, 1:].imag).max(axis=1) > 1e-3)[::5]
    result.points[rows] = result.points[rows].real + 1e-8j * result.points[rows].imag
    return result


@pytest.mark.parametrize("fault", [lose, jump, stray, mirror])
@pytest.mark.parametrize(("filters", "strides"), [((3, 3), (1, 1)), ((3, 2), (2, 1))])
@pytest.mark.parametrize("kind", [Faulty, FaultyInArrays])
def test_what_is_in_doubt_is_solved_again(filters, strides, fault, kind):
    arch, model, engine = Architecture(filters, strides), data_model("gaussian"), kind(fault)
    usual = solve_draws(arch, model, 0, range(6))
    spoiled = solve_draws(arch, model, 0, range(6), engine=engine)
    assert engine.spoiled
    for name, column in usual.items():
        np.testing.assert_allclose(spoiled[name], column, rtol=1e-12)


@pytest.mark.parametrize("where", ["_ends", "classify_real", "_near_coincidences", "_enter_global_minimum"])
def test_nothing_is_left_of_a_draw_given_up_late(monkeypatch, where):
    """Each step of the work together may give up a draw; what it has entered so far must go."""
    monkeypatch.setattr(draws, "count_together", lambda *arguments: None)
    arch, model = Architecture((3, 3), (1, 1)), data_model("gaussian")
    usual, step = solve_draws(arch, model, 0, range(6)), getattr(draws, where)
    given_up = []

    def in_doubt(*arguments):
        answer = step(*arguments)
        given_up.append(where)
        if where == "_ends":
            return answer._replace(clear=answer.clear & (np.arange(len(answer.clear)) % 11 > 0))
        if where == "classify_real":
            return replace(answer, doubtful=~answer.doubtful)
        return ~answer

    monkeypatch.setattr(draws, where, in_doubt)
    again = solve_draws(arch, model, 0, range(6))
    assert given_up
    for name, column in usual.items():
        np.testing.assert_allclose(again[name], column, rtol=1e-12, err_msg=name)


def test_an_incomplete_draw_is_kept_and_counted_as_such(monkeypatch):
    """Two points of every result get lost: the rows say so, and the intervals allow for them."""

    def two_lost(arch, loss, **options):
        result = critical_points(arch, loss, **options)
        row = result.strata[0]
        strata = (replace(row, found=row.found - 2), *result.strata[1:])
        points = [point for point in result.points if point.real] + list(result.points[-4:])
        return type(result).build(arch, loss, points, strata, seed=0)

    monkeypatch.setattr(draws, "critical_points", two_lost)
    monkeypatch.setattr(draws, "are_regular", lambda arch, moments, _: np.arange(len(moments.constant)) % 10 > 0)
    found = survey(Architecture((3, 2), (2, 1)), 100)
    frame = found.to_frame()
    assert len(frame) == 100
    assert found.incomplete == 10
    assert (frame["complete"] == (frame["draw"] % 10 > 0)).all()
    assert (frame["missing"] == np.where(frame["complete"], 0, 2)).all()
    assert frame.loc[~frame["complete"], "global_minimum_pure"].isna().all()
    pure = found.tallies[0].global_minimum_pure
    assert (pure.yes + pure.no, pure.unknown) == (90, 10)
    assert pure.interval[0] < 0.9 < pure.interval[1] == 1
    real = found.distribution("real_pure")
    assert sum(real.draws.values()) == 100
    assert real.interval[1] - real.mean == pytest.approx(real.mean - real.interval[0] + 0.2, abs=0.05)


def test_a_sample_of_too_small_a_rank_is_an_incomplete_draw(tmp_path):
    """Bootstrap samples of few rows may hold too few different ones."""
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "few.npz", X=rng.normal(size=(4, 3)), Y=rng.normal(size=(4, 1)))
    arch, model = Architecture((2, 2), (1, 1)), data_model(f"{tmp_path / 'few.npz'}:4")
    table = solve_draws(arch, model, 0, range(60))
    for number, complete in enumerate(table["complete"].tolist()):
        assert complete == (draw_loss(model, arch, 0, number).rank >= arch.dimension)
    assert 0 < table["complete"].sum() < 60
    assert (table["missing"][~table["complete"]] == generic_count(arch).filters).all()


def test_continua_of_special_data_are_counted(tmp_path):
    """A sample that holds each unit vector once has Σ = I and a target with equal singular values."""
    np.savez(tmp_path / "unit.npz", X=np.eye(4), Y=[[1.0], [0.0], [0.0], [1.0]])
    arch, model = Architecture((2, 2), (2, 1)), data_model(f"{tmp_path / 'unit.npz'}:4")
    white = [number for number in range(40) if np.array_equal(draw_loss(model, arch, 0, number).gram, np.eye(4))]
    table = solve_draws(arch, model, 0, range(white[0], white[0] + 1))
    assert (table["continua"].item(), table["real_continua"].item(), table["complete"].item()) == (1, 1, True)
    assert (table["attained"].item(), table["global_minimum_pure"].item()) == (0, 1)
    assert abs(table["least_loss"].item() - 1) < 1e-14


def test_every_column_is_explained():
    arch = Architecture((2, 2), (1, 1))
    table = solve_draws(arch, data_model("gaussian"), 0, range(2))
    assert list(table) == draws.columns([arch])
    assert set(table) == {"draw", *COLUMNS, "saddles_1", "saddles_2"}


def test_counts_have_the_parity_of_the_generic_ones():
    """Points that are not real come in pairs."""
    for filters, strides in ARCHITECTURES[:9]:
        arch = Architecture(filters, strides)
        table, counts = solve_draws(arch, data_model("gaussian"), 3, range(200)), generic_count(arch)
        assert ((table["real"] - counts.filters) % 2 == 0).all()
        assert ((table["real_pure"] - counts.pure) % 2 == 0).all()
        assert (table["interior"] + table["boundary"] == table["attained"]).all()
        assert (table["attained"] <= table["in_function_space"]).all()
        assert (table["minima"] >= 1).all()


def test_the_least_loss_is_least():
    """Gradient descent in parameter space from many random starts finds nothing lower."""
    from scipy.optimize import minimize

    arch, model = Architecture((3, 2), (2, 1)), data_model("teacher:0.5")
    table = solve_draws(arch, model, 9, range(3))
    rng = np.random.default_rng(0)
    for draw in range(3):
        loss: SquaredLoss = draw_loss(model, arch, 9, draw)

        def value(theta, loss=loss):
            a, b, c, d, e = theta
            return float(loss(np.array([a * d, b * d, c * d + a * e, b * e, c * e])))

        lowest = min(minimize(value, rng.normal(size=5), tol=1e-12).fun for _ in range(20))
        assert lowest == pytest.approx(table["least_loss"][draw], rel=1e-6)
