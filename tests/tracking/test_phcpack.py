"""PHCpack as an engine, as a witness, and when it is not there."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn import cli
from homotopy_lcn.equations.critical_equations import equations_of
from homotopy_lcn.equations.polynomials import PatchedSystem
from homotopy_lcn.interchange import cross_checks as witness
from homotopy_lcn.networks.strata import Embedding, Factor, Stratum
from homotopy_lcn.solving.monodromy import random_data
from homotopy_lcn.solving.start_systems import start_system
from homotopy_lcn.tracking import Homotopy, ReturnCode, TrackerOptions, get_engine, short_segment_engine
from homotopy_lcn.tracking import phcpack as engine_module
from homotopy_lcn.tracking import phcpack_program as phcpack
from homotopy_lcn.tracking.phcpack_program import (
    Listing,
    PHCpackFailure,
    read_solutions,
    solve_by_blackbox,
    write_solutions,
)
from homotopy_lcn.tracking.settings import Tracking
from tests.small_networks import filters_of, matched, random_problem, solved

needs_phc = pytest.mark.skipif(shutil.which("phc") is None, reason="needs PHCpack's program phc (Debian: phcpack)")
NETWORK = ((3, 2), (2, 1))
PHCPY_FOLDER = "/usr/lib/python3/dist-packages"


@pytest.fixture
def no_phcpy(monkeypatch):
    """The program phc, whatever else is installed."""
    monkeypatch.setattr(engine_module, "phcpy_trackers", lambda: None)


@pytest.fixture
def nothing_installed(monkeypatch, no_phcpy):
    monkeypatch.setattr(phcpack.shutil, "which", lambda name: None)


# Files


def test_solutions_read_back_exactly():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((3, 2)) * 1e-7 + 1j * rng.standard_normal((3, 2))
    listing = read_solutions(write_solutions(values, ["x0", "x1"]), ["x0", "x1"])
    assert np.allclose(listing.values, values, rtol=1e-15)
    # In the order asked for, whatever the order in the file.
    turned = read_solutions(write_solutions(values, ["x0", "x1"]), ["x1", "x0"])
    assert np.array_equal(turned.values, listing.values[:, ::-1])


def test_no_solutions_and_unreadable_ones():
    assert len(read_solutions("", ["x0"])) == 0
    with pytest.raises(PHCpackFailure, match="cannot be read"):
        read_solutions("THE SOLUTIONS :\n\n1 1\n===\nsolution 1 :\nt : 1 0\n", ["x0"])
    cut_short = write_solutions(np.ones((2, 1)), ["x0"]).partition("solution 2")[0]
    with pytest.raises(PHCpackFailure, match="not complete"):
        read_solutions(cut_short, ["x0"])


@needs_phc
def test_blackbox_solves_a_conic_and_a_line():
    circle, line = {(2, 0): 1, (0, 2): 1, (0, 0): -25}, {(1, 0): 1, (0, 1): -1, (0, 0): 1}
    listing = solve_by_blackbox([circle, line], ["x0", "x1"], seed=1)
    found = listing.values[np.argsort(listing.values[:, 0].real)]
    assert np.allclose(found, [[-4, -3], [3, 4]], atol=1e-12)


@needs_phc
def test_blackbox_out_of_time_is_a_failure():
    problem = random_problem((2, 2, 2), (1, 2, 1))
    system = PatchedSystem(Stratum.of_layers(problem.architecture))
    with pytest.raises(PHCpackFailure, match="no answer"):
        solve_by_blackbox(system.equations(problem.loss), system.unknowns, timeout=0.01)


def test_blackbox_that_fails_is_started_again(monkeypatch):
    """With other random numbers; a failure is told if that does not help."""
    options = []

    def run(command, folder, answers, timeout):
        options.append(command[1])
        return "PHCpack failed: overflow"

    monkeypatch.setattr(phcpack, "phc_program", lambda: "phc")
    monkeypatch.setattr(phcpack, "_run", run)
    with pytest.raises(PHCpackFailure, match="overflow"):
        solve_by_blackbox([{(1,): 1}], ["x0"], seed=5)
    assert len(set(options)) == len(options) == phcpack.PHCPACK.attempts


# The engine


@needs_phc
@pytest.mark.parametrize("stratum", [Stratum((Factor(2, 1, 1), Factor(1, 1, 2))), Stratum((Factor(1, 2, 1),))])
def test_engine_ends_where_the_reference_does(stratum, no_phcpy):
    start = start_system(stratum, {4: 10, 2: 4}[stratum.dimension], Tracking(get_engine("reference")))
    homotopy = Homotopy(start.data, random_data(stratum.filter_size, np.random.default_rng(1)))
    reports = []
    ends, others = (
        get_engine(name).track(stratum, start.points, homotopy, TrackerOptions(), report=reports.append)
        for name in ("phcpack", "reference")
    )
    assert ends.success.all()
    filters = [equations_of(stratum).filters(result.points) for result in (ends, others)]
    assert np.allclose(*filters, rtol=1e-8, atol=1e-9)
    assert [done for done in reports if done] == [len(start.points)] * 2


@needs_phc
@pytest.mark.parametrize("network", [NETWORK, ((2, 2, 2), (1, 2, 1))])
def test_solve_with_phcpack_gives_the_same_points(network, no_phcpy):
    problem = random_problem(*network)
    result = hl.critical_points(problem.architecture, problem.loss, engine="phcpack")
    assert result.complete
    assert matched(filters_of(result), filters_of(solved(*network)))[1] < 1e-12


@needs_phc
def test_white_data_with_paths_to_infinity(no_phcpy):
    arch, loss = hl.Architecture((2, 2), (2, 1)), hl.SquaredLoss.white([1.0, 2.0, 3.0, 5.0])
    one, other = (hl.critical_points(arch, loss, engine=engine) for engine in ("phcpack", "auto"))
    assert one.complete
    assert (one.counts.found, one.counts.at_infinity) == (other.counts.found, other.counts.at_infinity) == (2, 4)


def test_paths_that_phcpack_loses_are_tracked_again_or_missing(monkeypatch, no_phcpy):
    """A program that loses its first paths, and reports one at a wrong end: nothing of it is lost in silence."""
    problem = random_problem(*NETWORK)
    reference = get_engine("reference")
    stratum = Embedding.of_pattern(problem.architecture, ((1, 1), (1,))).stratum
    calls = []

    class Unreliable(engine_module.PHCpackEngine):
        def __init__(self):
            self.in_process = False

        def track(self, stratum, points, homotopy, options, *, jobs=1, report=None):
            ends = reference.track(stratum, points, homotopy, options)
            calls.append(len(points))
            ends.codes[:2] = ReturnCode.STEP_TOO_SMALL
            ends.points[2:3] = ends.points[3:4]
            return ends

    result = hl.critical_points(problem.architecture, problem.loss, engine=Unreliable())
    assert len(calls) >= 2
    assert calls[0] == 10
    assert result.strata[0].statistics["retracked"] > 0
    assert result.complete == (len(result) == 10)
    known = filters_of(solved(*NETWORK))
    for w in filters_of(result):
        assert np.linalg.norm(known - w, axis=1).min() < 1e-10 * np.linalg.norm(w)
    assert stratum.dimension == 4


def test_a_program_that_fails_loses_all_paths(monkeypatch, no_phcpy):
    def fail(*args, **kwargs):
        raise PHCpackFailure("no answer")

    monkeypatch.setattr(engine_module, "phc_program", lambda: "phc")
    monkeypatch.setattr(engine_module, "track_by_phc", fail)
    stratum = Stratum((Factor(1, 1, 1),))
    start = start_system(stratum, 1, Tracking(get_engine("reference")))
    engine = get_engine("phcpack")
    ends = engine.track(stratum, start.points, Homotopy(start.data, start.data), TrackerOptions())
    assert ends.codes.tolist() == [ReturnCode.STEP_TOO_SMALL]
    assert len(engine.track(stratum, start.points[:0], Homotopy(start.data, start.data), TrackerOptions())) == 0


def test_one_path_that_makes_the_program_fail_is_the_only_one_lost(monkeypatch, no_phcpy):
    stratum = Stratum((Factor(2, 1, 1), Factor(1, 1, 2)))
    start = start_system(stratum, 10, Tracking(get_engine("reference")))
    target = random_data(5, np.random.default_rng(3))
    bad = PatchedSystem(stratum, engine_module._generic_patches(stratum)).from_points(start.points[6:7])[0, 0]

    def track(target, start, points, unknowns, *, difficulty=0):
        if (points[:, 0] == bad).any():
            raise PHCpackFailure("overflow")
        count = len(points)
        return Listing(points, np.ones(count), np.zeros(count), np.ones(count))

    monkeypatch.setattr(engine_module, "phc_program", lambda: "phc")
    monkeypatch.setattr(engine_module, "track_by_phc", track)
    ends = get_engine("phcpack").track(stratum, start.points, Homotopy(start.data, target), TrackerOptions())
    assert np.flatnonzero(~ends.success).tolist() == [6]


def test_ends_are_told_apart(monkeypatch, no_phcpy):
    """Arrived, lost half way, lost near the target (finite or far away), not a number."""
    stratum = Stratum((Factor(1, 1, 1),))
    point = np.array([[1.0, 0.6, 0.8]], complex)
    listing = Listing(
        values=np.array([[1, 2], [1, 2], [1, 2], [1e9, 1], [np.nan, 1]], complex),
        t=np.array([1, 0.5, 1 - 1e-7, 1 - 1e-7, 0.3]),
        errors=np.array([1e-15, 1e-3, 1e-3, 1e-3, np.nan]),
        inverse_conditions=np.array([0.1, 0, 0, 0, 0.0]),
    )
    monkeypatch.setattr(engine_module, "phc_program", lambda: "phc")
    monkeypatch.setattr(engine_module, "track_by_phc", lambda *args, **kwargs: listing)
    data = random_data(2, np.random.default_rng(0))
    ends = get_engine("phcpack").track(stratum, np.repeat(point, 5, 0), Homotopy(data, data), TrackerOptions())
    wanted = ["SUCCESS", "STEP_TOO_SMALL", "SINGULAR", "DIVERGED", "STEP_TOO_SMALL"]
    assert [ReturnCode(code).name for code in ends.codes] == wanted
    assert np.isfinite(ends.points).all()


def test_monodromy_and_endgame_are_not_left_to_phcpack():
    assert short_segment_engine(SimpleNamespace(name="phcpack")).name in ("native", "reference")
    reference = get_engine("reference")
    assert short_segment_engine(reference) is reference


PHCPY_SCRIPT = f"""
import sys
sys.path.append({PHCPY_FOLDER!r})
import homotopy_lcn as hl
from homotopy_lcn.tracking import get_engine
engine = get_engine("phcpack")
if not engine.in_process:
    sys.exit(77)
