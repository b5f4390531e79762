"""Files in the cache that somebody else made: nothing hangs, runs, takes much memory, or gives another answer."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.solving import stored_systems
from homotopy_lcn.solving.computed_systems import solve_by_monodromy
from homotopy_lcn.solving.fixed_gram_matrix import read_fixed_gram_system
from homotopy_lcn.solving.monodromy import Fibre
from homotopy_lcn.solving.start_systems import StartSystems
from homotopy_lcn.solving.stored_arrays import _checksum, cache_folder, keep, packed_arrays, read_arrays, write_arrays
from homotopy_lcn.solving.stored_systems import read_start_system
from homotopy_lcn.tracking import get_engine
from homotopy_lcn.tracking.settings import Tracking
from tests import ROOT

STRATUM, COUNT = Stratum((Factor(1, 1, 1), Factor(1, 1, 2))), 6
TRACKING = Tracking(get_engine())


def npy(array, **header):
    """The content of an ``.npy`` file whose header may say something else."""
    stream = io.BytesIO()
    described = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape, **header}
    np.lib.format.write_array_header_1_0(stream, described)
    return stream.getvalue() + array.tobytes()


def archive(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)


def header_of(arrays, **changes):
    text = {"format": "homotopy-lcn/start-system", "version": 1, "checksum": _checksum(arrays), **changes}
    return npy(np.array(json.dumps(text)))


class Touch:
    """Touches a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_objects_are_never_unpickled(tmp_path):
    file, touched = tmp_path / "file.npz", tmp_path / "touched"
    np.savez(file, header=np.array(json.dumps({})), a=np.array([Touch(touched)], dtype=object))
    assert read_arrays(file) is None
    assert packed_arrays(file, ["a"]) is None
    assert not touched.exists()


NUMBERS = np.arange(3.0)
CRAFTED = {
    "a shape of terabytes": npy(NUMBERS, shape=(10**12,)),
    "a shape of more than all memory": npy(NUMBERS, shape=(2**40, 2**40)),
    "a negative shape": npy(NUMBERS, shape=(-1, -3)),
    "a shape that is too small": npy(NUMBERS, shape=(2,)),
    "no shape": npy(NUMBERS, shape="many"),
    "a type of terabytes": npy(NUMBERS, descr="<U1000000000000", shape=(1,)),
    "a type that is none": npy(NUMBERS, descr="<q8"),
    "objects": npy(NUMBERS, descr="|O"),
    "text": npy(np.array(["1", "2"])),
    "dates": npy(np.array(["2020-01-01"], "M8[D]")),
    "records": npy(np.zeros(3, [("a", float), ("b", "O")])["a"], descr=[("a", "<f8")]),
    "another version": b"\x93NUMPY\x09\x00" + npy(NUMBERS)[8:],
    "no array": b"not an array",
    "nothing": b"",
}


@pytest.mark.parametrize("content", CRAFTED.values(), ids=CRAFTED)
def test_crafted_arrays_are_refused_without_room_for_them(tmp_path, content):
    archive(tmp_path / "file.npz", {"header": header_of({"a": NUMBERS}), "a": content})
    tracemalloc.start()
    try:
        assert read_arrays(tmp_path / "file.npz") is None
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_well_made_archives_are_read_whatever_the_order_of_entries(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "none": np.zeros((0, 4), bool)}
    members = {name: npy(array) for name, array in arrays.items()}
    members["a"] = npy(np.arange(6.0).reshape(2, 3).T.copy(), shape=(2, 3), fortran_order=True)
    archive(tmp_path / "file.npz", {"header": header_of(arrays), **members})
    found = read_arrays(tmp_path / "file.npz")
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
    assert found["a"].flags.writeable


def test_an_archive_that_unpacks_to_more_than_its_size_is_refused(tmp_path):
    arrays = {"a": np.zeros(2_000_000)}
    members = {"header": header_of(arrays), "a": npy(arrays["a"])}
    archive(tmp_path / "file.npz", members, zipfile.ZIP_DEFLATED)
    assert (tmp_path / "file.npz").stat().st_size < 100_000
    assert read_arrays(tmp_path / "file.npz") is None
    archive(tmp_path / "file.npz", members)
    assert read_arrays(tmp_path / "file.npz") is not None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize(
    "kind",
    [
        lambda path: os.mkfifo(path),
        lambda path: path.mkdir(),
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to(path),
    ],
    ids=["pipe", "folder", "endless", "circle"],
)
def test_what_is_no_file_in_the_cache_is_done_without(cache, kind):
    cache.mkdir()
    path = cache / f"{STRATUM.name}.npz"
    kind(path)
    assert read_arrays(path) is None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        keep(path, {"a": NUMBERS}, count=3)
    if path.is_dir():
        (warning,) = caught
        assert "cannot be kept" in str(warning.message)
        assert "Is a directory" in str(warning.message)
    else:
        assert caught == []
        np.testing.assert_array_equal(read_arrays(path, count=3)["a"], NUMBERS)
    assert [entry.name for entry in cache.iterdir()] == [path.name]


