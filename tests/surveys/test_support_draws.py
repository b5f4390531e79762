"""Draws of networks of any supports that are counted together: the rows of single solves."""

from __future__ import annotations

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.losses.data_models import Moments, data_model, draw_moments
from homotopy_lcn.surveys import draws, support_draws
from homotopy_lcn.surveys.starts import eigenvalues, prepare
from homotopy_lcn.tracking import TrackerOptions, get_engine, track_many

CORNER = ((0, 0), (0, 1), (1, 0))
NETWORKS = [
    hl.Architecture(supports=((0, 1, 3), (0, 1))),
    hl.Architecture(supports=(CORNER, CORNER)),
    hl.Architecture(filters=((2, 1), (3, 1), (1, 2)), strides=(1, 1, 1)),  # parallel segments that share roots
    hl.Architecture(filters=((2, 1), (2, 1), (2, 2)), strides=(1, 1, 1)),
]


def counted(network, moments, engine=None):
    starts = prepare(network, data_model("gaussian"))
    values = eigenvalues(moments, network.support)
    return support_draws.count_supports(network, starts[0], moments, values, engine or get_engine())


@pytest.fixture
def alone(monkeypatch):
    """The number of draws that were solved on their own."""
    numbers = []
    original = draws._solve_alone

    def recorded(*arguments):
        numbers.append(1)
        return original(*arguments)

    monkeypatch.setattr(draws, "_solve_alone", recorded)
    return numbers


@pytest.mark.parametrize("model", ["gaussian", "teacher:0.1"])
@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_every_column_is_that_of_a_single_solve(network, model, alone):
    chosen, count = data_model(model), 5
    table = draws.solve_draws(network, chosen, 7, range(count))
    assert not alone
    moments = draw_moments(chosen, network, 7, range(count))
    for draw in range(count):
        expected = draws.counts_of(hl.critical_points(network, moments.loss(draw), seed=7))
        assert table["complete"][draw]
        for name, column in table.items():
            if name == "least_loss":
                assert column[draw] == pytest.approx(expected[name], rel=1e-9)
            elif name != "draw":
                assert column[draw] == expected.get(name, 0), name


def test_a_draw_does_not_depend_on_the_others():
    network = NETWORKS[1]
    whole = draws.solve_draws(network, data_model("gaussian"), 1, range(6))
    part = draws.solve_draws(network, data_model("gaussian"), 1, range(3, 5))
    for name, column in whole.items():
        np.testing.assert_array_equal(column[3:5], part[name])


def test_a_disguised_ordinary_network_is_counted_as_its_twin(alone):
    disguised, twin = hl.Architecture(filters=((1, 3), (1, 2)), strides=(1, 1)), hl.Architecture((3, 2), (1, 1))
    tables = [draws.solve_draws(network, data_model("gaussian"), 0, range(20)) for network in (disguised, twin)]
    assert not alone
    for name, column in tables[0].items():
        np.testing.assert_array_equal(column, tables[1][name])


def test_a_lost_path_is_followed_once_more_and_then_the_draw_is_in_doubt():
    class Losing:
        """Loses the first path of every other draw; with short steps, none of them if ``recovers``."""

        def __init__(self, recovers):
            self.recovers, self.calls = recovers, []

        def ends_of_many(self, stratum, points, start, targets, options):
            result = get_engine().ends_of_many(stratum, points, start, targets, options)
            self.calls.append((options, len(targets.b)))
            if options == TrackerOptions() or not self.recovers:
                result.codes[:: 2 * len(points)] = 1
            return result

    network = NETWORKS[0]
    moments = draw_moments(data_model("gaussian"), network, 0, range(6))
    usual = counted(network, moments)
    assert usual.settled.all()
    recovering = Losing(True)
    again = counted(network, moments, recovering)
    assert recovering.calls == [(TrackerOptions(), 6), (TrackerOptions.conservative(), 3)]
    assert again.settled.all()
    np.testing.assert_array_equal(again.found.indices, usual.found.indices)
    assert counted(network, moments, Losing(False)).settled.tolist() == [False, True, True, True, False, True]


def test_two_paths_with_one_end_are_noticed():
    class Jumping:
        """The second path of the first draw ends where the first one ends."""

        def ends_of_many(self, stratum, points, start, targets, options):
            result = get_engine().ends_of_many(stratum, points, start, targets, options)
            result.points[1] = result.points[0]
            return result

    network = NETWORKS[1]
    moments = draw_moments(data_model("gaussian"), network, 0, range(3))
    assert counted(network, moments, Jumping()).settled.tolist() == [False, True, True]


def test_other_engines_are_asked_path_by_path():
    class Plain:
        """An engine that has no arrays of targets."""

        name = "plain"

        def track(self, *arguments, **options):
            return get_engine().track(*arguments, **options)

    network = NETWORKS[0]
    moments = draw_moments(data_model("gaussian"), network, 0, range(2))
    assert not hasattr(Plain(), "ends_of_many")
    assert track_many is support_draws.track_many
    one, other = counted(network, moments), counted(network, moments, Plain())
    assert other.settled.all()
    np.testing.assert_array_equal(one.found.attained, other.found.attained)


@pytest.mark.parametrize("scale", [1e-20, 1e20])
def test_counts_do_not_depend_on_units(scale):
    network = NETWORKS[1]
    moments = draw_moments(data_model("gaussian"), network, 3, range(10))
    scaled = Moments(moments.gram * scale, moments.b * scale, moments.constant * scale)
    one, other = counted(network, moments), counted(network, scaled)
    assert one.settled.all()
    assert other.settled.all()
    orders = [np.lexsort((item.found.losses, item.owners)) for item in (one, other)]
    np.testing.assert_array_equal(one.found.parameters[orders[0]], other.found.parameters[orders[1]])
    np.testing.assert_allclose(other.found.losses[orders[1]], one.found.losses[orders[0]] * scale, rtol=1e-9)