result = hl.critical_points(
    hl.Architecture((3, 2), (2, 1)), hl.SquaredLoss.white([1.0, -2.0, 0.5, 3.0, 1.5]), engine=engine
)
print(result.to_json("-"))
"""


def test_phcpy_gives_the_same_and_writes_nothing_to_standard_output(tmp_path):
    done = subprocess.run([sys.executable, "-c", PHCPY_SCRIPT], capture_output=True, text=True, env=os.environ)
    if done.returncode == 77:
        pytest.skip("needs phcpy for this Python (Debian: python3-phcpy)")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    expected = hl.critical_points(hl.Architecture((3, 2), (2, 1)), hl.SquaredLoss.white([1.0, -2.0, 0.5, 3.0, 1.5]))
    assert result["complete"]
    filters = np.array([np.array(p["filter"]["re"]) + 1j * np.array(p["filter"]["im"]) for p in result["points"]])
    assert matched(filters, filters_of(expected))[1] < 1e-12


# Absence


def test_absence_is_told_with_the_remedy(nothing_installed, capsys):
    problem = random_problem(*NETWORK)
    with pytest.raises(hl.InputError, match=r"^engine: PHCpack is not installed; apt-get install phcpack"):
        hl.critical_points(problem.architecture, problem.loss, engine="phcpack")
    with pytest.raises(hl.InputError, match=r"^cross_check: PHCpack is not installed; apt-get install phcpack"):
        hl.cross_check(solved(*NETWORK))
    command = ["solve", "-k", "3,2", "-s", "2,1", "--random"]
    for option in ("--engine", "--cross-check"):
        assert cli.main([*command, option, "phcpack"]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith(f"homotopy-lcn: {option}: PHCpack is not installed; apt-get install phcpack")
        assert captured.err.count("\n") == 1


# The witness


@needs_phc
@pytest.mark.parametrize("network", [NETWORK, ((2, 2), (1, 1)), ((1, 3, 2), (5, 2, 1))])
def test_phcpack_confirms_every_filter(network):
    result = solved(*network)
    check = hl.cross_check(result)
    assert check.agrees
    assert check.confirmed == len(result) == len(check.rows)
    assert sum(check.expected) == hl.generic_count(result.architecture).parameters
    assert (check.missed, check.partly, check.foreign, check.failures) == ((), (), (), ())
    assert f"confirms {len(result)} of {len(result)} filters" in str(check)
    again = hl.cross_check(result)
    assert json.dumps(again.to_dict()) == json.dumps(check.to_dict())


def without(result, row):
    points = [point for i, point in enumerate(result) if i != row]
    return hl.CriticalPoints.build(result.architecture, result.loss, points, result.strata, seed=0)


@needs_phc
@pytest.mark.parametrize("row", [0, 7])
def test_a_filter_that_we_miss_is_noticed(row):
    result = solved(*NETWORK)
    check = hl.cross_check(without(result, row))
    assert not check.agrees
    (solution,) = check.overlooked
    assert np.linalg.norm(solution.filter - result[row].filter) < 1e-10 * np.linalg.norm(solution.filter)
    assert solution.residual < 1e-12
    assert solution.condition < 1e10
    assert "NOT in the result" in str(check)


@pytest.fixture
def our_own_list(monkeypatch):
    """A program that lists our θ, but the first ``lost`` of them, with zero, a path to infinity, and one unfinished."""
    result = solved((2, 2), (1, 1))
    settings = SimpleNamespace(lost=0, result=result)

    def blackbox(equations, unknowns, *, seed=0, timeout=None):
        thetas = [theta for point in result for theta in _all_parameters(point)][settings.lost :]
        stratum = Stratum.of_layers(result.architecture)
        points = np.array([np.concatenate([[1.0], *theta]) for theta in thetas])
        system = blackbox.system(stratum)
        scale = witness.stratum_data(result.loss, np.arange(3))[1]
        points[:, 0] /= scale
        values = system.from_points(points)
        junk = np.vstack([np.zeros(3), [1e7, 1e6, 1e6], values[-1] * 1.01])
        errors = np.concatenate([np.full(len(values) + 1, 1e-15), [1e-3, 1e-3]])
        rows = np.vstack([values, junk])
        return Listing(rows, np.ones(len(rows)), errors, np.ones(len(rows)))

    class Remembered(PatchedSystem):
        def __init__(self, *arguments, **named):
            super().__init__(*arguments, **named)
            blackbox.system = lambda other: self

    monkeypatch.setattr(witness, "PatchedSystem", Remembered)
    monkeypatch.setattr(witness, "phc_program", lambda: "phc")
    monkeypatch.setattr(witness, "solve_by_blackbox", blackbox)
    return settings


def _all_parameters(point):
    """All critical θ over a filter of two layers of size two: both orders of the roots."""
    (a, b), roots = point.filter[:2], np.roots(point.filter)
    assert a != 0
    assert np.isfinite(b)
    first, second = roots
    orders = {(first, second), (second, first)} if point.pure else {(first, second)}
    return [(point.filter[0] * np.array([1, -r]), np.array([1, -s])) for r, s in orders]


def test_what_phcpack_loses_is_counted_and_no_error(our_own_list):
    our_own_list.lost = 1
    check = hl.cross_check(our_own_list.result, patches=2)
    assert check.agrees
    assert check.patches == 2
    assert len(check.missed) + len(check.partly) == 1
    assert check.confirmed == len(our_own_list.result) - 1
    assert check.zero == 2
    assert check.discarded == 4
    assert ("did not find" in str(check)) or ("lost some" in str(check))


def test_one_patch_is_enough_if_all_are_found(our_own_list):
    check = hl.cross_check(our_own_list.result)
    assert (check.patches, check.confirmed) == (1, len(our_own_list.result))


def test_a_failing_program_is_reported(monkeypatch):
    def fail(*args, **kwargs):
        raise PHCpackFailure("PHCpack gave no answer in 5 s")

    monkeypatch.setattr(witness, "phc_program", lambda: "phc")
    monkeypatch.setattr(witness, "solve_by_blackbox", fail)
    check = hl.cross_check(solved(*NETWORK), patches=2)
    assert check.agrees
    assert check.confirmed == 0
    assert check.failures == ("PHCpack gave no answer in 5 s",) * 2
    assert "no answer in one patch: PHCpack gave no answer in 5 s" in str(check)


def test_refusals(monkeypatch):
    monkeypatch.setattr(witness, "phc_program", lambda: "phc")
    with pytest.raises(hl.InputError, match=r"^max_parameters: this architecture has 10 critical parameters, too many"):
        hl.cross_check(solved(*NETWORK), max_parameters=9)
    with pytest.raises(hl.InputError, match=r"^patches: 0 given"):
        hl.cross_check(solved(*NETWORK), patches=0)


COMMAND = ["solve", "-k", "3,2", "-s", "2,1", "--random", "--cross-check"]


@needs_phc
def test_command_prints_the_comparison_and_keeps_it(tmp_path, capsys):
    path = tmp_path / "result.json"
    assert cli.main([*COMMAND, "phcpack", "--json", str(path)]) == 0
    assert "confirms 10 of 10 filters" in capsys.readouterr().out
    document = json.loads(path.read_text())
    assert document["cross_check"]["confirmed"] == document["cross_check"]["compared"] == 10
    assert document["cross_check"]["agrees"] is True
    assert len(hl.CriticalPoints.from_json(path)) == 10


@needs_phc
def test_command_says_so_if_a_filter_is_missing(monkeypatch, tmp_path, capsys):
    complete = hl.critical_points
    monkeypatch.setattr(
        "homotopy_lcn.solving.solve.critical_points", lambda *a, **k: _claimed_complete(complete(*a, **k))
    )
    path = tmp_path / "result.json"
    assert cli.main([*COMMAND, "phcpack", "--json", str(path), "-q"]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "nonsingular solutions that are not in the result" in captured.err
    assert [s["nonsingular"] for s in json.loads(path.read_text())["cross_check"]["foreign"]] == [True]


def _claimed_complete(result):
    return dataclasses.replace(result, points=result.points[1:], complete=True)


def test_command_refuses_before_the_work(monkeypatch, capsys):
    monkeypatch.setattr("homotopy_lcn.solving.solve.critical_points", lambda *a, **k: pytest.fail("not to be reached"))
    monkeypatch.setattr(witness, "phc_program", lambda: "phc")
    assert cli.main([*COMMAND, "phcpack", "--cross-check-max", "9"]) == 2
    assert "--cross-check-max: this architecture has 10 critical parameters" in capsys.readouterr().err
    assert cli.main([*COMMAND, "bertini"]) == 2
    assert "--cross-check: 'bertini' is not known; expected phcpack, bertini2 or msolve" in capsys.readouterr().err


def test_interrupted_comparison_keeps_the_result(monkeypatch, tmp_path, capsys):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(witness, "phc_program", lambda: "phc")
    monkeypatch.setattr(witness, "solve_by_blackbox", interrupt)
    path = tmp_path / "result.json"
    assert cli.main([*COMMAND, "phcpack", "--json", str(path), "-q"]) == 130
    assert "the comparison is left out" in capsys.readouterr().err
    assert len(hl.CriticalPoints.from_json(path)) == 10
