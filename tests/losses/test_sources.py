from __future__ import annotations

import os
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import Architecture, InputError, SquaredLoss
from homotopy_lcn._data import data_path
from homotopy_lcn.losses.random_data import random_gaussian, random_white
from homotopy_lcn.losses.sources import from_csv, from_file, from_json, from_npz, from_series

ARCHITECTURE = Architecture((3, 2), (2, 1))  # filter size 5, stride 2
SMALL = Architecture((2,), (1,))


def equal(one, other):
    return np.array_equal(one.gram, other.gram) and np.array_equal(one.b, other.b) and one.constant == other.constant


def message(function, *arguments):
    """The error's text, without the folder of temporary files."""
    with pytest.raises(InputError) as caught:
        function(*arguments)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name, text):
    Path(name).write_text(text, encoding="utf-8")
    return name


# Archives


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_with_data(folder, save):
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((7, 8)), rng.standard_normal((7, 2))
    save("data.npz", X=X, Y=Y, unrelated=np.array(["a"]))
    loaded = from_npz("data.npz", ARCHITECTURE)
    assert equal(loaded.loss, SquaredLoss.from_data(X, Y, ARCHITECTURE))
    assert loaded.samples == 7
    assert loaded.description == "data.npz: 7 samples, 8 → 2 values"


@pytest.mark.parametrize("extra", [{}, {"constant": 3.5}])
def test_npz_with_gram_matrix(folder, extra):
    gram, b = np.diag(np.arange(1.0, 6.0)), np.ones(5)
    np.savez("moments.npz", gram=gram, b=b, **extra)
    loaded = from_npz(folder / "moments.npz", ARCHITECTURE)
    assert equal(loaded.loss, SquaredLoss(gram, b, extra.get("constant", 0.0)))
    assert loaded.samples is None
    assert loaded.description.endswith("moments.npz: Gram matrix and moment vector")


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ({"X", "b"}, "X, b"),
        ({"Z"}, "none of them, but Z"),
        ({"x", "y"}, "none of them, but x, y"),
        (set(), "none of them"),
        ({"X", "Y", "b", "gram"}, "X, Y, b, gram"),
    ],
)
def test_npz_without_the_arrays_or_with_both(folder, names, found):
    np.savez("data.npz", **{name: np.eye(5) for name in names})
    expected = f"path: 'data.npz' holds {found}; expected the arrays X and Y, or gram and b"
    assert message(from_npz, "data.npz", ARCHITECTURE) == expected


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        (
            {"X": np.ones((3, 4)), "Y": np.ones((3, 1))},
            "path: X: width 4; expected 5 to 6 for filter size 5 and stride 2, as Y has width 1",
        ),
        (
            {"X": np.full((3, 5), np.nan), "Y": np.ones((3, 1))},
            "path: X: entry [0, 0] is nan, and rows 0, 1, 2 have such entries; expected finite numbers",
        ),
        (
            {"X": np.array([["a"]]), "Y": np.ones((3, 1))},
            "path: X: not numeric, dtype <U1; expected an array of real numbers",
        ),
        (
            {"gram": np.eye(4), "b": np.ones(4)},
            "path: gram has shape (4, 4); expected (5, 5), the architecture's filter size",
        ),
        (
            {"gram": np.eye(5), "b": np.ones(4)},
            "path: b: shape (4,); expected (5,), as gram has shape (5, 5)",
        ),
        (
            {"gram": np.eye(5), "b": np.ones(5), "constant": np.ones(2)},
            "path: constant: shape (2,); expected a single number",
        ),
        (
            {"X": np.array([[None]]), "Y": np.ones((1, 1))},
            "path: array X in 'data.npz' holds pickled Python objects; expected an array of numbers",
        ),
    ],
)
def test_npz_with_bad_arrays(folder, arrays, expected):
    np.savez("data.npz", **arrays)
    assert message(from_npz, "data.npz", ARCHITECTURE) == expected


def test_npz_that_is_truncated_anywhere_or_something_else(folder):
    np.savez_compressed("data.npz", X=np.ones((3, 5)), Y=np.ones((3, 1)))
    whole = Path("data.npz").read_bytes()
    expected = "path: 'cut.npz' is not an .npz file, or truncated; expected arrays saved by numpy.savez"
    for length in [*range(0, len(whole) - 1, 7), len(whole) - 1]:
        Path("cut.npz").write_bytes(whole[:length])
        assert message(from_npz, "cut.npz", ARCHITECTURE) == expected
    np.save("cut.npy", np.ones(3))
    os.replace("cut.npy", "cut.npz")
    assert message(from_npz, "cut.npz", ARCHITECTURE) == expected
    write("cut.npz", "X,Y\n1,2\n")
    assert message(from_npz, "cut.npz", ARCHITECTURE) == expected


