"""Results: sorting, counting, quoting, and files that lose nothing."""

from __future__ import annotations

import errno
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import Architecture, InputError, SquaredLoss, files
from homotopy_lcn.files import check_writable, write_atomically
from homotopy_lcn.networks.patterns import format_pattern
from homotopy_lcn.results.continua import Continuum
from homotopy_lcn.results.points import CriticalPoint, StratumResult
from homotopy_lcn.results.result import CriticalPoints
from tests.results.forgeries import unchecked

ARCHITECTURE = Architecture(filters=(2, 2, 2), strides=(1, 2, 1))
PURE, SPURIOUS = ((1, 1), (1,)), ((2,), (1,))
LOSS = SquaredLoss(np.diag([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([0.1, 0.2, 0.3, 0.4, 0.5]), constant=1 / 3)
STRATA = (
    StratumResult(PURE, pure=True, generic=10, found=3, factorizations=2),
    StratumResult(SPURIOUS, pure=False, generic=14, found=2, factorizations=1, at_infinity=4, singular=1),
)


def real_point(loss=1.0, **answers):
    """An attained minimum in the interior, changed by `answers`."""
    theta = (np.array([1.0, 2.0]), np.array([1.0, 0.1]), np.array([-0.5, 1 / 3]))
    values = {
        "filter": np.array([1.0, 0.1, -0.5, 1 / 3, loss]),
        "real": True,
        "loss": loss,
        "stratum": PURE,
        "pure": True,
        "in_function_space": True,
        "attained": True,
        "interior": True,
        "smooth": True,
        "residual": 1e-13,
        "condition": 12.5,
        "parameters": (theta, theta),
        "kinds": ("minimum", "saddle"),
        "indices": (0, 1),
    }
    return CriticalPoint(**(values | answers))


def complex_point(loss=1 + 2j, shift=0.0, **answers):
    w = np.array([1 + 1j, 2 - 1j, 0.1j, 1.0, shift])
    if loss.imag < 0:
        w = w.conj()
    values = {"filter": w, "real": False, "loss": loss, "stratum": PURE, "pure": True}
    return CriticalPoint(**(values | {"parameters": ((w[:2], w[1:3], w[3:]),)} | answers))


def unattained(loss, **answers):
    return real_point(loss, attained=False, parameters=(), kinds=(), indices=(), **answers)


def continuum(points, **answers):
    """A real curve of minima through some points, changed by `answers`."""
    values = {"pattern": PURE, "dimension": 1, "real": True, "attained": True, "kind": "minimum"}
    values |= {"loss": points[0].loss, "points": tuple(points)}
    return Continuum(**(values | answers))


def build(points, strata=STRATA, **options):
    return CriticalPoints.build(ARCHITECTURE, LOSS, points, strata, **({"seed": 7} | options))


def sample():
    return build(
        [
            complex_point(1 - 2j),
            real_point(3.0, interior=False, smooth=None),
            complex_point(1 + 2j),
            unattained(0.5, in_function_space=False),
            real_point(2.0, stratum=SPURIOUS, pure=False, kinds=("degenerate", "saddle"), certified=True),
        ],
        statistics={"paths": 24},
    )


def bits(values):
    return np.asarray(values).tobytes()


def assert_same(first, second):
    assert first.architecture == second.architecture
    assert (first.seed, first.complete, first.software) == (second.seed, second.complete, second.software)
    assert (first.counts, first.strata, first.statistics) == (second.counts, second.strata, second.statistics)
    for name in ("gram", "b", "constant"):
        assert bits(getattr(first.loss, name)) == bits(getattr(second.loss, name))
    assert len(first) == len(second)
    for p, q in zip(first, second, strict=True):
        assert bits(p.filter) == bits(q.filter)
        assert p.filter.dtype == q.filter.dtype == np.complex128
        assert bits(p.loss) == bits(q.loss)
        assert type(p.loss) is type(q.loss)
        assert [[bits(w) for w in theta] for theta in p.parameters] == [
            [bits(w) for w in theta] for theta in q.parameters
        ]
        assert [w.dtype for theta in p.parameters for w in theta] == [w.dtype for theta in q.parameters for w in theta]
        names = ("real", "stratum", "pure", "in_function_space", "attained", "interior", "smooth")
        for name in (*names, "residual", "condition", "kinds", "indices", "certified"):
            assert getattr(p, name) == getattr(q, name)


# Points


def test_point_is_normalized_and_read_only():
    point = real_point(filter=[1, 2, 3, 4, 5], loss=np.float64(2), residual=np.nan, condition=np.inf, indices=[0, 1])
    assert point.filter.dtype == np.complex128
    assert type(point.loss) is float
    assert (point.residual, point.condition) == (None, None)
    assert point.indices == (0, 1)
    with pytest.raises(ValueError, match="read-only"):
        point.filter[0] = 0
    with pytest.raises(AttributeError):
        point.loss = 0.0
    assert point.pattern == point.stratum == PURE


def test_complex_point_needs_no_kinds():
    point = complex_point()
    assert (point.kinds, point.indices) == ((None,), (None,))
    assert point.parameters[0][0].dtype == np.complex128
    assert point.boundary is None
    assert not point.minimum


@pytest.mark.parametrize(
    ("attained", "interior", "boundary"),
    [
        (True, True, False),
        (True, False, True),
        (True, None, None),
        (False, False, False),
        (None, False, None),
        (None, True, False),
    ],
)
def test_boundary(attained, interior, boundary):
    assert real_point(attained=attained, interior=interior).boundary is boundary


@pytest.mark.parametrize("wrong", [{"filter": [np.nan] * 5}, {"loss": np.inf}, {"kinds": ("minimum",)}])
def test_impossible_points_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        real_point(**wrong)


# Sorting and counting


def test_real_points_come_first_by_loss_then_complex_ones_by_absolute_loss():
    losses = [
        point.loss for point in build([complex_point(0.1 + 0j), real_point(2.0), complex_point(3j), real_point()])
    ]
    assert losses == [1.0, 2.0, 0.1 + 0j, 3j]


def test_order_does_not_depend_on_the_order_found():
    points = [complex_point(s * 1j, shift) for s in (1, -1) for shift in (0.0, 1.0, 2.0)]
    points += [real_point(1.0, filter=[1, 1, 1, 1, value]) for value in (3.0, -2.0)]
    expected = [bits(point.filter) for point in build(points)]
    for seed in range(5):
        shuffled = [points[i] for i in np.random.default_rng(seed).permutation(len(points))]
        assert [bits(point.filter) for point in build(shuffled)] == expected


def test_conjugates_stand_together_when_losses_agree_to_rounding():
    eps = 1e-15
    points = [complex_point(1j), complex_point(1j * (1 + eps), 1.0)]
    points += [complex_point(-1j * (1 + 2 * eps)), complex_point(-1j * (1 + 3 * eps), 1.0)]
    ordered = build(points).points
    for p, q in zip(ordered[::2], ordered[1::2], strict=True):
        assert np.array_equal(p.filter, q.filter.conj())


def test_counts():
    result = sample()
    assert asdict(result.counts) == {
        "generic": 24,
        "found": 5,
        "pure": 4,
        "spurious": 1,
        "at_infinity": 4,
        "singular": 1,
        "origin": 0,
        "real": 3,
        "in_function_space": 2,
        "attained": 2,
        "real_parameters": 4,
        "interior": 1,
        "boundary": 1,
        "smooth": 1,
        "minima": 1,
        "certified": 1,
        "continua": 0,
        "real_continua": 0,
    }
    assert not result.complete
    assert result.gaps() == (
        "stratum (1,1)(1): 3 of 10 found, 7 missing",
        "stratum (2)(1): 2 of 14 found, 4 at infinity, 1 singular, 7 missing",
    )


def test_interior_boundary_smooth_and_minima_count_attained_filters_only():
    counts = build([unattained(1.0), unattained(2.0, interior=False)]).counts
    assert (counts.real, counts.in_function_space, counts.attained) == (2, 2, 0)
    assert (counts.interior, counts.boundary, counts.smooth, counts.minima) == (0, 0, 0, 0)


def test_complete_by_default_means_the_generic_number_in_every_stratum():
    strata = (StratumResult(PURE, pure=True, generic=1, found=1, factorizations=2),)
    assert build([real_point()], strata).complete
    assert not build([real_point()], strata, complete=False).complete
    assert not build([], (replace(strata[0], found=0),)).complete


def test_sequence_and_views():
    result = sample()
    assert len(result) == len(list(result)) == 5
    assert result[0] is result.points[0]
    assert result[-1].real is False
    assert [point.loss for point in result.real] == [0.5, 2.0, 3.0]
    assert [point.loss for point in result.attained] == [2.0, 3.0]
    assert [point.loss for point in result.minima] == [3.0]


def test_global_minimum():
    def least(points, complete=True):
        point = build(points, complete=complete).global_minimum
        return None if point is None else point.loss

    assert least([real_point(0.2), real_point(0.1), unattained(0.05)]) == 0.1
    assert least([real_point(0.1)], complete=False) is None
    assert least([real_point(0.1), real_point(0.05, attained=None)]) is None
    assert least([real_point(1.0)]) is None  # w = 0 has less loss
    assert least([unattained(0.1)]) is None
    assert least([]) is None


def test_result_prints_a_summary():
    text = str(sample())
    assert repr(sample()) == text
    for part in ("k = (2, 2, 2)", "s = (1, 2, 1)", "seed 7", "5 of 24", "NOT COMPLETE", "3 real", "1 minimum"):
        assert part in text
    assert "least loss: undecided" in text
    assert "(complete)" in str(build([real_point()], complete=True))
    assert str(build([real_point(0.1)], complete=True)).endswith("least loss: 0.1")
    assert str(build([real_point(1.0)], complete=True)).endswith("least loss: 0.3333333333 at w = 0")


def test_format_pattern():
    assert format_pattern(((3, 1), (2,))) == "(3,1)(2)"
    assert format_pattern(()) == "()"


# Data frame


def test_frame_has_one_row_a_point():
    result = sample()
    frame = result.to_frame()
    assert list(frame["loss"]) == [point.loss.real for point in result]
    assert list(frame["loss_imag"]) == [point.loss.imag for point in result]
    assert frame.loc[frame["real"], "attained"].tolist() == [False, True, True]
    assert frame["attained"].isna().tolist() == [False, False, False, True, True]
    assert frame["real_parameters"].tolist() == [0, 2, 2, 0, 0]
    assert np.array_equal(result.to_frame(wide=False)["w"][0], result[0].filter.real)
    assert frame["continuum"].isna().all()
    assert build([]).to_frame().shape == (0, frame.shape[1])


def test_frame_has_the_points_of_continua_below_the_isolated_ones():
    points = [real_point(0.25, filter=[1, 0, 0, 0, x], isolated=False, nonsingular=False) for x in range(3)]
    other = [complex_point(2j, isolated=False, nonsingular=False)]
    result = build([real_point(), complex_point()], continua=[continuum(points), continuum(other, real=False)])
    frame = result.to_frame()
    assert frame["isolated"].tolist() == [True] * 2 + [False] * 4
    assert frame["continuum"].isna().tolist() == [True] * 2 + [False] * 4
    assert frame["continuum"].tolist()[2:] == [0, 0, 0, 1]
    assert frame["continuum"].dtype == "Int64"
    assert frame["loss"].tolist()[2:5] == [0.25] * 3
    assert frame["loss_imag"].tolist()[5] == 2.0


def test_frame_without_pandas_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install"):
        sample().to_frame()


# Files


def test_json_follows_the_documented_format(tmp_path):
    path = tmp_path / "result.json"
    assert sample().to_json(path) is None
    data = json.loads(path.read_text(encoding="utf-8"))
    assert sample().to_json() == sample().to_json("-") == path.read_text(encoding="utf-8")
    assert data["format"] == "homotopy-lcn/critical-points"
    assert data["version"] == 1
    assert data["software"].startswith("homotopy-lcn ")
    assert data["architecture"] == {"filters": [2, 2, 2], "strides": [1, 2, 1], "filter_size": 5}
    assert data["strata"][0] == {
        "pattern": [[1, 1], [1]],
        "pure": True,
        "generic": 10,
        "found": 3,
        "factorizations": 2,
    }
    first, last = data["points"][1], data["points"][-1]
    assert first["filter"] == {"re": [1.0, 0.1, -0.5, 1 / 3, 2.0], "im": [0.0] * 5}
    assert first["parameters"][0] == [[1.0, 2.0], [1.0, 0.1], [-0.5, 1 / 3]]
    assert first["pattern"] == [[2], [1]]
    assert last["loss"]["re"] == 1.0
    assert set(last["parameters"][0][0]) == {"re", "im"}
    assert last["attained"] is None


def test_round_trip(tmp_path):
    path = tmp_path / "result.json"
    result = sample()
    result.to_json(path)
    again = unchecked(path)
    assert_same(result, again)
    assert again.to_json() == result.to_json()


finite = st.floats(allow_nan=False, allow_infinity=False)
five = st.lists(finite, min_size=5, max_size=5)


@given(real=five, imag=five, loss=finite, loss_imag=finite, scale=finite)
def test_every_double_survives_the_round_trip(tmp_path_factory, real, imag, loss, loss_imag, scale):
    w = np.empty(5, dtype=complex)
    w.real, w.imag = real, imag
    path = tmp_path_factory.getbasetemp() / "doubles.json"
    theta = (np.array([scale, loss]), np.array(real[:2]), np.array(imag[:2]))
    result = build(
        [
            CriticalPoint(filter=w, real=False, loss=complex(loss, loss_imag), stratum=PURE, pure=True),
            real_point(loss, filter=real, parameters=(theta, theta), residual=scale, condition=loss_imag),
        ]
    )
    result.to_json(path)
    assert_same(result, unchecked(path))


def test_nan_never_appears():
    text = build([real_point(residual=np.nan, condition=np.inf), real_point(condition=-np.inf)]).to_json()
    assert "NaN" not in text
    assert "Infinity" not in text
    assert json.loads(text)["points"][0]["condition"] is None


def test_every_truncated_file_is_refused(tmp_path):
    path = tmp_path / "cut.json"
    text = sample().to_json()
    for length in range(0, len(text) - 2, 97):
        path.write_text(text[:length], encoding="utf-8")
        with pytest.raises(InputError, match=r"cut\.json: not whole JSON") as error:
            CriticalPoints.from_json(path)
        assert "\n" not in str(error.value)


def change(*keys, to):
    def apply(data):
        for key in keys[:-1]:
            data = data[key]
        data[keys[-1]] = to

    return apply


def remove(*keys):
    def apply(data):
        for key in keys[:-1]:
            data = data[key]
        del data[keys[-1]]

    return apply


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (change("format", to="homotopy-lcn/counts"), "not a file of solve"),
        (change("version", to=2), "version: 2"),
        (remove("points"), "points: missing"),
        (change("points", to={}), "points: {} is not a list"),
        (change("points", 0, to=[]), r"points\[0\]: \[\] is not an object"),
        (remove("points", 1, "kinds"), r"points\[1\]\.kinds: missing"),
        (change("points", 1, "kinds", to=["minimum"]), "1 entries; expected 2"),
        (change("points", 1, "kinds", 0, to="maximum"), "'maximum' is unknown"),
        (change("points", 1, "indices", 0, to=1.5), "1.5 is not an integer"),
        (change("points", 0, "filter", "re", to=[1.0]), r"points\[0\]\.filter\.re: 1 entries; expected 5"),
        (change("points", 0, "filter", "im", 0, to=1.0), r"points\[0\]\.filter: not real"),
        (change("points", 0, "filter", to=[1.0] * 5), r"points\[0\]\.filter: .* is not an object"),
        (change("points", 0, "loss", to="small"), "'small' is not a finite number"),
        (change("points", 0, "loss", to=10**400), "is not a finite number"),
        (change("points", 4, "loss", to=1.0), r"points\[4\]\.loss: 1.0 is not an object"),
        (change("points", 0, "real", to=1), r"points\[0\]\.real: 1; expected true or false"),
        (change("points", 0, "pattern", to=[[1, 2], [1]]), "pattern"),
        (change("points", 0, "pattern", to=[[2], [2]]), "expected partitions of 2, 1"),
        (change("points", 1, "parameters", 0, to=[[1.0, 2.0]]), r"parameters\[0\]: 1 entries; expected 3"),
        (change("points", 1, "parameters", 0, 1, to=[1.0]), r"parameters\[0\]\[1\]: 1 entries; expected 2"),
        (change("loss", "gram", to=[[1.0]]), "1 rows; expected 5"),
        (change("loss", "gram", 2, to=[1.0]), r"gram\[2\]: 1 entries"),
        (change("loss", "b", to=[1.0]), r"loss\.b: 1 entries; expected 5"),
        (change("loss", "gram", 0, 0, to=-1.0), "gram"),
        (change("architecture", "filters", to=[2, 2]), "strides"),
        (change("architecture", "filters", to="222"), "filters"),
        (change("architecture", "filter_size", to=6), "filter_size: 6; expected 5"),
        (change("strata", 0, "generic", to="ten"), "generic: 'ten' is not an integer"),
        (change("counts", "real", to=4), r"counts\.real: 4; expected 3"),
        (change("complete", to="yes"), "complete: 'yes'"),
        (change("seed", to=None), "seed"),
        (change("statistics", to=[]), r"statistics: \[\] is not an object"),
    ],
)
def test_damaged_files_are_refused_in_one_line(tmp_path, edit, message):
    path = tmp_path / "damaged.json"
    data = json.loads(sample().to_json())
    edit(data)
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(InputError, match=message) as error:
        CriticalPoints.from_json(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not whole JSON"),
        (b"[]", "not a file of solve"),
        (b"\xff\xfe", "not a text file"),
        (b'{"format": NaN}', "NaN"),
        (b"[" * 10**5, "unreasonable|not whole"),
        (b"1" * 10**4, "integer of 10000 digits"),
        (b'{"format": 1, "format": 1}', "given twice"),
        (b"\xef\xbb\xbf[]", "not a file of solve"),
    ],
)
def test_foreign_files_are_refused(tmp_path, content, message):
    path = tmp_path / "foreign.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        CriticalPoints.from_json(path)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.json: cannot read"):
        CriticalPoints.from_json(tmp_path / "nothing.json")


