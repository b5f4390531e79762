from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections import defaultdict

import numpy as np
import pytest
from platformdirs import user_cache_path

from homotopy_lcn import Architecture, generic_count
from homotopy_lcn._data import data_path
from homotopy_lcn.equations.critical_equations import Data, equations_of
from homotopy_lcn.equations.distinct import find, first_occurrences
from homotopy_lcn.networks.strata import Embedding, Factor, Stratum, separated
from homotopy_lcn.solving import computed_systems, stored_systems
from homotopy_lcn.solving.computed_systems import made_diagonal, solve_by_monodromy
from homotopy_lcn.solving.monodromy import Fibre, fill_fibre
from homotopy_lcn.solving.start_systems import shared_start_systems, start_system
from homotopy_lcn.solving.stored_arrays import cache_folder, read_arrays, write_arrays
from homotopy_lcn.solving.stored_systems import StartSystem, pack
from homotopy_lcn.solving.tolerances import SOLVING
from homotopy_lcn.tracking import Homotopy, TrackerOptions, get_engine
from homotopy_lcn.tracking.settings import Tracking

ENGINE = get_engine()
#: Shipped in separated form, with dilations 1 and 3, only.
PROJECTED = Stratum((Factor(2, 1, 1), Factor(1, 1, 2)))
COUNT = 10


class NoEngine:
    """An engine for those who need none."""

    name = "none"

    def track(self, *arguments, **keywords):
        raise AssertionError("no path has to be tracked")


class CountingEngine:
    name = "counting"

    def __init__(self):
        self.paths = 0

    def track(self, stratum, points, *arguments, **keywords):
        self.paths += len(points)
        return ENGINE.track(stratum, points, *arguments, **keywords)


@pytest.fixture
def nothing_shipped(monkeypatch, tmp_path):
    """Start systems can only be computed by monodromy."""
    monkeypatch.setattr(stored_systems, "data_path", lambda name: tmp_path / "nothing" / name)


def forget():
    shared_start_systems.cache_clear()


def assert_same(system, other):
    assert system.stratum == other.stratum
    assert system.trace == other.trace
    for array, expected in zip((*system.data, system.points), (*other.data, other.points), strict=True):
        np.testing.assert_array_equal(array, expected)


def check_solutions(system):
    """Distinct critical points, by convolution: w is stationary along all directions within the stratum."""
    stratum, data = system.stratum, system.data
    np.testing.assert_array_equal(data.gram, data.gram.T)
    assert np.abs(data.gram.imag).max() > 0.1
    filters = []
    for point in system.points:

        def filter_of(point):
            w = point[:1]
            for factor, part in zip(stratum.factors, stratum.slices, strict=True):
                dilated = np.zeros(factor.degree * factor.dilation + 1, complex)
                dilated[:: factor.dilation] = point[part]
                for _ in range(factor.power):
                    w = np.convolve(w, dilated)
            return w

        w = filter_of(point)
        residual = data.gram @ w - data.b
        # w is a polynomial in each coordinate: differences at roots of unity give its derivative exactly.
        roots = np.exp(2j * np.pi * np.arange(16) / 16)
        for unit in np.eye(len(point)):
            derivative = sum(filter_of(point + root * unit) / root for root in roots) / 16
            size = np.abs(derivative) @ (np.abs(data.gram) @ np.abs(w) + np.abs(data.b))
            assert abs(derivative @ residual) < 1e-12 * size
        filters.append(w)
    np.testing.assert_array_equal(first_occurrences(np.array(filters)), np.arange(len(filters)))


def shipped_strata():
    with np.load(data_path("start_systems.npz")) as file:
        names = sorted({key.split("/")[0] for key in file.files})
    return {
        name: Stratum(tuple(Factor(*map(int, part)) for part in re.findall(r"d(\d+)p(\d+)s(\d+)", name)))
        for name in names
    }