def test_npz_with_a_damaged_array(folder):
    X = np.random.default_rng(0).standard_normal((30, 5))
    np.savez("data.npz", X=X, Y=np.ones((30, 1)))
    damaged = bytearray(Path("data.npz").read_bytes())
    damaged[damaged.index(X.tobytes()) + 500] ^= 1
    Path("data.npz").write_bytes(damaged)
    expected = "path: array X in 'data.npz' is corrupt; expected arrays saved by numpy.savez"
    assert message(from_npz, "data.npz", ARCHITECTURE) == expected


def test_npz_with_a_member_that_is_no_array(folder):
    with zipfile.ZipFile("data.npz", "w") as archive:
        archive.writestr("X.npy", b"\x93NUMPY\x01\x00\x06\x00{'a':\n")
        archive.writestr("Y.npy", b"")
    expected = "path: array X in 'data.npz' is corrupt; expected arrays saved by numpy.savez"
    assert message(from_npz, "data.npz", ARCHITECTURE) == expected


# Files that cannot be read

READERS = [
    ("path", lambda path: from_npz(path, SMALL)),
    ("path", lambda path: from_csv(path, ["a"], ["b"], SMALL)),
    ("series", lambda path: from_series(f"{path}:a", 1, SMALL)),
]


@pytest.mark.parametrize(("argument", "read"), READERS)
def test_missing_file(folder, argument, read):
    assert message(read, "gone.csv") == f"{argument}: no such file 'gone.csv'; expected a file to read"


@pytest.mark.parametrize(("argument", "read"), READERS)
def test_directory(folder, argument, read):
    (folder / "place").mkdir()
    assert message(read, "place") == f"{argument}: 'place' is a directory; expected a file"


@pytest.mark.parametrize(("argument", "read"), READERS)
def test_path_below_a_file(folder, argument, read):
    write("file", "a\n1\n")
    assert message(read, "file/data") == f"{argument}: cannot read 'file/data' (Not a directory); expected a file"


@pytest.mark.parametrize(("argument", "read"), READERS)
def test_file_without_permission(folder, monkeypatch, argument, read):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    write("secret", "a\n1\n")
    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("os.open", refuse)
    assert message(read, "secret") == f"{argument}: cannot read 'secret' (Permission denied); expected a file"


@pytest.mark.parametrize(("argument", "read"), READERS[1:])
def test_text_in_another_encoding(folder, argument, read):
    Path("latin.csv").write_bytes("a,größe\n1,2\n".encode("latin-1"))
    assert message(read, "latin.csv") == f"{argument}: 'latin.csv' is not UTF-8 text; expected a CSV file"


# Tables


def test_csv_columns_in_the_order_asked_for(folder):
    rows = np.random.default_rng(0).standard_normal((6, 4))
    lines = ["y, second ,first,name", *(f"{a!r},{b!r},{c!r},text" for a, b, c, _ in rows.tolist())]
    write("table.csv", "\n".join(lines))
    loaded = from_csv("table.csv", ["first", "second"], ["y"], SMALL)
    assert equal(loaded.loss, SquaredLoss.from_data(rows[:, [2, 1]], rows[:, [0]], SMALL))
    assert loaded.samples == 6
    assert loaded.description == "table.csv: 6 samples, 2 → 1 columns (first, second → y)"


