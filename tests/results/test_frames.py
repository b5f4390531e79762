"""Frames of points: what is saved is what was found."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture, CriticalPoints, SquaredLoss, critical_points
from tests.saved_frames import assert_saved_exactly

pytest.importorskip("pandas")
ARCHITECTURE = Architecture((2, 2, 2), (1, 2, 1))


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(3)
    return critical_points(ARCHITECTURE, SquaredLoss.from_data(rng.normal(size=(20, 5)), rng.normal(size=20)[:, None],
                                                               ARCHITECTURE))  # fmt: skip


def test_a_column_for_each_coefficient_and_each_part(result):
    frame = result.to_frame()
    for entry in range(5):
        parts = frame[f"w{entry}_re"] + 1j * frame[f"w{entry}_im"]
        assert parts.tolist() == [point.filter[entry] for point in result]
    assert not frame.loc[frame.real, [f"w{entry}_im" for entry in range(5)]].to_numpy().any()
    assert not result.complete or len(frame) == 24


def test_files_keep_all_digits(result, tmp_path):
    assert any(not point.real for point in result)
    assert_saved_exactly(result.to_frame(), tmp_path)


def test_files_keep_a_frame_of_continua_and_one_without_rows(tmp_path):
    arch = Architecture((3, 2), (1, 1))
    special = critical_points(arch, SquaredLoss(np.diag([1.0, 2, 2, 1]), [1, 0, 0, 1], constant=3))
    assert_saved_exactly(special.to_frame(), tmp_path)
    empty = CriticalPoints.build(arch, special.loss, [], [], seed=0).to_frame()
    assert empty.shape == (0, special.to_frame().shape[1])
    assert_saved_exactly(empty, tmp_path)


def test_the_narrow_frame_has_the_objects_of_the_points(result):
    frame = result.to_frame(wide=False)
    assert "w0_re" not in frame
    for row, point in enumerate(result):
        assert np.array_equal(frame.w[row], point.filter)
        assert (frame.stratum[row], frame.kinds[row], frame.indices[row]) == (point.stratum, point.kinds, point.indices)


def test_texts_of_the_wide_frame(result):
    frame, row = result.to_frame(), next(row for row, point in enumerate(result) if "saddle" in point.kinds)
    assert frame.kinds[row] == ", ".join(result[row].kinds)
    assert frame.indices[row] == ", ".join(map(str, result[row].indices))
    assert frame.kinds[~frame.real].isna().all()