def exact_count(stratum):
    """The generic count of a stratum, by way of an architecture with as many layers as possible."""
    patterns = defaultdict(list)
    for factor in stratum.factors:
        patterns[factor.dilation] += [factor.power] * factor.degree
    partitions = [tuple(sorted(parts, reverse=True)) for parts in patterns.values()]
    filters, strides = [], []
    for parts in partitions:
        filters += [2] * sum(parts)
        strides += [1] * (sum(parts) - 1) + [2]
    (count,) = (row.count for row in generic_count(Architecture(filters, strides)) if row.pattern == tuple(partitions))
    return count


@pytest.mark.usefixtures("cache")
def test_the_shipped_start_systems_are_complete():
    strata = shipped_strata()
    assert len(strata) > 80
    for name, stratum in strata.items():
        assert stratum.name == name
        assert separated(stratum) == stratum
        system = start_system(stratum, exact_count(stratum), Tracking(NoEngine()))
        assert len(system.points) == exact_count(stratum)
        assert system.trace <= SOLVING.trace


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("name", ["d2p1s1-d1p1s3", "d1p1s1-d1p2s1-d1p1s4", "d1p3s1"])
def test_a_shipped_start_system_consists_of_solutions(name):
    matching = [stratum for shipped, stratum in shipped_strata().items() if sorted(shipped) == sorted(name)]
    assert matching
    for stratum in matching:
        check_solutions(start_system(stratum, exact_count(stratum), Tracking(NoEngine())))


@pytest.mark.parametrize(
    ("filters", "strides"),
    [
        ((3, 2), (2, 1)),
        ((2, 2, 2), (1, 2, 1)),
        ((3, 3), (2, 1)),
        ((4, 4), (4, 1)),
        ((3, 2, 2), (2, 2, 1)),
        ((2, 2, 2, 2), (1, 2, 1, 1)),
        ((3, 2, 2), (1, 1, 2)),
    ],
)
@pytest.mark.usefixtures("cache")
def test_what_small_architectures_need_is_shipped(filters, strides):
    arch = Architecture(filters, strides)
    for row in generic_count(arch):
        if row.count > 1:
            stratum = separated(Embedding.of_pattern(arch, row.pattern).stratum)
            assert len(start_system(stratum, row.count, Tracking(NoEngine())).points) == row.count


def test_a_shipped_start_system_is_not_copied_to_the_cache(cache):
    start_system(separated(PROJECTED), COUNT, Tracking(NoEngine()))
    assert not cache.exists()


@pytest.mark.parametrize(
    "factors",
    [
        [Factor(2, 1, 1), Factor(1, 1, 2)],
        [Factor(2, 1, 1), Factor(1, 1, 5)],
        [Factor(1, 1, 1), Factor(2, 1, 4)],
        [Factor(1, 1, 1), Factor(1, 1, 2), Factor(1, 1, 6)],
        [Factor(1, 1, 1), Factor(1, 2, 1), Factor(1, 1, 2)],
    ],
    ids=lambda factors: Stratum(tuple(factors)).name,
)
def test_projection_to_other_strides_gives_the_points_that_monodromy_gives(cache, factors):
    stratum = Stratum(tuple(factors))
    count = exact_count(stratum)
    engine = CountingEngine()
    projected = start_system(stratum, count, Tracking(engine))
    assert engine.paths == count  # one homotopy; the trace test takes no paths
    assert len(projected.points) == count
    assert projected.trace <= SOLVING.trace
    check_solutions(projected)
    data, points = fill_fibre(stratum, count, Tracking(ENGINE, rng=np.random.default_rng(0)))
    inputs = np.random.default_rng(1).standard_normal((30, stratum.filter_size))
    target = Data(inputs.T @ inputs, inputs.T @ np.random.default_rng(2).standard_normal(30))
    filters = []
    for start, starts in ((projected.data, projected.points), (data, points)):
        result = ENGINE.track(stratum, starts, Homotopy(start, target), TrackerOptions())
        assert result.success.all()
        filters.append(equations_of(stratum).filters(result.points))
    np.testing.assert_array_equal(np.sort(find(*filters)), np.arange(count))