@pytest.mark.parametrize(
    "text",
    [
        "a,b,y\n1,2,3\n4,5,6\n",
        "\ufeffa,b,y\r\n1,2,3\r\n4,5,6",
        '"a","b","y"\n"1", 2 ,3.0\n\n4e0,+5,6\n\n',
    ],
)
def test_csv_dialects(folder, text):
    write("table.csv", text)
    expected = SquaredLoss.from_data([[1, 2], [4, 5]], [[3], [6]], SMALL)
    assert equal(from_csv("table.csv", ["a", "b"], ["y"], SMALL).loss, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "path: 't.csv' is empty; expected a header and rows of numbers"),
        ("a,b,y\n", "path: 't.csv' has a header only; expected rows of numbers below it"),
        ("a,b\n1,2\n", "y_columns: no column 'y' in 't.csv'; expected one of: 'a', 'b'"),
        ("a|b|y\n1|2|3\n", "x_columns: no column 'a' in 't.csv'; expected one of: 'a|b|y'"),
        ("a,b,y,a\n1,2,3,4\n", "x_columns: 2 columns 'a' in 't.csv'; expected one of: 'a', 'b', 'y', 'a'"),
        (
            "a,b,y\n1,2,3\n\n4,x,6\n",
            "path: 't.csv', line 4, column 'b': 'x' is not a number; expected a finite number",
        ),
        ("a,b,y\n1,2,3\n4,5,\n", "path: 't.csv', line 3, column 'y': empty cell; expected a finite number"),
        ("a,b,y\n1, ,3\n", "path: 't.csv', line 2, column 'b': empty cell; expected a finite number"),
        ("a,b,y\nNaN,2,3\n", "path: 't.csv', line 2, column 'a': 'NaN'; expected a finite number"),
        ("a,b,y\n1,-inf,3\n", "path: 't.csv', line 2, column 'b': '-inf'; expected a finite number"),
        ("a,b,y\n1,1e999,3\n", "path: 't.csv', line 2, column 'b': '1e999'; expected a finite number"),
        ("a,b,y\n1,2,3\n4,5\n", "path: 't.csv', line 3 has 2 cells; expected 3 as in the header"),
        (
            "a,b,y\n1,2,3,4\n",
            "path: 't.csv', line 2 has 4 cells; expected 3 as in the header (is the comma a decimal comma? then "
            "sep=SEP says what separates cells)",
        ),
    ],
)
def test_bad_csv(folder, text, expected):
    write("t.csv", text)
    assert message(from_csv, "t.csv", ["a", "b"], ["y"], SMALL) == expected


def test_cells_of_other_columns_need_not_be_numbers(folder):
    write("t.csv", "note,a,b,y\n,1,2,3\nnan,4,5,6\n")
    assert from_csv("t.csv", ["a", "b"], ["y"], SMALL).samples == 2


def test_csv_with_an_endless_cell(folder):
    write("t.csv", 'a,b,y\n1,2,"' + "3" * 200_000)
    text = message(from_csv, "t.csv", ["a", "b"], ["y"], SMALL)
    assert text.startswith("path: 't.csv', line 2: field larger than field limit")
    assert text.endswith("; expected a CSV file")


def test_csv_with_too_few_columns_for_the_architecture(folder):
    write("t.csv", "a,b,y\n1,2,3\n4,5,7\n")
    text = message(from_csv, "t.csv", ["a"], ["y"], SMALL)
    assert text == "x_columns, y_columns: X: width 1; expected 2 for filter size 2 and stride 1, as Y has width 1"
    text = message(from_csv, "t.csv", ["a", "b", "y"], ["y"], SMALL)
    assert text.startswith("x_columns, y_columns: X, Y: widths 3 and 1; expected")


@pytest.mark.parametrize(("x", "y", "argument"), [([], ["y"], "x_columns"), (["a"], [], "y_columns")])
def test_csv_without_columns(folder, x, y, argument):
    write("t.csv", "a,y\n1,2\n")
    expected = f"{argument}: no columns; expected the names of columns of 't.csv'"
    assert message(from_csv, "t.csv", x, y, SMALL) == expected


# Time series


@given(size=st.integers(1, 4), horizon=st.integers(1, 3), extra=st.integers(0, 5), stride=st.integers(1, 3))
def test_series_windows(tmp_path_factory, size, horizon, extra, stride):
    values = np.random.default_rng(0).standard_normal(size + horizon + extra)
    path = tmp_path_factory.mktemp("series") / "series.csv"
    path.write_text("t,v\n" + "".join(f"{t},{v!r}\n" for t, v in enumerate(values.tolist())))
    loaded = from_series(f"{path}:v", horizon, Architecture((size,), (stride,)))
    X = [values[i : i + size] for i in range(extra + 1)]
    Y = [[values[i + size - 1 + horizon]] for i in range(extra + 1)]
    assert loaded.samples == extra + 1
    expected = SquaredLoss.from_data(X, Y, Architecture((size,), (1,)))
    np.testing.assert_allclose(loaded.loss.gram, expected.gram, rtol=1e-12)
    np.testing.assert_allclose(loaded.loss.b, expected.b, rtol=1e-12, atol=1e-15)
    assert loaded.loss.constant == pytest.approx(expected.constant, rel=1e-12)


@pytest.mark.parametrize(("horizon", "text"), [(1, "the next one"), (3, "the one 3 steps ahead")])
def test_series_description(folder, horizon, text):
    write("s.csv", "v\n1\n2\n4\n8\n16\n")
    description = from_series("s.csv:v", horizon, SMALL).description
    assert description == f"s.csv:v: {4 - horizon} windows, {text} from 2 values"


