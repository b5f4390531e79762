from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from homotopy_lcn import Architecture, InputError, SquaredLoss

ARCHITECTURE = Architecture((3, 2), (2, 1))  # filter size 5, stride 2
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 5)), RNG.normal(size=(20, 1))
EXPECTED = SquaredLoss.from_data(X, Y, ARCHITECTURE)
NAMES = list("abcde")


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        (X, Y[:, 0]),
        (X[:, None, :], Y[:, None, :]),
        (X.tolist(), Y[:, 0].tolist()),
        (pd.DataFrame(X, columns=NAMES), pd.Series(Y[:, 0], name="y")),
        (pd.DataFrame(X, columns=NAMES).convert_dtypes(), pd.DataFrame(Y).convert_dtypes()),
        (pd.DataFrame(X, columns=NAMES).astype(object), pd.Series(Y[:, 0]).astype(object)),
        (pd.DataFrame(X, columns=NAMES, index=range(7, 27)), pd.Series(Y[:, 0], index=range(7, 27))),
        (X, pd.Series(Y[:, 0], index=range(7, 27))),
    ],
)
def test_shapes_and_frames(inputs, outputs):
    assert SquaredLoss.from_data(inputs, outputs, ARCHITECTURE) == EXPECTED


def test_rows_of_pandas_are_not_paired_by_position_if_their_labels_differ():
    frame, series = pd.DataFrame(X), pd.Series(Y[:, 0])
    with pytest.raises(InputError, match=r"^Y: its row labels \(index\) are not those of X"):
        SquaredLoss.from_data(frame, series.sample(frac=1, random_state=0), ARCHITECTURE)


def frame(column, values):
    return pd.DataFrame(X, columns=NAMES).assign(**{column: values})


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (frame("c", ["three"] * 20), "X: column 'c' holds texts, as 'three'; expected columns of numbers"),
        (frame("c", pd.Series(["3"] * 20, dtype="string")), "X: column 'c' holds texts, as '3'"),
        (frame("c", pd.date_range("2020", periods=20)), "X: column 'c' is not numeric, dtype datetime64"),
        (
            frame("c", pd.Series([1, None] * 10, dtype="Int64")),
            "X: entry [1, 2] is nan, and rows 1, 3, 5, 7, 9, 11, 13, 15",
        ),
        (frame("c", [None, *range(19)]), "X: entry [0, 2] is nan; expected finite numbers"),
        (pd.concat([frame("a", 1), frame("a", 2)], axis=1), "X: several columns of one name"),
    ],
)
def test_unusable_frames(inputs, message):
    with pytest.raises(InputError) as caught:
        SquaredLoss.from_data(inputs, Y, ARCHITECTURE)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "values",
    [
        Y[:, 0],
        Y,
        Y.T,
        pd.Series(Y[:, 0]),
        pd.Series(Y[:, 0], index=range(1700, 1740, 2)),
        pd.Series(Y[:, 0], index=pd.bdate_range("2024", periods=20)),
        pd.DataFrame({"v": Y[:, 0]}),
        Y[:, 0].tolist(),
    ],
)
def test_series(values):
    expected = SquaredLoss.from_data(np.lib.stride_tricks.sliding_window_view(Y[:-2, 0], 5), Y[6:, 0], ARCHITECTURE)
    assert SquaredLoss.from_series(values, ARCHITECTURE, 2) == expected


@pytest.mark.parametrize(
    ("values", "horizon", "message"),
    [
        (Y[:5, 0], 1, "values: 5 values; expected at least 6, the filter size 5 plus the horizon 1"),
        (Y[:, 0], 0, "horizon: 0 given; expected an integer, at least 1"),
        (X, 1, r"values: shape (20, 5); expected one series of numbers, (n,)"),
        (pd.Series([1.0, None] * 9), 1, "values: entry [1] is nan, and rows 1, 3, 5, 7, 9, 11, 13, 15 and 1 more have"),
        (
            pd.Series(Y[:, 0])[::-1],
            1,
            "values: its labels (index) do not increase; expected labels in the order of time",
        ),
        (
            pd.Series(Y[:, 0]).drop([7]),
            1,
            "values: its labels (index) jump from 6 to 8; expected labels in the order of",
        ),
        (pd.Series(["a"] * 9), 1, "values: values holds texts, as 'a'"),
    ],
)
def test_unusable_series(values, horizon, message):
    with pytest.raises(InputError) as caught:
        SquaredLoss.from_series(values, ARCHITECTURE, horizon)
    assert str(caught.value).startswith(message)
