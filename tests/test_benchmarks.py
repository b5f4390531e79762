"""The benchmark scripts without their clocks: what they hand to other programs, count and compare."""

from __future__ import annotations

import dataclasses
import shutil
import sys

import numpy as np
import pytest

from homotopy_lcn.equations import polynomials
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.solving.monodromy import random_data
from homotopy_lcn.tracking import Homotopy, TrackerOptions

pytest.importorskip("homotopy_lcn.tracking._native")

import benchmark_common
import benchmark_peers
import benchmark_reliability
import flops
import peer_programs

from homotopy_lcn.tracking.native import NativeEngine

needs_gpp = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
ARCHITECTURES = [((3, 2), (2, 1)), ((2, 2, 2), (2, 2, 1)), ((2, 2, 2), (1, 2, 1))]


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_written_polynomials_are_the_equations(architecture, rng):
    task = benchmark_common.problem(*architecture)
    system = polynomials.PatchedSystem(task.stratum)
    points = task.start.points
    values = system.from_points(points)
    expected = equations_of(task.stratum).filters(points)
    np.testing.assert_allclose(system.filters(values), expected, rtol=0, atol=1e-10 * np.abs(expected).max())
    equations = system.equations(task.start.data)
    assert len(equations) == len(system.unknowns) == task.stratum.dimension
    for value in values:
        for equation in equations:
            size = sum(abs(c) * np.prod(np.abs(value) ** np.array(e)) for e, c in equation.items())
            assert abs(polynomials.evaluate(equation, value)) < 1e-12 * size
    other = system.equations(random_data(task.stratum.filter_size, rng))
    assert abs(polynomials.evaluate(other[0], values[0])) > 1e-6


def test_equations_are_linear_in_the_data(rng):
    task = benchmark_common.problem((3, 2), (2, 1))
    system = polynomials.PatchedSystem(task.stratum)
    target = task.targets(1, rng)[0]
    between = system.equations(task.start.data.mix(0.25, target))
    for mixed, start, end in zip(between, system.equations(task.start.data), system.equations(target), strict=True):
        assert mixed.keys() == start.keys() == end.keys()
        for exponents, coefficient in mixed.items():
            assert coefficient == pytest.approx(0.25 * start[exponents] + 0.75 * end[exponents], abs=1e-13)


def test_polynomials_are_written_with_all_digits():
    polynomial = {(0, 0): 0.1 + 0j, (2, 1): -1 / 3 + 1e-7j}
    assert polynomials.written(polynomial, ["x0", "x1"], "ii") == (
        "+(0.10000000000000001+0*ii)+(-0.33333333333333331+9.9999999999999995e-08*ii)*x0^2*x1"
    )


@pytest.mark.parametrize(("text", "value"), [(".5p53e1", 5.0), ("-.99999999999999995p53e-20", -1e-20), ("3", 3.0)])
def test_numbers_of_macaulay2(text, value):
    assert peer_programs.macaulay2_number(text) == value


@pytest.mark.parametrize("peer", peer_programs.PEERS, ids=lambda peer: peer.name)
def test_peers_find_what_the_kernel_does(peer, rng):
    if peer.version() is None:
        pytest.skip(f"needs {peer.name} ({peer.install})")
    task = benchmark_common.problem((2, 2), (2, 1))
    targets = task.targets(2, rng)
    ends = [
        equations_of(task.stratum).filters(
            NativeEngine()
            .track(task.stratum, task.start.points, Homotopy(task.start.data, target), TrackerOptions())
            .points
        )
        for target in targets
    ]
    run = peer.run(task, targets, 60.0)
    row = benchmark_peers.judged(peer.name, 1.0, ends, run, 2)
    assert (row.answered, row.expected, row.lost, row.invented) == (2, 12, 0, 0)


def test_what_is_lost_and_invented():
    filters = np.array([[1, 0], [0, 1], [1, 1], [1, 1j]], complex)
    others = np.array([[1, 0], [1, 0], [5, 5]], complex)
    row = benchmark_peers.judged("x", 1.0, [filters, filters], peer_programs.PeerRun([1.0, 1.0], [filters, others]), 3)
    assert (row.answered, row.asked, row.expected, row.lost, row.invented) == (2, 3, 8, 3, 2)
    real = peer_programs.PeerRun([1.0], [filters[:2]], [5])
    row = benchmark_peers.judged("x", 1.0, [filters], real, 1)
    assert (row.lost, row.invented) == (1, 1)  # a real one, and one too many in all
    timing = benchmark_peers.Timing("(2),(1)", 4, [row, row, benchmark_peers.Row("y", np.nan, 0, 3)], 0)
    assert "0 of 3" in benchmark_peers.timing_table([timing])


def test_a_program_is_stopped_in_time():
    code = "import time; print(1, flush=True); time.sleep(60)"
    assert peer_programs.output([sys.executable, "-c", code], 2.0) == "1\n"


