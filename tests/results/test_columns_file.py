"""Files with columns keep a result, and nobody has to trust them."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.results import columns_file, columns_reader
from homotopy_lcn.results.columns_file import HEAD

parquet = pytest.importorskip("pyarrow.parquet")
pa = pytest.importorskip("pyarrow")
ENDS = ("npz", "parquet")


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(1)
    patches = rng.standard_normal((12, 5))
    outputs = rng.standard_normal(12)
    loss = hl.SquaredLoss(patches.T @ patches, patches.T @ outputs, float(outputs @ outputs))
    return hl.critical_points(hl.Architecture((2, 2, 2), (1, 2, 1)), loss, data="of a test")


@pytest.fixture(params=ENDS)
def path(request, result, tmp_path):
    path = tmp_path / f"result.{request.param}"
    result.to_columns(path)
    return path


def test_all_labels_come_back(path, result):
    again = hl.CriticalPoints.from_columns(path)
    assert again == result
    assert (again.edited, again.data, again.solved) == (False, result.data, result.solved)
    assert str(again) == str(result)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_columns_are_those_of_frames(result, tmp_path, monkeypatch):
    pd = pytest.importorskip("pandas")
    monkeypatch.setattr(columns_file, "ROW_GROUP", 6)
    monkeypatch.setattr(columns_reader, "ROW_GROUP", 5)
    path = tmp_path / "result.parquet"
    result.to_columns(path)
    assert parquet.ParquetFile(path).num_row_groups > 2
    table, frame = pd.read_parquet(path), result.to_frame()
    for name in ("w0_re", "w4_im", "loss", "loss_imag", "real", "minimum", "residual", "real_parameters"):
        np.testing.assert_array_equal(table[name], frame[name])
    assert table["stratum"].tolist() == frame["stratum"].tolist()
    for name in ("in_function_space", "attained", "interior"):
        assert [None if x is None or x is pd.NA else bool(x) for x in table[name]] == [
            None if x is pd.NA else bool(x) for x in frame[name]
        ]
    assert hl.CriticalPoints.from_columns(path) == result


def test_arrays_are_read_without_the_package(result, tmp_path):
    path = tmp_path / "result.npz"
    result.to_columns(path)
    with np.load(path, allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["filter"], [point.filter for point in result])
        assert json.loads(arrays[HEAD].tobytes())["columns"]["points"] == len(result)


def rewritten(path, change):
    """The file with its arrays changed by a function of the dictionary."""
    with np.load(path) as file:
        arrays = dict(file)
    change(arrays)
    np.savez(path, **arrays)


def assign(name, row, value):
    def change(arrays):
        array = arrays[name].copy()
        array[row] = value
        arrays[name] = array

    return change


def turned(arrays):
    for name in ("filter", "coordinates", "parameters"):
        arrays[name] = arrays[name].astype(np.complex64)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (assign("filter", -1, 1.0), "filter: two points in a row that are no conjugate pair"),
        (assign("filter", 0, 1.0), "filter: not those of the real points of the head"),
        (assign("loss", slice(-2, None), 7.0), r"points\[\d+\]\.loss: \(7\+0j\); expected"),
        (assign("parameters", slice(-2, None), 1.0), r"their product is not the filter"),
        (assign("coordinates", slice(-2, None), 1.0), r"coordinates: not those of the filter"),
        (assign("condition", slice(-2, None), np.nan), "condition: not a number"),
        (assign("condition", slice(-2, None), -1.0), "condition: -1.0; expected a number that is not negative"),
        (assign("stratum", slice(-2, None), 99), "stratum: none of the strata"),
        (lambda arrays: arrays.pop("loss"), "has no array loss"),
        (lambda arrays: arrays.update(loss=arrays["loss"][:-2]), "loss: damaged, or of another type or shape"),
        (turned, "filter: damaged, or of another type or shape"),
        (lambda arrays: arrays.update({HEAD: np.frombuffer(b"{}", np.uint8)}), "not a file of solve"),
    ],
)
def test_what_cannot_be_true_is_refused(result, tmp_path, change, message):
    path = tmp_path / "result.npz"
    result.to_columns(path)
    rewritten(path, change)
    with pytest.raises(hl.InputError, match=message) as caught:
        hl.CriticalPoints.from_columns(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_point_less_or_twice_is_refused(result, tmp_path):
    path = tmp_path / "result.npz"
    result.to_columns(path)
    columns = ("filter", "loss", "stratum", "condition", "residual", "coordinates", "parameters")

    def twice(arrays):
        for name in columns:
            arrays[name] = np.concatenate([arrays[name][:-2], arrays[name][-4:-2]])

    rewritten(path, twice)
    with pytest.raises(hl.InputError, match="two points have the same; expected every filter once"):
        hl.CriticalPoints.from_columns(path)


def test_a_small_change_is_told(result, tmp_path):
    path = tmp_path / "result.npz"
    result.to_columns(path)
    rewritten(path, assign("condition", slice(-2, None), 3.0))
    assert hl.CriticalPoints.from_columns(path).edited


class Bomb:
    """What must not be unpickled."""

    def __reduce__(self):
        return exec, ("raise SystemExit('executed')",)


def test_pickles_are_not_opened_and_compressed_arrays_refused(result, tmp_path):
    path = tmp_path / "result.npz"
    result.to_columns(path)
    with np.load(path) as file:
        arrays = dict(file)
    buffer = io.BytesIO()
    np.save(buffer, np.array([Bomb()], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{HEAD}.npy", buffer.getvalue())
    with pytest.raises(hl.InputError, match=f"{HEAD}: damaged"):
        hl.CriticalPoints.from_columns(path)
    np.savez_compressed(path, **arrays)
    with pytest.raises(hl.InputError, match="compressed"):
        hl.CriticalPoints.from_columns(path)
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(hl.InputError, match=r"not a whole \.npz file"):
        hl.CriticalPoints.from_columns(path)


@pytest.mark.parametrize("cut", [0, 4, 200, -10])
def test_truncated_files_are_one_line(path, cut):
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(hl.InputError) as caught:
        hl.CriticalPoints.from_columns(path)
    assert "\n" not in str(caught.value)


def test_parquet_with_other_columns_is_refused(result, tmp_path):
    path = tmp_path / "result.parquet"
    result.to_columns(path)
    table = parquet.read_table(path)
    for changed, message in [
        (table.drop_columns(["loss"]), "has no column loss"),
        (table.slice(1), r"rows; expected 24, by the head"),
        (table.set_column(0, "w0_re", pa.array(["x"] * len(table))), "w0_re: of type string; expected float64"),
        (table.replace_schema_metadata({}), f"its metadata have no {HEAD}"),
    ]:
        parquet.write_table(changed, path)
        with pytest.raises(hl.InputError, match=message):
            hl.CriticalPoints.from_columns(path)


def test_other_names_and_missing_files_are_refused(result, tmp_path):
    with pytest.raises(hl.InputError, match=r"expected \.npz or \.parquet"):
        result.to_columns(tmp_path / "x.csv")
    with pytest.raises(hl.InputError, match="cannot read"):
        hl.CriticalPoints.from_columns(tmp_path / "x.npz")


def test_real_points_of_special_data_and_proofs_are_kept(tmp_path):
    special = hl.critical_points(hl.Architecture((2, 2), (1, 1)), hl.SquaredLoss.white([1.0, 0.0, 1.0]))
    assert all(point.real for point in special)
    certified = replace(special, points=tuple(replace(point, certified=True) for point in special.points))
    counted = replace(certified, counts=replace(certified.counts, certified=len(certified)))
    for number, one in enumerate((special, counted)):
        for end in ENDS:
            one.to_columns(tmp_path / f"{number}.{end}")
            assert hl.CriticalPoints.from_columns(tmp_path / f"{number}.{end}") == one


def test_certified_complex_points_are_left_to_json(result, tmp_path):
    certified = replace(result, points=tuple(replace(point, certified=True) for point in result.points))
    with pytest.raises(hl.InputError, match="expected a JSON file"):
        certified.to_columns(tmp_path / "x.npz")
    assert not (tmp_path / "x.npz").exists()
