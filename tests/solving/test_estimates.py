"""What a large solve takes is told before it begins."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture, generic_count
from homotopy_lcn.cli import program
from homotopy_lcn.networks.strata import Embedding
from homotopy_lcn.progress import StageReport
from homotopy_lcn.solving import estimates, monodromy
from homotopy_lcn.solving.computed_systems import compute_start_system
from homotopy_lcn.solving.estimates import PATHS_FROM_NOTHING, PATHS_OF_THE_REST, Estimate, estimate
from homotopy_lcn.solving.stored_systems import is_known
from homotopy_lcn.tracking import get_engine
from homotopy_lcn.tracking.settings import Tracking


def stratum_of(arch):
    row = max(generic_count(arch), key=lambda row: row.count)
    return Embedding.of_pattern(arch, row.pattern).stratum, row.count


@pytest.fixture
def unknown(monkeypatch, tmp_path):
    """A network without start systems."""
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path))
    monkeypatch.setattr("homotopy_lcn.solving.stored_systems.packed_arrays", lambda *_: None)
    return Architecture((3, 2), (2, 1))


def test_a_known_start_system_saves_paths(unknown):
    stratum, count = stratum_of(unknown)
    times = iter([0.0, 2.56, 0.0, 2.56])
    before = estimate(unknown, now=times.__next__)
    assert not is_known(stratum)
    compute_start_system(stratum, count, Tracking(get_engine("auto")))
    assert is_known(stratum)
    after = estimate(unknown, now=times.__next__)
    assert (before.points, before.paths) == (count, PATHS_FROM_NOTHING * count)
    assert (after.points, after.paths) == (count, count)
    # 256 paths took 2.56 s.
    assert before.seconds == pytest.approx(0.01 * count * (PATHS_FROM_NOTHING + PATHS_OF_THE_REST))
    assert after.seconds == pytest.approx(0.01 * count * (1 + PATHS_OF_THE_REST))


def test_a_shipped_start_system_is_known(monkeypatch, tmp_path):
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path))
    assert is_known(stratum_of(Architecture((2, 2), (2, 1)))[0])
    assert not is_known(stratum_of(Architecture((3, 2), (2, 1)))[0])


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.1, "1 s"), (119, "119 s"), (121, "2 min"), (7300, "2 h"), (10**6, "12 days")]
)
def test_estimates_are_one_sentence(seconds, text):
    expected = f"1,000 critical filters: some 7,000 paths, about {text}, about 0.1 GB of memory"
    assert Estimate(1000, 7000, seconds, 10**6).describe() == expected


def test_a_large_solve_is_told_before_it_begins_and_a_huge_one_is_refused(monkeypatch, capsys):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    told = Estimate(38_544, 269_808, 600.0, 10**9)
    monkeypatch.setattr(estimates, "estimate", lambda *_, **__: told)
    monkeypatch.setattr("homotopy_lcn.solving.one_stratum.solve_stratum", interrupt)
    large = ["solve", "-k", "4,4,3", "-s", "2,2,1", "--white"]
    assert program.main([*large, "--max-count", "40000"]) != 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"homotopy-lcn: {told.describe()}, as estimated from a few paths"
    assert "the same command goes on from where it stopped" in lines[-1]
    assert program.main([*large, "--max-count", "40000", "-q"]) != 0
    assert "estimated" not in capsys.readouterr().err
    # A solve that is refused, or is small, is not estimated.
    monkeypatch.setattr(estimates, "estimate", None)
    assert program.main(large) == 2
    assert "--max-count" in capsys.readouterr().err
    assert program.main(["solve", "-k", "30,30,30", "-s", "2,2,1", "--white", "--max-count", str(10**200)]) == 2
    refusal = capsys.readouterr().err
    assert "about 1e59 critical filters" in refusal
    assert "max-count" not in refusal
    assert program.main(["solve", "-k", "3,2", "-s", "2,1", "--white", "--max-count", "40000"]) in (2, 3, 130)


def test_a_bar_begins_where_the_computation_was_stopped(unknown):
    stratum, count = stratum_of(unknown)
    saved, told = [], []

    class Stopped(KeyboardInterrupt):
        pass

    def report(done):
        told.append(done)
        if len(told) == 6:
            raise Stopped

    rng = np.random.default_rng(0)
    tracking = Tracking(get_engine("auto"), rng=rng, report=report)
    with pytest.raises(Stopped):
        monodromy.fill_fibre(stratum, count, tracking, checkpoint=saved.append)
    known = len(saved[0].bases[0].points)
    again = []
    monodromy.fill_fibre(stratum, count, tracking.telling(again.append), fibre=saved[0])
    assert again[0] == known > 1
    assert again[-1] == count


def test_points_that_are_known_do_not_count_for_the_rate(unknown):
    """A resumed bar stands where the computation was stopped, and has the rate of the new points alone."""
    stratum, count = stratum_of(unknown)
    fibre = monodromy.Fibre.start(stratum, np.random.default_rng(0))
    saved = []
    tracking = Tracking(get_engine("auto"), rng=np.random.default_rng(0))
    with pytest.raises(KeyboardInterrupt):
        monodromy.fill_fibre(stratum, count, tracking.telling(_Stop(3)), fibre=fibre, checkpoint=saved.append)
    known = len(fibre.bases[0].points)
    told = []
    report = StageReport(told.append, "start system", ((1,),), count)
    monodromy.fill_fibre(stratum, count, tracking.telling(report), fibre=fibre)
    assert (told[0].done, told[0].known) == (known, known)
    assert (told[-1].done, told[-1].known) == (count, known)


class _Stop:
    """Ctrl-C when so many points are known."""

    def __init__(self, most):
        self.most = most

    def __call__(self, done):
        if done >= self.most:
            raise KeyboardInterrupt


def test_memory_and_time_grow_with_the_points():
    small, large = (estimate(Architecture(k, (2, 2, 1)), now=iter([0.0, 1.0]).__next__) for k in ((4, 3, 3), (4, 4, 4)))
    assert large.points == 204_536
    assert large.memory > 5 * small.memory
    assert 0.2e9 < large.memory < 1e9