def test_flops_are_related_to_the_peak_of_their_precision():
    row = benchmark_peers.Efficiency("(2),(1)", 20.0, 1000.0, 0.9, in_single=50.0, in_doubles=10.0)
    peaks = benchmark_peers.Peaks(single=200.0, doubles=100.0)
    assert row.percent_of(peaks) == pytest.approx(25 + 10)
    text = benchmark_peers.efficiency_table([row], peaks)
    assert "200.0 GFLOP/s" in text
    assert "100.0 in doubles" in text
    assert "35" in text.splitlines()[-1]


@needs_gpp
def test_counting_kernel_tracks_the_same_paths(rng):
    task = benchmark_common.problem((2, 2, 2), (1, 2, 1))
    targets = task.targets(2, rng)
    operations, ends = flops.FlopCounter([task.stratum]).count(task, targets, TrackerOptions())
    result = benchmark_common.raw(task, targets, TrackerOptions(), 1)
    equations = equations_of(task.stratum)
    counted = equations.filters(flops.KernelCoordinates(task.stratum).from_kernel(ends))
    known = np.split(equations.filters(result.points), 2)
    run = peer_programs.PeerRun([0.0, 0.0], np.split(counted, 2))
    row = benchmark_peers.judged("counted", 0.0, known, run, 2)
    assert (row.expected, row.lost, row.invented) == (len(counted), 0, 0)
    # Σ J takes much of the work: K entries of each column, each a product of K − e d numbers, some of them zero.
    size = task.stratum.filter_size
    products = sum((f.degree + 1) * size * (size - f.degree * f.dilation) for f in task.stratum.factors)
    assert 2 * products < operations["multiplications"] < 40 * products
    assert operations["additions"] < 1.2 * operations["multiplications"]


def test_reliability_of_a_few_paths(rng):
    task = benchmark_common.problem((2, 2), (2, 1))
    for kind in ("complex", "real"):
        tally = benchmark_reliability.examine(task, kind, 50, 1, rng)
        assert (tally.targets, tally.paths) == (9, 54)
        assert tally.failed == tally.coincident == tally.jumps == tally.after_detours == 0
    assert "| all" in benchmark_reliability.tables([tally, tally])


def test_lost_paths_are_found_again(rng):
    task = benchmark_common.problem((3, 2), (2, 1))
    target = task.targets(1, rng)[0]
    result = benchmark_common.raw(task, [target], TrackerOptions(), 1)
    result.points[3] = result.points[4]
    result.codes[7] = 4
    assert benchmark_reliability.missing(task, target, result, rng) == (0, 0)


def test_swapped_and_coincident_ends_are_counted(rng, monkeypatch):
    task = benchmark_common.problem((3, 2), (2, 1))
    original = benchmark_reliability.raw

    def disturbed(task, targets, options, jobs):
        result = original(task, targets, options, jobs)
        if options == TrackerOptions():
            result.points[[0, 1]] = result.points[[1, 0]]
            result.points[13] = result.points[14]
            result.codes[19] = 2
        return result

    monkeypatch.setattr(benchmark_reliability, "raw", disturbed)
    tally = benchmark_reliability.Tally("", "complex")
    benchmark_reliability.add_batch(tally, task, task.targets(2, rng), 1, rng)
    counts = dataclasses.asdict(tally)
    assert {key: counts[key] for key in ("paths", "coincident", "jumps", "swapped")} == {
        "paths": 20, "coincident": 1, "jumps": 3, "swapped": 2,
    }  # fmt: skip
    assert tally.failed == 1
    assert tally.after_conservative == tally.after_detours == 0


def test_real_data_are_real_and_positive_definite(rng):
    data = benchmark_common.real_data(5, rng)
    assert isinstance(data, Data)
    assert np.linalg.eigvalsh(data.gram).min() > 0


def test_tables_and_sections():
    text = benchmark_common.table(["name", "µs"], [["a", 1.23456], ["bc", 1234567], ["d", 12345.6]])
    assert text == (
        "| name | µs        |\n|------|-----------|\n| a    | 1.23      |\n| bc   | 1 234 567 |\n| d    | 12 346    |"
    )
    document = "before\n<!-- one -->\nold\n<!-- end of one -->\nafter\n"
    assert benchmark_common.with_section(document, "one", "new") == (
        "before\n<!-- one -->\n\nnew\n\n<!-- end of one -->\nafter\n"
    )
    with pytest.raises(ValueError, match="two"):
        benchmark_common.with_section(document, "two", "new")
    committed = benchmark_common.DOCUMENT.read_text()
    for section in ("peers", "reliability", "scaling"):
        benchmark_common.with_section(committed, section, "new")


def test_targets_of_networks_of_any_supports_are_those_of_the_network(rng):
    """Ends of the paths are critical: the gradient in the parameters vanishes for the data of the network."""
    import benchmark_supports

    from homotopy_lcn.tracking.refinement import gradient_residual

    for network in benchmark_supports.NETWORKS[:2]:
        task = benchmark_supports.support_problem(network)
        target = task.targets(1, rng)[0]
        places = np.array(task.positions)
        assert len(np.unique(target.b)) == len(network.support) == len(np.unique(places))
        result = NativeEngine().track(
            task.stratum, task.start.points, Homotopy(task.start.data, target), TrackerOptions()
        )
        assert gradient_residual(task.stratum, result.points, target).max() < 1e-8
        assert task.paths == len(result.points)