def test_a_computed_start_system_is_kept_in_memory_and_in_the_cache(cache):
    computed = start_system(PROJECTED, COUNT, Tracking(ENGINE))
    assert start_system(PROJECTED, COUNT, Tracking(NoEngine())) is computed
    assert [path.name for path in cache.iterdir()] == [f"{PROJECTED.name}.npz"]
    forget()
    read = start_system(PROJECTED, COUNT, Tracking(NoEngine()))
    assert read is not computed
    assert_same(read, computed)


def test_a_start_system_is_the_same_whenever_and_with_however_many_threads_it_is_computed(cache, monkeypatch, tmp_path):
    first = start_system(PROJECTED, COUNT, Tracking(ENGINE))
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path / "other"))
    forget()
    assert_same(start_system(PROJECTED, COUNT, Tracking(ENGINE, jobs=2)), first)
    files = [folder / f"{PROJECTED.name}.npz" for folder in (cache, tmp_path / "other")]
    for arrays in map(read_arrays, files):
        np.testing.assert_array_equal(arrays["points"], first.points)


@pytest.mark.usefixtures("nothing_shipped")
def test_without_shipped_ones_start_systems_come_from_monodromy(cache):
    reported = []
    computed = start_system(PROJECTED, COUNT, Tracking(ENGINE, report=reported.append))
    assert reported[-1] == COUNT
    check_solutions(computed)
    assert computed.trace <= SOLVING.trace
    forget()
    assert_same(start_system(PROJECTED, COUNT, Tracking(NoEngine())), computed)
    assert [path.name for path in cache.iterdir()] == [f"{PROJECTED.name}.npz"]


def test_a_single_point_needs_no_cache(cache):
    stratum = Stratum((Factor(3, 1, 1),))
    system = start_system(stratum, 1, Tracking(NoEngine()))
    check_solutions(system)
    forget()
    assert_same(start_system(stratum, 1, Tracking(NoEngine())), system)
    assert not cache.exists()