@pytest.mark.parametrize(
    ("rows", "horizon", "expected"),
    [
        (2, 1, "series: 2 values in 'v'; expected at least 3, the filter size 2 plus the horizon 1"),
        (5, 4, "series: 5 values in 'v'; expected at least 6, the filter size 2 plus the horizon 4"),
        (0, 1, "series: 's.csv' has a header only; expected rows of numbers below it"),
        (5, 0, "horizon: 0 given; expected an integer, at least 1"),
        (5, -1, "horizon: -1 given; expected an integer, at least 1"),
        (5, 1.5, "horizon: 1.5 given; expected an integer, at least 1"),
        (5, None, "horizon: None given; expected an integer, at least 1"),
    ],
)
def test_series_too_short_or_bad_horizon(folder, rows, horizon, expected):
    write("s.csv", "v\n" + "".join(f"{row}\n" for row in range(rows)))
    assert message(from_series, "s.csv:v", horizon, SMALL) == expected


def test_shortest_series(folder):
    write("s.csv", "v\n1\n2\n5\n")
    loaded = from_series("s.csv:v", 1, SMALL)
    assert loaded.samples == 1
    assert equal(loaded.loss, SquaredLoss.from_data([[1, 2]], [[5]], SMALL))


@pytest.mark.parametrize("source", ["s.csv", "s.csv:", ":v", ":", ""])
def test_series_without_file_or_column(folder, source):
    assert (
        message(from_series, source, 1, SMALL)
        == f"series: {source!r}; expected FILE.csv:COLUMN, or sunspots, the shipped series"
    )


def test_series_file_or_column_with_a_colon(folder):
    text = "v,b:c\n1,1\n2,3\n5,9\n"
    write("a", text)
    write("a:b", text.replace("b:c", "c"))
    assert from_series("a:v", 1, SMALL).loss.constant == 25
    assert from_series("a:b:c", 1, SMALL).loss.constant == 81
    os.remove("a:b")
    assert from_series("a:b:c", 1, SMALL).loss.constant == 81


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t,w\n1,2\n", "series: no column 'v' in 's.csv'; expected one of: 't', 'w'"),
        ("t,v\n1,2\n2,?\n", "series: 's.csv', line 3, column 'v': '?' is not a number; expected a finite number"),
        ("t,v\n1,2\n2,nan\n", "series: 's.csv', line 3, column 'v': 'nan'; expected a finite number"),
        ("", "series: 's.csv' is empty; expected a header and rows of numbers"),
    ],
)
def test_bad_series(folder, text, expected):
    write("s.csv", text)
    assert message(from_series, "s.csv:v", 1, SMALL) == expected


def test_series_that_overflows(folder):
    write("s.csv", "v\n" + "1e200\n" * 5)
    expected = "series: X: products overflow; expected data scaled to a moderate size: multiply X by 1e-200 "
    assert message(from_series, "s.csv:v", 1, SMALL).startswith(expected)


def test_shipped_sunspots():
    path = data_path("sunspots.csv")
    rows = np.loadtxt(path, delimiter=",", skiprows=1)
    assert rows.shape == (309, 2)
    np.testing.assert_array_equal(rows[:, 0], np.arange(1700, 2009))
    assert (rows[:, 1].min(), rows[:, 1].max()) == (0, 190.2)
    loaded = from_series(f"{path}:SUNACTIVITY", 1, ARCHITECTURE)
    assert loaded.samples == 304
    assert loaded.loss.rank == 5
    # Least squares predicts better than the value before.
    errors = np.diff(rows[4:, 1])
    assert loaded.loss(loaded.loss.target) < loaded.loss([0, 0, 0, 0, 1])
    assert loaded.loss([0, 0, 0, 0, 1]) == pytest.approx(errors @ errors, rel=1e-9)


# Random data


def test_random_gaussian():
    loaded = random_gaussian(ARCHITECTURE, np.random.default_rng(3))
    rng = np.random.default_rng(3)
    X, Y = rng.standard_normal((20, 5)), rng.standard_normal((20, 1))
    assert equal(loaded.loss, SquaredLoss.from_data(X, Y, ARCHITECTURE))
    assert (loaded.samples, loaded.loss.rank) == (20, 5)
    assert loaded.description == "Gaussian data: 20 samples, 5 → 1 values"


def test_random_gaussian_with_few_samples():
    loaded = random_gaussian(ARCHITECTURE, np.random.default_rng(3), samples=2)
    assert (loaded.samples, loaded.loss.rank) == (2, 2)
    assert message(random_gaussian, ARCHITECTURE, np.random.default_rng(3), 0) == "samples: 0; expected at least 1"


