"""Exact data beyond the range of doubles are refused with the factors that make them moderate."""

from __future__ import annotations

import json
import re
from fractions import Fraction

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError, SquaredLoss, critical_points
from homotopy_lcn.losses.exact_elimination import check_elimination
from homotopy_lcn.losses.sources import from_csv, from_json

B = ("1", "-2", "3")
GRAM = (("3", "1", "0.5"), ("1", "2", "1"), ("0.5", "1", "4"))


def scaled(of_gram, of_b, of_constant):
    gram = [[Fraction(value) * Fraction(10) ** of_gram for value in row] for row in GRAM]
    return gram, [Fraction(value) * Fraction(10) ** of_b for value in B], 5 * Fraction(10) ** of_constant


@pytest.mark.parametrize(
    ("of_gram", "of_b", "names"),
    [(0, -400, "b"), (-400, 0, "gram"), (-400, -400, "gram"), (400, 400, "gram"), (0, 400, "b"), (400, -400, "gram")],
)
def test_the_message_says_how_to_scale_the_data_and_what_becomes_of_the_filters(of_gram, of_b, names):
    gram, b, constant = scaled(of_gram, of_b, 2 * of_b - of_gram)
    with pytest.raises(InputError, match=f"^{names}: largest entry") as error:
        SquaredLoss.from_exact(gram, b, constant)
    message = str(error.value)
    factors = dict(re.findall(r"(gram|b|constant|filters are multiplied|losses multiplied) by 1e(-?\d+)", message))
    s, t, c = (Fraction(10) ** int(factors.get(name, 0)) for name in ("gram", "b", "constant"))
    assert t / s == Fraction(10) ** int(factors.get("filters are multiplied", 0))
    assert t * t / s == c == Fraction(10) ** int(factors.get("losses multiplied", 0))
    loss = SquaredLoss.from_exact([[s * x for x in row] for row in gram], [t * x for x in b], c * constant)
    # The data are those of moderate size, up to the rounding of the powers of ten.
    ratio = np.array(loss.target) / np.array(SquaredLoss.from_exact(GRAM, B, 5).target)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)
    assert 1e-2 < abs(ratio[0]) < 1e2


def test_data_that_round_to_zero_are_not_solved_as_zero():
    with pytest.raises(InputError, match=r"^b: largest entry 3\.0e-400.*multiply b by 1e400, constant by 1e800"):
        SquaredLoss.from_exact(np.eye(3, dtype=int).tolist(), ("1e-400", "2e-400", "3e-400"))
    arch = Architecture((2, 2), (1, 1))
    assert len(critical_points(arch, SquaredLoss.from_exact(np.eye(3, dtype=int).tolist(), (1, 2, 3)))) > 0


def test_an_entry_that_rounds_to_zero_beside_larger_ones_is_rounded_and_the_rank_in_doubt():
    loss = SquaredLoss.from_exact([["1e-400", 0], [0, 1]], ["1e-400", 1])
    assert loss.b.tolist() == [0.0, 1.0]
    assert (loss.rank, loss.rank_in_doubt) == (2, True)
    assert loss.exact.b[0] == Fraction("1e-400")


def test_constants_beyond_doubles():
    with pytest.raises(InputError, match=r"^constant: 1\.0e-400.*multiplied by 1e400"):
        SquaredLoss.from_exact([[1]], [0], "1e-400")
    with pytest.raises(InputError, match=r"^constant: 1\.0e\+400, above"):
        SquaredLoss.from_exact([[1]], [1], "1e400")
    assert SquaredLoss.from_exact([[1]], [1], "1e-400").constant == 0.0


def test_fractions_and_long_doubles_that_round_to_zero_are_refused():
    with pytest.raises(InputError, match=r"^b: numbers below the range of doubles"):
        SquaredLoss(np.eye(2), [Fraction(1, 10**400), Fraction(0)])
    if np.finfo(np.longdouble).tiny < 1e-400:
        with pytest.raises(InputError, match=r"^b: numbers below the range of doubles"):
            SquaredLoss(np.eye(2), np.array(["1e-400", "0"], dtype=np.longdouble))


def test_numbers_of_files_that_round_to_zero_are_refused(tmp_path):
    arch = Architecture((2,), (1,))
    (tmp_path / "data.json").write_text('{"gram": [[1, 0], [0, 1]], "b": [1e-400, 1]}')
    with pytest.raises(InputError, match=r"^path: '1e-400' is below the range of doubles"):
        from_json(tmp_path / "data.json", arch)
    (tmp_path / "data.csv").write_text("a,b,c\n0.0e-400,2,1\n1,1e-400,1\n")
    with pytest.raises(InputError, match=r"line 3, column 'b': '1e-400' is below the range"):
        from_csv(tmp_path / "data.csv", ["a", "b"], ["c"], arch)


@pytest.mark.parametrize("number", ["9" * 4000, "-" + "9" * 5000, '"' + "9" * 5000 + '"', '"1e999999999"'])
def test_long_numbers_of_files_are_refused_when_they_are_read(tmp_path, number):
    (tmp_path / "data.json").write_text(f'{{"gram": [[1, 0], [0, 1]], "b": [{number}, 1]}}')
    with pytest.raises(InputError, match="digits") as error:
        from_json(tmp_path / "data.json", Architecture((2,), (1,)))
    assert len(str(error.value)) < 300


def test_the_longest_numbers_that_are_read_are_written_and_read_again(tmp_path):
    exact = [["1", "1/" + "9" * 3000], ["1/" + "9" * 3000, "1"]]
    loss = SquaredLoss.from_exact(exact, ["1e-3000", "1"])
    result = critical_points(Architecture((2,), (1,)), loss)
    result.to_json(tmp_path / "result.json")
    assert type(result).from_json(tmp_path / "result.json") == result
    with pytest.raises(InputError, match="digits"):
        SquaredLoss.from_exact([[Fraction(10**3000, 10**3000 - 1)]], [1]).regularized(0.1)


def test_an_elimination_without_end_is_refused():
    """The file is short: each entry is written with ten characters."""
    size = 60
    gram = [[f"1e-{2000 + i + j}" if i != j else 1 for j in range(size)] for i in range(size)]
    with pytest.raises(InputError, match=r"gram, b: exact numbers of .* bits in 60 rows"):
        SquaredLoss.from_exact(gram, [0] * size)
    loss = SquaredLoss.from_exact(GRAM, B)
    check_elimination(loss.exact)
    content = json.dumps({"gram": gram, "b": [0] * size})
    assert len(content) < 10**5