def truncate(content):
    return content[: len(content) // 2]


def flip_a_byte(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


def test_start_systems_have_a_diagonal_gram_matrix(cache):
    for stratum in (PROJECTED, separated(PROJECTED)):
        assert start_system(stratum, COUNT, Tracking(ENGINE)).diagonal


def general_system():
    """A start system whose Gram matrix is not diagonal."""
    found = fill_fibre(PROJECTED, COUNT, Tracking(ENGINE, rng=np.random.default_rng(0)))
    return StartSystem(PROJECTED, *found, 0.0)


def test_a_start_system_in_the_cache_is_made_diagonal_once(cache):
    general = general_system()
    assert not general.diagonal
    write_arrays(cache / f"{PROJECTED.name}.npz", general.arrays(), stratum=PROJECTED.name, count=COUNT)
    engine = CountingEngine()
    system = start_system(PROJECTED, COUNT, Tracking(engine))
    assert engine.paths == COUNT
    assert system.diagonal
    check_solutions(system)
    forget()
    assert_same(start_system(PROJECTED, COUNT, Tracking(NoEngine())), system)


class LosingEngine:
    """An engine all of whose paths end at the same point."""

    def track(self, stratum, points, *arguments, **keywords):
        result = ENGINE.track(stratum, points, *arguments, **keywords)
        result.points[:] = result.points[0]
        return result


def test_a_start_system_that_would_lose_points_stays_as_it_is():
    general = general_system()
    assert made_diagonal(general, Tracking(LosingEngine())) is general
    diagonal = made_diagonal(general, Tracking(ENGINE))
    assert diagonal.diagonal
    assert made_diagonal(diagonal, Tracking(NoEngine())) is diagonal


@pytest.mark.parametrize("damage", [truncate, flip_a_byte, lambda _: b"", lambda _: b"not an archive", lambda c: c + c])
def test_a_corrupt_cache_file_is_recomputed(cache, damage):
    computed = start_system(PROJECTED, COUNT, Tracking(ENGINE))
    file = cache / f"{PROJECTED.name}.npz"
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    forget()
    engine = CountingEngine()
    assert_same(start_system(PROJECTED, COUNT, Tracking(engine)), computed)
    if engine.paths == 0:  # what NumPy reads is undamaged: an archive may follow upon other bytes
        assert file.read_bytes().endswith(whole)
    else:
        assert read_arrays(file, stratum=PROJECTED.name, count=COUNT) is not None


def replaced(**changes):
    """The arrays of the start system, some changed, in a well-formed cache file."""

    def arrays(system):
        return {**system.arrays(), **{key: change(system) for key, change in changes.items()}}

    return arrays


OTHERS = {
    "one point missing": replaced(points=lambda system: system.points[1:]),
    "one point twice": replaced(points=lambda system: np.concatenate([system.points[:1], system.points[:-1]])),
    "one point off": replaced(points=lambda system: system.points * (1 + 1e-6 * (np.arange(COUNT) == 3))[:, None]),
    "no numbers": replaced(points=lambda system: np.full_like(system.points, np.nan)),
    "zeros": replaced(points=lambda system: np.zeros_like(system.points)),
    "other data": replaced(b=lambda system: 2 * system.data.b),
    "wrong shape": replaced(gram=lambda system: system.data.gram[1:]),
    "failed trace test": replaced(trace=lambda system: np.array(1e-3)),
    "undefined trace test": replaced(trace=lambda system: np.array(np.nan)),
    "no data": lambda system: {"points": system.points},
}  # fmt: skip


@pytest.mark.parametrize("arrays", OTHERS.values(), ids=OTHERS)
def test_a_cache_file_of_anything_but_a_start_system_is_recomputed(cache, arrays):
    computed = start_system(PROJECTED, COUNT, Tracking(ENGINE))
    file = cache / f"{PROJECTED.name}.npz"
    write_arrays(file, arrays(computed), stratum=PROJECTED.name, count=COUNT)
    forget()
    engine = CountingEngine()
    assert_same(start_system(PROJECTED, COUNT, Tracking(engine)), computed)
    assert engine.paths > 0
    forget()
    assert_same(start_system(PROJECTED, COUNT, Tracking(NoEngine())), computed)


def test_the_renamed_cache_file_of_another_stratum_is_recomputed(cache):
    other = Stratum((Factor(2, 1, 1), Factor(1, 1, 4)))
    start_system(other, COUNT, Tracking(ENGINE))
    (cache / f"{other.name}.npz").rename(cache / f"{PROJECTED.name}.npz")
    engine = CountingEngine()
    computed = start_system(PROJECTED, COUNT, Tracking(engine))
    assert engine.paths > 0
    check_solutions(computed)


@pytest.mark.parametrize(
    "description",
    [{"stratum": "d1p1s1"}, {"count": COUNT + 1}, {"version": 0}, {"format": "other"}, {"checksum": "0"}],
    ids=lambda description: next(iter(description)),
)
def test_a_cache_file_with_another_description_is_recomputed(cache, monkeypatch, description):
    computed = start_system(PROJECTED, COUNT, Tracking(ENGINE))
    file = cache / f"{PROJECTED.name}.npz"
    write_arrays(file, computed.arrays(), **{"stratum": PROJECTED.name, "count": COUNT, **description})
    forget()
    engine = CountingEngine()
    assert_same(start_system(PROJECTED, COUNT, Tracking(engine)), computed)
    assert engine.paths > 0


def test_a_damaged_shipped_file_is_done_without(cache, monkeypatch, tmp_path):
    stratum = Stratum((Factor(1, 1, 1), Factor(1, 1, 2)))
    shipped = start_system(stratum, 6, Tracking(NoEngine()))
    content = data_path("start_systems.npz").read_bytes()
    broken = tmp_path / "start_systems.npz"
    monkeypatch.setattr(stored_systems, "data_path", lambda name: broken)
    for damaged in (content[:-100], b"", pack([StartSystem(stratum, shipped.data, shipped.points[::-1] * 2, 0.0)])):
        broken.write_bytes(damaged)
        forget()
        (cache / f"{stratum.name}.npz").unlink(missing_ok=True)
        engine = CountingEngine()
        check_solutions(start_system(stratum, 6, Tracking(engine)))
        assert engine.paths > 0


def test_packed_start_systems_are_found_like_shipped_ones(cache, monkeypatch, tmp_path):
    strata = [PROJECTED, Stratum((Factor(1, 2, 1), Factor(1, 1, 2)))]
    systems = [start_system(stratum, exact_count(stratum), Tracking(ENGINE)) for stratum in strata]
    (tmp_path / "start_systems.npz").write_bytes(pack(systems))
    monkeypatch.setattr(stored_systems, "data_path", lambda name: tmp_path / name)
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path / "other"))
    forget()
    for stratum, system in zip(strata, systems, strict=True):
        assert_same(start_system(stratum, len(system.points), Tracking(NoEngine())), system)


