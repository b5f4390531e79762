from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import InputError
from homotopy_lcn.losses.table_files import FOUND_OUT, TableFormat, read_columns


def read(text, columns="ab", table=FOUND_OUT, *, path="t.csv"):
    Path(path).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_columns("path", path, [("x", column) for column in columns], table).tolist()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1.5,2.5\n-3,4e-1\n",
        "a;b\n1.5;2.5\n-3;0.4\n",
        "a;b\n1,5;2,5\n-3;0,4\n",
        "a;b\n1,5;2,5\n-3,000;,4\n",
        "a\tb\n1,5\t2,5\n-3\t0,4\n",
        'a,b\n"1,5","2,5"\n-3,"0,4"\n',
        "\ufeffa;b\r\n1,5;2,5\r\n\r\n-3;0,4\r\n",
        "sep=;\na;b\n1,5;2,5\n-3;0,4\n",
        '"size, in m";a;b\n1,7;1,5;2,5\n1,8;-3;0,4\n',
        "a;note;b\n1,5;x, y;2,5\n-3;;0,4\n",
        "a,note,b\n1.5,one; two,2.5\n-3,three,0.4\n",
    ],
)
def test_what_is_beyond_doubt_is_read(text):
    assert read(text) == [[1.5, 2.5], [-3.0, 0.4]]


@pytest.mark.parametrize(
    ("text", "table", "expected"),
    [
        ("a\n1,5\n2\n", TableFormat(decimal=","), [[1.5], [2.0]]),
        ("a\n1,234\n", TableFormat(decimal=","), [[1.234]]),
        ("a;c\n1,234;5\n", TableFormat(decimal=","), [[1.234]]),
        ("a|c\n1.5|5\n", TableFormat("|"), [[1.5]]),
        ("a c\n1,5 5\n", TableFormat("space", ","), [[1.5]]),
        ("a\tc\n1.5\t5\n", TableFormat("tab"), [[1.5]]),
        ("c;a,c\n5;1,5\n", TableFormat(","), [[5.0]]),
    ],
)
def test_what_is_said_is_done(text, table, expected):
    if table.sep == ",":
        with pytest.raises(InputError, match="no column 'a'"):
            read("c;b,d\n5;1,5\n", "a", table)
    else:
        assert read(text, "a", table) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\n1,5\n", "one column by its header, and a comma in a row below"),
        ("a\n1;5\n", "one column by its header, and a semicolon in a row below"),
        (
            "a;c\n1,234;5\n2,345;5\n",
            "line 2: a comma before three digits may be a decimal comma or stand before thousands",
        ),
        ("a;c\n1,5;5\n2.5;5\n", "has numbers with a comma (line 2) and with a point (line 3)"),
        ("a;c\n1.234,5;5\n", "'1.234,5' is not a number"),
        ("a;c\n1,234,567;5\n", "'1,234,567' is not a number"),
        ("a,c\n1,5,3\n", "line 2 has 3 cells; expected 2 as in the header (is the comma a decimal comma?"),
    ],
)
def test_what_may_be_read_in_two_ways_is_refused(text, words):
    with pytest.raises(InputError) as caught:
        read(text, "a")
    assert words in str(caught.value)


def test_two_separators_that_fit_are_told_by_the_columns_or_refused():
    text = "a,b;c\n1,2;3\n"
    assert read(text, ["a"]) == [[1.0]]
    assert read("c,a;b\n1,2;3\n", ["b"]) == [[3.0]]
    with pytest.raises(InputError, match="may be separated by a comma and a semicolon; expected sep=SEP"):
        read(text, ["x"])


@given(
    st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.integers(-9, 9)), min_size=1, max_size=5),
    st.sampled_from(";\t"),
)
def test_numbers_with_decimal_commas_are_those_with_points_or_refused(rows, sep):
    text = f"a{sep}b\n" + "".join(f"{one!r}{sep}{other}\n" for one, other in rows)
    with_points = read(text)
    assert with_points == [[one, float(other)] for one, other in rows]
    with suppress(InputError):  # of numbers such as 1,234 alone nobody can tell
        assert read(text.replace(".", ",")) == with_points
    assert read(text.replace(".", ","), table=TableFormat(decimal=",")) == with_points


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a,b\n1,\n2,NA\n3,4\n5,null\n",
            "path: 't.csv', line 2, column 'b': empty cell, and lines 2, 3, 5 have such cells",
        ),
        ("a,b\n1,nan\n", "path: 't.csv', line 2, column 'b': 'nan'; expected a finite number"),
        ("a,b\n1,big\n", "path: 't.csv', line 2, column 'b': 'big' is not a number"),
        ("a,B\n1,2\n", "x: no column 'b' (perhaps 'B') in 't.csv'; expected one of: 'a', 'B'"),
        ("sep=;\na;b\n1;x\n", "path: 't.csv', line 3, column 'b': 'x' is not a number"),
    ],
)
def test_messages(text, message):
    with pytest.raises(InputError) as caught:
        read(text)
    assert str(caught.value).startswith(message)


def test_near_names():
    with pytest.raises(InputError, match=r"no column 'SUNACTIVTY' \(perhaps 'SUNACTIVITY'\)"):
        read("YEAR,SUNACTIVITY\n1,2\n", ["SUNACTIVTY"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sep": ""}, "sep: '' given"),
        ({"sep": "ab"}, "sep: 'ab' given"),
        ({"sep": "x"}, "sep: 'x' given"),
        ({"decimal": ";"}, "decimal: ';' given; expected . or ,"),
        ({"sep": ",", "decimal": ","}, "sep, decimal: both are ','"),
    ],
)
def test_unusable_formats(options, message):
    with pytest.raises(InputError) as caught:
        TableFormat(**options)
    assert str(caught.value).startswith(message)


def parquet(**columns):
    pq.write_table(pa.table(columns), "t.parquet")
    return lambda *names: read_columns("path", "t.parquet", [("x", name) for name in names], FOUND_OUT)


def test_parquet():
    load = parquet(
        a=[1, 2],
        b=np.array([0.5, 0.25], np.float32),
        **{"c.d": pa.array([1, 2]).cast(pa.decimal128(21, 2)), "e": ["x", "y"]},
    )
    np.testing.assert_array_equal(load("b", "a", "c.d", "a"), [[0.5, 1, 1, 1], [0.25, 2, 2, 2]])
    with pytest.raises(InputError, match=r"column 'e' of 't.parquet' is of type string; expected numbers"):
        load("e")
    with pytest.raises(InputError, match=r"no column 'A' .perhaps 'a'."):
        load("A")
    with pytest.raises(InputError, match=r"^sep: given with 't.parquet'; expected only with a file of text"):
        read_columns("path", "t.parquet", [("x", "a")], TableFormat(";"))


@pytest.mark.parametrize("values", [[1.0, None, 3.0, np.nan], [1, None, 2, None], [1.0, np.inf, 2.0, np.nan]])
def test_parquet_with_missing_values(values):
    with pytest.raises(InputError, match=r"column 'a': missing or infinite values, in rows 1, 3 \(the first is 0\)"):
        parquet(a=values)("a")


@pytest.mark.parametrize("cut", [0, 4, 50, -5])
def test_parquet_that_is_truncated(cut):
    parquet(a=list(range(100)))
    path = Path("t.parquet")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError, match="is not a whole Parquet file"):
        read_columns("path", "t.parquet", [("x", "a")], FOUND_OUT)