# Writing


def test_writing_replaces_the_whole_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "file.txt"
    write_atomically(path, "first, and longer")
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert os.listdir(tmp_path) == ["file.txt"]


def test_writing_follows_a_symbolic_link(tmp_path):
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    link.symlink_to(target)
    write_atomically(link, "text")
    assert link.is_symlink()
    assert target.read_text() == "text"


def fail_with(number):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_failed_writing_keeps_the_old_file_and_removes_the_temporary_one(tmp_path, monkeypatch, function):
    path = tmp_path / "file.txt"
    write_atomically(path, "old")
    monkeypatch.setattr(files.os, function, fail_with(errno.ENOSPC))
    with pytest.raises(InputError, match=r"file\.txt: cannot write: No space left") as error:
        write_atomically(path, "new")
    assert "\n" not in str(error.value)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.txt"]


def test_interrupted_writing_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "file.txt", "new")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("write", [check_writable, lambda path: write_atomically(path, "text")])
def test_unwritable_paths_are_refused(tmp_path, write):
    for path in (tmp_path, tmp_path / "none" / "file.txt"):
        with pytest.raises(InputError, match="expected"):
            write(path)
    assert os.listdir(tmp_path) == []


def test_check_writable_changes_nothing(tmp_path):
    path = tmp_path / "file.txt"
    check_writable(path)
    assert not path.exists()
    path.write_text("old")
    check_writable(path)
    assert path.read_text() == "old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_device_is_one_clear_message():
    with pytest.raises(InputError, match=r"/dev/full: cannot write: No space left"):
        write_atomically("/dev/full", "text")