def test_an_unwritable_cache_folder_is_a_warning(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    forget()
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.warns(RuntimeWarning, match="set HOMOTOPY_LCN_CACHE to a writable folder") as record:
        system = start_system(PROJECTED, COUNT, Tracking(ENGINE))
    assert len(record) == 1
    assert str(tmp_path / "file" / "cache") in str(record[0].message)
    check_solutions(system)
    assert start_system(PROJECTED, COUNT, Tracking(NoEngine())) is system


def test_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path / "here"))
    assert cache_folder() == tmp_path / "here"
    for unset in (
        lambda: monkeypatch.setenv("HOMOTOPY_LCN_CACHE", ""),
        lambda: monkeypatch.delenv("HOMOTOPY_LCN_CACHE"),
    ):
        unset()
        assert cache_folder() == user_cache_path("homotopy-lcn") / "start-systems"


def test_arrays_and_their_description_are_read_as_written(tmp_path):
    file = tmp_path / "new" / "folder" / "file.npz"
    arrays = {"a": np.arange(6).reshape(2, 3) * 1j, "b": np.array(0.5), "c": np.zeros((0, 3), bool)}
    write_arrays(file, arrays, stratum="name", count=3)
    for description in ({}, {"count": 3}, {"stratum": "name", "count": 3}):
        read = read_arrays(file, **description)
        assert read.keys() == arrays.keys()
        for key, array in arrays.items():
            assert read[key].dtype == array.dtype
            np.testing.assert_array_equal(read[key], array)
    for description in ({"count": 4}, {"stratum": "other", "count": 3}, {"more": 1}):
        assert read_arrays(file, **description) is None
    assert read_arrays(tmp_path / "absent.npz") is None
    assert read_arrays(tmp_path) is None
    assert [path.name for path in file.parent.iterdir()] == ["file.npz"]  # no temporary files


def test_no_damage_of_one_byte_leads_to_wrong_arrays_or_an_exception(tmp_path):
    file = tmp_path / "file.npz"
    write_arrays(file, {"a": np.arange(3.0)}, count=3)
    content = file.read_bytes()
    assert len(content) < 1200
    detected = 0
    for i in range(len(content)):
        for flip in (0x01, 0x08, 0x20, 0xFF):
            damaged = bytearray(content)
            damaged[i] ^= flip
            file.write_bytes(damaged)
            arrays = read_arrays(file, count=3)
            if arrays is None:
                detected += 1
            else:  # a time stamp, say
                assert arrays.keys() == {"a"}
                np.testing.assert_array_equal(arrays["a"], [0, 1, 2])
        file.write_bytes(content[:i])
        assert read_arrays(file, count=3) is None
    assert detected > len(content)


MONODROMY_THAT_HANGS = """
import sys, time
from functools import partial
from pathlib import Path

from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.solving import computed_systems, stored_systems
from homotopy_lcn.solving.start_systems import start_system
from homotopy_lcn.tracking import get_engine
from homotopy_lcn.tracking.settings import Tracking

def report(known):
    if list(stored_systems.cache_folder().glob("*.partial.npz")) and known >= 3:
        print(known, flush=True)
        time.sleep(600)

stored_systems.data_path = lambda name: Path("/nowhere") / name
computed_systems.fill_fibre = partial(computed_systems.fill_fibre, interval=0.0)
tracking = Tracking(get_engine("reference"), report=report)
start_system(Stratum((Factor(2, 1, 1), Factor(1, 1, 2))), 10, tracking)
"""