def test_random_white():
    loaded = random_white(ARCHITECTURE, np.random.default_rng(3))
    target = np.random.default_rng(3).standard_normal(5)
    assert equal(loaded.loss, SquaredLoss.white(target))
    assert loaded.samples is None


# Exact data


def test_json_with_exact_numbers(folder):
    write("data.json", '{"gram": [["1", "1/3"], ["1/3", 1.5]], "b": ["0.1", -2], "constant": "1e-3"}')
    loaded = from_file("data.json", SMALL)
    assert loaded.loss.exact.gram == ((1, Fraction(1, 3)), (Fraction(1, 3), Fraction(3, 2)))
    assert loaded.loss.exact.b == (Fraction(1, 10), -2)
    assert loaded.loss.exact.constant == Fraction(1, 1000)
    assert loaded.loss.gram[0, 1] == 1 / 3
    assert "exact" in loaded.description


def test_json_with_doubles(folder):
    write("data.JSON", '{"gram": [[1, 0.1], [0.1, 1]], "b": [0.1, 2]}')
    loaded = from_file("data.JSON", SMALL)
    assert loaded.loss.exact is None
    assert equal(loaded.loss, SquaredLoss([[1, 0.1], [0.1, 1]], [0.1, 2]))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{", "not JSON"),
        ("[]", "gram and b"),
        ('{"gram": [["1"]]}', "gram and b"),
        ('{"gram": [["1", "0"], ["0", "1"]], "b": ["1", "2"], "c": 1}', "holds c"),
        ('{"gram": [["1", "0"], ["0", "1"]], "b": ["1", "one"]}', "b[1]: 'one'"),
        ('{"gram": [["1", "1/3"], ["0.333", "1"]], "b": ["1", "1"]}', "not symmetric"),
        ('{"gram": [["1", "0"], ["0"]], "b": ["1", "1"]}', "square matrix"),
        ('{"gram": [["1", "0"], ["0", "1/0"]], "b": ["1", "1"]}', "gram[1][1]"),
        ('{"gram": [["1", "0"], ["0", "1e99999"]], "b": ["1", "1"]}', "gram[1][1]"),
        ('{"gram": [["1", "0"], ["0", "1e400"]], "b": ["1", "1"]}', "multiply gram by 1e-400"),
        ('{"gram": [["1", "0"], ["0", null]], "b": ["1", "1"]}', "gram[1][1]"),
        ('{"gram": [["1", "0"], ["0", "-1"]], "b": ["1", "1"]}', "indefinite"),
        ('{"gram": "1", "b": ["1", "1"]}', "gram"),
        ('{"gram": [["1", "0"], ["0", "1"]], "b": ["1"]}', "b: 1 entries"),
        ('{"gram": [["1"]], "b": ["1"]}', "filter size"),
        ('{"gram": [[1, 0], [0, 1]], "b": [1, 2], "b": [1, 2]}', "'b' is given twice; expected it once"),
        ('{"gram": [[1, 0], [0, 1]], "b": [1, {"a": 1, "a": 2}]}', "'a' is given twice; expected it once"),
    ],
)
def test_unusable_json(folder, text, part):
    write("data.json", text)
    found = message(from_json, "data.json", SMALL)
    assert found.startswith("path")
    assert part in found


def test_json_that_is_not_there(folder):
    assert "no such file" in message(from_json, "nothing.json", SMALL)


def test_json_with_a_byte_order_mark(folder):
    Path("bom.json").write_text('{"gram": [[1, 0], [0, 1]], "b": ["1/3", 0]}', encoding="utf-8-sig")
    assert from_file("bom.json", SMALL).loss.exact.b[0] == Fraction(1, 3)


@pytest.mark.parametrize("how", ["cut", "pickle", "huge", "text"])
def test_unusable_npy(folder, how):
    np.save("Y.npy", np.zeros(4))
    np.save("X.npy", np.array([{}], dtype=object) if how == "pickle" else np.zeros((4, 2)), allow_pickle=True)
    content = Path("X.npy").read_bytes()
    if how == "cut":
        content = content[:-3]
    if how == "huge":  # no memory is taken for what the header only says
        content = content.replace(b"(4, 2), }     ", b"(40000, 20), }")
    if how == "text":
        content = b"1,2,3"
    Path("X.npy").write_bytes(content)
    text = message(from_file, "X.npy,Y.npy", SMALL)
    assert text.startswith("path: 'X.npy' ")