WRONG = {
    "text": np.array(["1", "2"]),
    "no numbers": np.full(3, np.nan),
    "infinite": np.array(np.inf),
    "several": np.arange(3),
    "negative": np.array(-1),
    "a fraction": np.array(0.5),
    "true": np.array(True),
    "empty": np.zeros((0, 0)),
    "many dimensions": np.zeros((1,) * 20),
}


@pytest.mark.filterwarnings("ignore:overflow|invalid|divide:RuntimeWarning")
@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG)
def test_start_systems_with_other_arrays_are_refused(cache, monkeypatch, value):
    """Each array of each kind of file is replaced, with the right checksum."""
    gram = np.eye(STRATUM.filter_size)
    known = StartSystems().kept_with_gram(STRATUM, gram, COUNT, TRACKING)
    assert known is not None
    (path,) = cache.glob("*-white-*.npz")
    description = {"stratum": path.stem, "count": COUNT}
    arrays = read_arrays(path, **description)
    for name in arrays:
        write_arrays(path, {**arrays, name: value}, **description)
        assert read_fixed_gram_system(STRATUM, gram, COUNT) is None or name == "trace"
        write_arrays(path, {key: array for key, array in arrays.items() if key != name}, **description)
        assert read_fixed_gram_system(STRATUM, gram, COUNT) is None
    write_arrays(path, arrays, **description)
    assert read_fixed_gram_system(STRATUM, gram, COUNT) is not None

    monkeypatch.setattr(stored_systems, "data_path", lambda name: cache / "nothing" / name)
    found = solve_by_monodromy(STRATUM, COUNT, TRACKING)
    place, description = cache / f"{STRATUM.name}.npz", {"stratum": STRATUM.name, "count": COUNT}
    for name in found.arrays():
        write_arrays(place, {**found.arrays(), name: value}, **description)
        assert read_start_system(STRATUM, COUNT) is None, name

    fibre = Fibre.start(STRATUM, np.random.default_rng(0)).arrays()
    for name in fibre:
        with pytest.raises((ValueError, KeyError)):  # noqa: PT012
            Fibre.from_arrays(STRATUM, {**fibre, name: value})
            raise AssertionError(name)


def test_the_home_folder_stands_for_a_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", "~/my cache")
    assert cache_folder() == tmp_path / "my cache"


def test_the_home_folder_of_a_user_that_does_not_exist_is_warned_of_once(monkeypatch):
    monkeypatch.delenv("HOMOTOPY_LCN_CACHE", raising=False)
    usual = cache_folder()
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", "~nobody-of-this-name/cache")
    warned = "'~nobody-of-this-name/cache', and there is no such home folder"
    with pytest.warns(RuntimeWarning, match=warned) as caught:
        assert [cache_folder(), cache_folder()] == [usual, usual]
    assert len(caught) == 1


def test_what_killed_processes_left_in_the_cache_is_removed(cache):
    cache.mkdir()
    for name in (".d1p1s1.npz.0123456789ab.tmp", ".d1p1s1.partial.npz.ba9876543210.tmp"):
        (cache / name).write_bytes(b"PK")
    keep(cache / "new.npz", {"a": NUMBERS})
    assert [path.name for path in cache.iterdir()] == ["new.npz"]


def test_a_cache_that_cannot_be_written_is_one_warning_and_the_right_result(tmp_path):
    """Start systems of several strata are computed, in two processes."""
    (tmp_path / "file").touch()
    command = ["survey", "-k", "2,2,2", "-s", "1,2,1", "--data-model", "white", "--draws", "8", "--chunk", "4"]
    outputs = []
    for folder, jobs in (
        (tmp_path / "file" / "cache", "1"),
        (tmp_path / "file" / "cache", "2"),
        (tmp_path / "cache", "2"),
    ):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOMOTOPY_LCN_CACHE": str(folder)}
        arguments = [sys.executable, "-m", "homotopy_lcn", *command, "--jobs", jobs, "--json", "-"]
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=300, check=True)
        outputs.append((done.stdout, done.stderr))
    assert len({output for output, _ in outputs}) == 1
    for _, errors in outputs[:2]:
        assert errors.count("\n") == 1
        assert "set HOMOTOPY_LCN_CACHE to a writable folder" in errors
    assert outputs[2][1] == ""