@pytest.mark.usefixtures("nothing_shipped")
def test_monodromy_resumes_after_a_kill(cache, monkeypatch):
    process = subprocess.Popen([sys.executable, "-c", MONODROMY_THAT_HANGS], stdout=subprocess.PIPE, text=True)
    try:
        reported = int(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    assert reported < COUNT
    (checkpoint,) = cache.iterdir()
    assert checkpoint.name == f"{PROJECTED.name}.partial.npz"
    arrays = read_arrays(checkpoint, stratum=PROJECTED.name)
    known = len(arrays["points0"])
    assert 0 < known < COUNT

    resumed = []

    def fill(*arguments, fibre, **keywords):
        resumed.append(fibre.arrays())
        return fill_fibre(*arguments, fibre=fibre, **keywords)

    monkeypatch.setattr(computed_systems, "fill_fibre", fill)
    system = start_system(PROJECTED, COUNT, Tracking(ENGINE))
    (state,) = resumed
    for key, array in arrays.items():
        np.testing.assert_array_equal(state[key], array)
    check_solutions(system)
    assert [path.name for path in cache.iterdir()] == [f"{PROJECTED.name}.npz"]


@pytest.mark.usefixtures("nothing_shipped")
@pytest.mark.parametrize("damage", [truncate, flip_a_byte, lambda _: b""])
def test_a_corrupt_checkpoint_is_ignored_and_removed(cache, damage):
    expected = made_diagonal(solve_by_monodromy(PROJECTED, COUNT, Tracking(ENGINE)), Tracking(ENGINE))
    checkpoint = cache / f"{PROJECTED.name}.partial.npz"
    write_arrays(checkpoint, Fibre.start(PROJECTED, np.random.default_rng(5)).arrays(), stratum=PROJECTED.name)
    checkpoint.write_bytes(damage(checkpoint.read_bytes()))
    assert_same(start_system(PROJECTED, COUNT, Tracking(ENGINE)), expected)
    assert [path.name for path in cache.iterdir()] == [f"{PROJECTED.name}.npz"]


@pytest.mark.usefixtures("nothing_shipped")
def test_the_checkpoint_of_another_stratum_is_ignored(cache):
    expected = solve_by_monodromy(PROJECTED, COUNT, Tracking(ENGINE))
    other = Stratum((Factor(1, 2, 1), Factor(1, 1, 2)))
    fibre = Fibre.start(other, np.random.default_rng(5)).arrays()
    for name, arrays in ((other.name, fibre), (PROJECTED.name, fibre), (PROJECTED.name, {"points0": np.zeros(3)})):
        write_arrays(cache / f"{PROJECTED.name}.partial.npz", arrays, stratum=name)
        assert_same(solve_by_monodromy(PROJECTED, COUNT, Tracking(ENGINE)), expected)


@pytest.mark.usefixtures("nothing_shipped")
def test_a_checkpoint_with_wrong_points_is_overcome(cache):
    """More points than there can be, or none that solves: monodromy starts afresh."""
    fibre = Fibre.start(PROJECTED, np.random.default_rng(5))
    arrays = fibre.arrays()
    wrong = np.random.default_rng(6).standard_normal((COUNT + 1, PROJECTED.coordinates)).astype(complex)
    for points in (wrong, wrong[:COUNT]):
        arrays |= {"points0": points, "done0": np.zeros((3, len(points)), bool)}
        write_arrays(cache / f"{PROJECTED.name}.partial.npz", arrays, stratum=PROJECTED.name)
        check_solutions(solve_by_monodromy(PROJECTED, COUNT, Tracking(ENGINE)))


@pytest.mark.usefixtures("nothing_shipped")
def test_control_c_leaves_a_checkpoint_in_the_cache(cache):
    def report(known):
        if known >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start_system(PROJECTED, COUNT, Tracking(ENGINE, report=report))
    assert [path.name for path in cache.iterdir()] == [f"{PROJECTED.name}.partial.npz"]
    check_solutions(start_system(PROJECTED, COUNT, Tracking(ENGINE)))
