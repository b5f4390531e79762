"""Training ends at listed critical points; the integrator follows the flow; what runs linger at is counted."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from homotopy_lcn import Architecture, InputError, SquaredLoss, critical_points
from homotopy_lcn.training.descent import descend
from homotopy_lcn.training.optimizers import Flow, ScaledLoss
from tests.saved_frames import assert_saved_exactly
from tests.small_networks import end_to_end, network_loss, random_problem, solved
from tests.special_data import curve_of_minima, no_minimum, periodic_series

NETWORKS = [((2, 2, 2), (1, 2, 1)), ((3, 2), (2, 1)), ((3, 3), (1, 1))]


def flat(theta):
    return np.concatenate(theta)


def split(architecture, vector):
    return np.split(vector, np.cumsum(architecture.filters)[:-1])


@pytest.mark.parametrize(("filters", "strides"), NETWORKS)
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("optimizer", ["flow", "descent", "adam"])
def test_every_run_goes_to_a_listed_minimum(filters, strides, seed, optimizer):
    result = solved(filters, strides, seed)
    table = descend(result, 40, seed=seed, optimizer=optimizer, max_steps=None if optimizer == "flow" else 300)
    assert table.accounted
    assert len(table.runs) == sum(row.runs for row in table) == 40
    for run in table.runs:
        assert run.outcome == "point"
        assert result.points[run.point].minimum
    assert {row.point for row in table if row.outcome == "point"} >= {
        index for index, point in enumerate(result.points) if point.attained
    }


@pytest.mark.parametrize(("filters", "strides"), NETWORKS)
def test_the_reported_ends_are_those_of_the_network(filters, strides):
    problem, result = random_problem(filters, strides), solved(filters, strides)
    for run in descend(result, 5).runs:
        np.testing.assert_allclose(network_loss(problem, run.end), run.loss, rtol=1e-10)
        point = result.points[run.point]
        np.testing.assert_allclose(end_to_end(problem.architecture, run.end), point.filter.real, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(run.loss, point.loss, rtol=1e-9)
        assert run.settled
        assert run.time > 0


@settings(max_examples=10)
@given(
    network=st.sampled_from([((2, 2), (1, 1)), ((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1)), ((2, 1, 3), (3, 2, 1))]),
    seed=st.integers(0, 2**32 - 1),
)
def test_gradient_flow_against_scipy(network, seed):
    """The same place after the same time as by a method that knows nothing of Hessians."""
    problem = random_problem(*network)
    architecture, loss = problem.architecture, problem.loss
    scaled = ScaledLoss(architecture, loss)
    position = np.random.default_rng(seed).standard_normal((1, sum(architecture.filters)))
    method, time, start = Flow(1), 0.0, position
    for _ in range(30):
        move = method.step(scaled, position, np.array([0]))
        position, time = move.positions, time + float(move.times[0])

    def velocity(_, vector):
        theta = split(architecture, vector)
        columns = [
            end_to_end(architecture, [*theta[:layer], unit, *theta[layer + 1 :]])
            for layer, w in enumerate(theta)
            for unit in np.eye(len(w))
        ]
        return -np.array(columns) @ loss.gradient(end_to_end(architecture, theta))

    begin, end = start[0] * scaled.parameter_unit, position[0] * scaled.parameter_unit
    exact = solve_ivp(velocity, (0, time * scaled.time_unit), begin, method="LSODA", rtol=1e-9, atol=1e-11)
    assert exact.success
    assert np.linalg.norm(exact.y[:, -1] - end) <= 1e-2 * np.linalg.norm(end)


@pytest.mark.parametrize(("filters", "strides"), NETWORKS)
def test_gradient_flow_keeps_the_imbalance_of_the_layers(filters, strides):
    """The differences ‖w_l‖² − ‖w_m‖² are constant along gradient flow."""
    for run in descend(solved(filters, strides), 10, seed=4).runs:
        before, after = (np.array([w @ w for w in theta]) for theta in (run.start, run.end))
        size = max(before.max(), after.max())
        np.testing.assert_allclose(after - after[0], before - before[0], atol=2e-3 * size)


def saddles(result):
    return [i for i, p in enumerate(result.points) if p.attained and set(p.kinds) == {"saddle"}]


@pytest.mark.parametrize(("filters", "strides"), [((2, 2, 2), (1, 2, 1)), ((3, 2), (2, 1))])
def test_a_start_near_a_saddle_lingers_there_and_the_longer_the_nearer_it_is(filters, strides):
    result = next(r for r in (solved(filters, strides, seed) for seed in range(5)) if saddles(r))
    index = saddles(result)[0]
    point = result.points[index]
    direction = np.random.default_rng(0).standard_normal(sum(filters))
    near = [
        split(result.architecture, flat(point.parameters[0]) + distance * direction) for distance in (1e-3, 1e-5, 1e-7)
    ]
    table = descend(result, near)
    assert [run.outcome for run in table.runs] == ["point"] * 3
    assert all(result.points[run.point].minimum for run in table.runs)
    times = [run.lingering[index][1] for run in table.runs]
    # The distance grows exponentially, so that each two decimal places cost the same time.
    assert times[2] - times[1] == pytest.approx(times[1] - times[0], rel=0.1)
    row = next(row for row in table if row.point == index)
    assert (row.kind, row.visits, row.runs) == ("saddle", 3, 0)
    assert row.time == pytest.approx(np.mean(times))
    same = descend(result, near, optimizer="descent", learning_rate=times[0] / 500, max_steps=2000)
    steps, time = same.runs[0].lingering[index]
    assert time == pytest.approx(times[0], rel=0.05)
    assert time == pytest.approx(steps * times[0] / 500)


def test_a_start_at_a_critical_point_stays_there():
    result = solved((2, 2, 2), (1, 2, 1))
    starts = [theta for point in result.attained for theta in point.parameters]
    expected = [i for i, point in enumerate(result.points) if point.attained for _ in point.parameters]
    table = descend(result, [*starts, [np.zeros(2)] * 3])
    assert [run.point for run in table.runs] == [*expected, None]
    assert table.runs[-1].outcome == "zero"
    assert table.rows[-1].runs == 1


def test_small_starts_linger_at_zero():
    table = descend(solved((2, 2, 2), (1, 2, 1)), 10, init=1e-3)
    zero = table.rows[-1]
    assert (zero.outcome, zero.kind, zero.visits) == ("zero", "degenerate", 10)


def test_zero_is_the_minimum_when_there_is_nothing_to_learn():
    architecture = Architecture((2, 2), (2, 1))
    result = critical_points(architecture, SquaredLoss(np.diag([1.0, 2, 3, 4.5]), np.zeros(4)))
    table = descend(result, 10)
    zero = next(row for row in table if row.outcome == "zero")
    assert (zero.kind, zero.runs, zero.loss) == ("minimum", 10, 0.0)


def test_a_continuum_of_minima():
    """The best approximations of the unit matrix by matrices of rank one are all u uᵀ with a unit vector u."""
    table = descend(curve_of_minima(), 10)
    assert {(run.outcome, run.point, run.continuum) for run in table.runs} == {("continuum", None, 0)}
    assert table.accounted
    for run in table.runs:
        outer = np.outer(run.end[1], run.end[0])
        np.testing.assert_allclose(outer, outer.T, atol=1e-8)
        np.testing.assert_allclose(np.trace(outer), 1, rtol=1e-8)
    (row,) = (row for row in table if row.outcome == "continuum")
    assert (row.continuum, row.point, row.kind, row.loss, row.runs) == (0, None, "minimum", 1.0, 10)
    assert "minimum, continuum 0 of loss 1: 10 runs" in str(table)
    assert table.to_frame()["continuum"].tolist()[0] == 0
    document = json.loads(table.to_json())
    assert [run["continuum"] for run in document["runs"]] == [0] * 10
    assert sum(row.visits for row in table) <= 3  # slowing down on the way to the continuum is not lingering at zero


def test_runs_end_on_the_continuum_of_their_loss_also_far_from_its_points():
    table = descend(periodic_series(), 20, init=3.0)
    assert {run.continuum for run in table.runs} == {0}
    assert max(np.linalg.norm(end_to_end(periodic_series().architecture, run.end)) for run in table.runs) > 2
    saddle = periodic_series().continua[1]
    (run,) = descend(periodic_series(), [saddle.points[0].parameters[0]]).runs
    assert (run.outcome, run.continuum) == ("continuum", 1)
    rows = [(row.continuum, row.kind) for row in table if row.outcome == "continuum"]
    assert rows == [(0, "minimum"), (1, "saddle")]


def test_an_infimum_that_is_not_attained_leaves_runs_unfinished():
    table = descend(no_minimum(), 3, max_steps=200)
    assert {run.outcome for run in table.runs} == {"unfinished"}
    assert not table.accounted


def test_a_minimum_on_two_strata_is_reached_and_its_approach_is_not_lingering():
    result = critical_points(Architecture((2, 2), (1, 1)), SquaredLoss.white([1, 2, 1]))
    table = descend(result, 20)
    first = table.rows[0]
    assert (first.point, first.kind, first.loss, first.runs, first.visits) == (0, "minimum", 0.0, 20, 0)


def test_few_samples_end_at_residual_zero():
    rng = np.random.default_rng(0)
    architecture = Architecture((3, 2), (2, 1))
    loss = SquaredLoss.from_data(rng.normal(size=(2, 5)), rng.normal(size=(2, 1)), architecture)
    result = critical_points(architecture, loss, isolated=True)
    table = descend(result, 10)
    assert [(row.outcome, row.continuum, row.runs) for row in table if row.runs] == [("continuum", 0, 10)]
    without = descend(replace(result, continua=()), 10)
    assert [(row.outcome, row.runs) for row in without if row.runs] == [("zero residual", 10)]


def test_runs_that_fail_are_counted():
    result = solved((3, 2), (2, 1))
    diverged = descend(result, 10, optimizer="descent", learning_rate=1e3)
    assert [run.outcome for run in diverged.runs] == ["diverged"] * 10
    assert diverged.accounted
    unfinished = descend(result, 10, max_steps=3)
    assert sum(row.runs for row in unfinished if row.outcome == "unfinished") == 10
    assert not unfinished.accounted
    assert all(run.steps == 3 and not run.settled for run in unfinished.runs)


def test_a_short_list_leaves_runs_unlisted():
    result = solved((3, 2), (2, 1))
    kept = [point for point in result.points if not point.minimum]
    short = type(result).build(result.architecture, result.loss, kept, result.strata, seed=0, complete=False)
    table = descend(short, 5)
    assert [run.outcome for run in table.runs] == ["unlisted"] * 5
    assert not table.accounted


def test_the_seed_decides():
    result = solved((3, 3), (1, 1))
    first, again, other = (descend(result, 5, seed=seed, init="pytorch").to_json() for seed in (1, 1, 2))
    assert first == again != other
    bound = 1 / np.sqrt(3)
    starts = json.loads(first)["runs"]
    assert all(abs(value) <= bound for run in starts for layer in run["start"] for value in layer)


def test_frame_json_and_text(tmp_path):
    table = descend(solved((3, 3), (1, 1)), 20)
    frame = table.to_frame()
    assert frame["runs"].sum() == 20
    assert frame["share"].sum() == pytest.approx(1)
    assert_saved_exactly(frame, tmp_path)
    path = tmp_path / "basins.json"
    table.to_json(path)
    document = json.loads(path.read_text())
    assert [row["runs"] for row in document["rows"]] == frame["runs"].tolist()
    assert len(document["runs"]) == 20
    assert (document["data"], document["data_digest"]) == (table.result.data, table.result.data_digest)
    assert f"point {table.runs[0].point}" in str(table)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"starts": 0}, "starts: 0"),
        ({"starts": True}, "starts: True"),
        ({"starts": []}, "starts: empty"),
        ({"starts": "many"}, "starts: 'many'"),
        ({"starts": [[[1, 2, 3]]]}, "starts[0]: layers of shapes"),
        ({"starts": [3]}, "starts[0]: not a sequence"),
        ({"starts": [[[1, 2, np.nan], [1, 2]]]}, "starts[0]: holds a number that is not finite"),
        ({"init": -1}, "init: -1"),
        ({"init": "xavier"}, "init: 'xavier'"),
        ({"optimizer": "sgd"}, "optimizer: 'sgd'"),
        ({"learning_rate": 0.1}, "learning_rate: given for gradient flow"),
        ({"learning_rate": 0, "optimizer": "adam"}, "learning_rate: 0"),
        ({"max_steps": 1.5}, "max_steps: 1.5"),
        ({"slow": 0}, "slow: 0"),
        ({"seed": -1}, "seed: -1"),
    ],
)
def test_errors_name_the_argument(arguments, words):
    with pytest.raises(InputError) as caught:
        descend(solved((3, 2), (2, 1)), **arguments)
    assert str(caught.value).startswith(words)
    assert "expected" in str(caught.value)


def test_without_pytorch_the_install_line_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"pip install torch"):
        Architecture.from_torch(object())
