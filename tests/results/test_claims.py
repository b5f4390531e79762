"""What a file claims is checked when it is read: forgeries are refused, honest files of any data are not."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from data_kinds import KINDS
from degenerate_data import DEGENERATE

from homotopy_lcn import Architecture, CriticalPoints, InputError, SquaredLoss, critical_points
from homotopy_lcn.display.wording import summary
from homotopy_lcn.results.claims import check_claims
from homotopy_lcn.results.json_reader import read_file
from tests.results.forgeries import with_digest
from tests.small_networks import solved

NETWORKS = (((2, 2), (1, 1)), ((2, 2), (2, 1)), ((2, 2, 2), (1, 2, 1)))


@cache
def few_samples():
    X, Y = [[1, 2, 3, 4, 6], [2, 0, 1, 1, 1], [0, 1, 0, 2, 1]], [[1], [2], [3]]
    arch = Architecture((3, 2), (2, 1))
    return critical_points(arch, SquaredLoss.from_data(X, Y, arch), isolated=True)


@cache
def circle():
    arch = Architecture((2, 2), (2, 1))
    return critical_points(arch, SquaredLoss(np.eye(4), [1, 0, 0, 1], constant=2))


def read(tmp_path, text):
    path = tmp_path / "result.json"
    path.write_text(text, encoding="utf-8")
    return CriticalPoints.from_json(path)


# Honest files


@pytest.mark.filterwarnings("ignore:loss:RuntimeWarning")
@pytest.mark.parametrize("kind", [*KINDS, *DEGENERATE])
@pytest.mark.parametrize(("filters", "strides"), NETWORKS)
def test_honest_files_are_read_whatever_the_data(tmp_path, filters, strides, kind):
    arch = Architecture(filters, strides)
    for draw in range(2):
        rng = np.random.default_rng([draw, *filters, *strides])
        loss = {**KINDS, **DEGENERATE}[kind](arch, draw, rng)
        result = critical_points(arch, loss, isolated=True)
        again = read(tmp_path, result.to_json())
        assert again == result
        assert again.edited is False


@pytest.mark.parametrize(
    ("filters", "strides", "dead"),
    [((3, 3), (1, 1), 3), ((2, 2, 2), (1, 2, 1), 3), ((2, 2, 2), (2, 1, 1), 3), ((2, 2, 2), (1, 1, 1), 2)],
)
def test_honest_files_with_filters_that_the_data_do_not_see(tmp_path, filters, strides, dead):
    """Along the kernel of Σ the gradient is rounding, and so are the terms that cancel in it."""
    arch = Architecture(filters, strides)
    diagonal = np.arange(1.0, arch.filter_size + 1)
    diagonal[:dead] = 0
    result = critical_points(arch, SquaredLoss(np.diag(diagonal), np.sign(diagonal), 3.0), isolated=True)
    assert result.continua
    assert read(tmp_path, result.to_json()) == result


@pytest.mark.parametrize("size", [1e-100, 1e-30, 1e30, 1e100])
def test_honest_files_are_read_in_any_unit(tmp_path, size):
    problem = solved((2, 2, 2), (1, 2, 1))
    loss = SquaredLoss(size * problem.loss.gram, problem.loss.b, problem.loss.constant / size)
    result = critical_points(problem.architecture, loss)
    assert read(tmp_path, result.to_json()) == result


def test_results_that_say_less_are_read(tmp_path):
    result = solved((2, 2, 2), (1, 2, 1))
    for less in (
        replace(result, complete=False),
        replace(result, complete=False, contradictions=("the gradient is not zero at 1 real θ",)),
        CriticalPoints.build(
            result.architecture,
            result.loss,
            [],
            [replace(row, found=0) for row in result.strata],
            seed=0,
        ),
    ):
        assert read(tmp_path, less.to_json()) == less


# The digest


def test_a_file_without_a_digest_is_read_and_says_so(tmp_path):
    result = solved((2, 2, 2), (1, 2, 1))
    content = json.loads(result.to_json())
    del content["digest"]
    old = read(tmp_path, json.dumps(content))
    assert old.edited is None
    assert replace(old, edited=False) == result
    assert "without a digest" in str(old)
    assert "without a digest" in dict(summary(old))["file"]
    assert read(tmp_path, old.to_json()).edited is None


def test_an_edited_file_that_passes_all_checks_says_that_it_was_edited(tmp_path):
    content = json.loads(solved((2, 2, 2), (1, 2, 1)).to_json())
    content["seed"] = 12
    edited = read(tmp_path, json.dumps(content))
    assert edited.edited is True
    assert "edited" in str(edited)
    assert "edited" in dict(summary(edited))["file"]
    assert "edited" not in str(solved((2, 2, 2), (1, 2, 1)))
    # Writing it once more does not make it honest.
    assert read(tmp_path, edited.to_json()).edited is True


def test_the_digest_does_not_depend_on_spaces_and_order(tmp_path):
    content = json.loads(solved((2, 2, 2), (1, 2, 1)).to_json())
    turned = dict(reversed(content.items()))
    assert read(tmp_path, json.dumps(turned, indent=3)).edited is False


def test_further_keys_are_covered_by_the_digest(tmp_path):
    content = json.loads(solved((2, 2, 2), (1, 2, 1)).to_json())
    content["note"] = "proved by hand"
    assert read(tmp_path, json.dumps(content)).edited is True


# Forgeries

MINIMUM = object()


def first_minimum(content):
    return next(point for point in content if point["kinds"][:1] == ["minimum"])


def change(*keys, to):
    """Change one entry; ``MINIMUM`` is the number of the first point that is a minimum."""

    def apply(content):
        for key in keys[:-1]:
            content = first_minimum(content) if key is MINIMUM else content[key]
        content[keys[-1]] = to(content[keys[-1]]) if callable(to) else to

    return apply


def together(*edits):
    def apply(content):
        for edit in edits:
            edit(content)

    return apply


def scaled(factor):
    return lambda values: [factor * value for value in values]


def huge_filter(content):
    content["points"][0]["filter"]["re"] = [1e200 * value for value in content["points"][0]["filter"]["re"]]


def doubled_point(content):
    content["points"][-1] = content["points"][-2]


def less_a_point(content):
    """The last two points, which are conjugates, are gone; all counts of points are adapted."""
    gone = [content["points"].pop() for _ in range(2)]
    content["counts"]["pure" if gone[0]["pure"] else "spurious"] -= 2


def of_other_filter(content):
    one, other = [point for point in content["points"] if point["attained"]][:2]
    one["parameters"] = other["parameters"][: len(one["parameters"])]


def unbalanced(content):
    theta = first_minimum(content["points"])["parameters"][0]
    theta[0] = [1e9 * value for value in theta[0]]
    theta[1] = [1e-9 * value for value in theta[1]]


def as_saddle(content):
    point = first_minimum(content["points"])
    point["kinds"] = ["saddle"] * len(point["kinds"])
    point["indices"] = [1] * len(point["indices"])
    content["counts"]["minima"] -= 1


def as_degenerate(content):
    point = first_minimum(content["points"])
    point["kinds"] = ["degenerate"] * len(point["kinds"])
    content["counts"]["minima"] -= 1


def moved_coordinates(content):
    point = next(point for point in content["points"] if not point["real"])
    point["coordinates"]["re"][1] += 0.1


def no_longer_attained(content):
    point = first_minimum(content["points"])
    content["counts"]["attained"] -= 1
    content["counts"]["real_parameters"] -= len(point["parameters"])
    for count, lost in (
        ("interior", point["interior"]),
        ("boundary", not point["interior"]),
        ("smooth", point["smooth"]),
    ):
        content["counts"][count] -= lost
    content["counts"]["minima"] -= 1
    point["attained"] = False


FORGERIES = {
    "a huge filter": (huge_filter, r"points\[0\]\.filter: largest entry .*overflows"),
    "a filter": (change("points", 0, "filter", "re", 0, to=lambda x: x + 0.01), r"points\[0\]\.loss"),
    "a loss": (change("points", 0, "loss", to=lambda x: x - 1e-6), r"points\[0\]\.loss: .*expected"),
    "a loss that is not real": (change("points", -1, "loss", "im", to=lambda x: x + 1.0), r"\.loss: "),
    "parameters": (change("points", MINIMUM, "parameters", 0, 0, 0, to=lambda x: x * 1.001), "balanced|product"),
    "parameters of another filter": (of_other_filter, r"points\[\d+\]\.parameters\[0\]: their product|balanced"),
    "parameters out of balance": (unbalanced, r"points\[\d+\]\.parameters\[0\]: layers of different norms"),
    "complex parameters": (change("points", -1, "parameters", 0, 0, "re", 0, to=lambda x: x + 0.1), "parameters"),
    "a minimum as a saddle": (as_saddle, r"points\[\d+\]\.indices\[0\]: the Hessian"),
    "a minimum as degenerate": (as_degenerate, r"points\[\d+\]\.indices\[0\]: the Hessian"),
    "an index": (change("points", MINIMUM, "indices", 0, to=3), r"points\[\d+\]\.kinds\[0\]: kind and index"),
    "no kind": (change("points", MINIMUM, "kinds", 0, to=None), r"points\[\d+\]\.kinds: null|counts"),
    "not attained": (no_longer_attained, r"points\[\d+\]\.attained"),
    "attained, not in the space": (
        together(
            change("points", MINIMUM, "in_function_space", to=False),
            change("counts", "in_function_space", to=lambda x: x - 1),
        ),
        r"points\[\d+\]\.in_function_space",
    ),
    "coordinates": (moved_coordinates, r"coordinates: not those of the filter"),
    "the Gram matrix": (change("loss", "gram", 0, 0, to=lambda x: x * 1.01), r"points\[\d+\]\.loss"),
    "the moments": (change("loss", "b", to=scaled(1.01)), r"points\[\d+\]\.loss"),
    "the constant": (change("loss", "constant", to=lambda x: x + 1.0), r"points\[0\]\.loss"),
    "pure": (change("points", -1, "pure", to=lambda x: not x), r"counts\.pure"),
    "a multiplicity": (change("points", 0, "multiplicity", to=2), "multiplicities sum up to"),
    "multiplicity zero": (change("points", 0, "multiplicity", to=0), r"points\[0\]\.multiplicity"),
    "a negative condition": (change("points", 0, "condition", to=-1.0), r"points\[0\]\.condition"),
    "a generic number": (
        together(change("strata", 0, "generic", to=9), change("counts", "generic", to=lambda x: x - 1)),
        r"strata\[0\]\.generic: 9; expected 10",
    ),
    "factorizations": (change("strata", 0, "factorizations", to=7), r"strata\[0\]\.factorizations"),
    "a stratum twice": (change("strata", 1, "pattern", to=[[1, 1], [1]]), r"strata\[1\]\.pattern: .*twice"),
    "found, too few": (
        together(change("strata", 0, "found", to=9), change("counts", "found", to=lambda x: x - 1)),
        "complete: true; expected false",
    ),
    "at infinity, negative": (
        together(change("strata", 0, "at_infinity", to=-1), change("counts", "at_infinity", to=-1)),
        "at_infinity",
    ),
    "a point twice": (doubled_point, r"points\[\d+\]\.filter: the same as"),
    "less a point": (less_a_point, "multiplicities sum up to"),
    "the infimum": (change("infimum", "value", to=lambda x: x - 1e-3), "infimum"),
    "the infimum, not attained": (change("infimum", "attained", to=False), "infimum"),
    "a control character": (change("software", to="\x1b[2Jhomotopy-lcn"), "software: .*printable"),
    "a negative seed": (change("seed", to=-1), "seed"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forgeries_are_refused_in_one_line_that_names_the_entry(tmp_path, name):
    edit, message = FORGERIES[name]
    content = json.loads(solved((2, 2, 2), (1, 2, 1)).to_json())
    assert read(tmp_path, with_digest(content)).edited is False
    edit(content)
    with pytest.raises(InputError, match=message) as error:
        read(tmp_path, with_digest(content))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500


def other_continuum(key, value):
    return change("continua", 0, key, to=value)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (other_continuum("dimension", 7), r"continua\[0\]\.dimension"),
        (other_continuum("loss", 0.5), "the loss is not constant|infimum"),
        (other_continuum("kind", "saddle"), r"continua\[0\]\.kind"),
        (other_continuum("real", None), r"continua\[0\]\.real|counts"),
        (change("continua", 0, "points", 0, "loss", to=0.5), r"continua\[0\]\.points\[0\]\.loss"),
        (change("continua", 0, "points", 0, "parameters", 0, 0, 0, to=9.0), r"continua\[0\]\.points\[0\]\.parameters"),
        (change("strata", 0, "singular", to=9), r"strata\[0\]"),
    ],
)
def test_forged_continua_are_refused(tmp_path, edit, message):
    content = json.loads(circle().to_json())
    edit(content)
    content["counts"]["singular"] = sum(row.get("singular", 0) for row in content["strata"])
    with pytest.raises(InputError, match=message):
        read(tmp_path, with_digest(content))


def shifted_zero(content):
    content["zero_residual"]["filter"]["re"][0] += 1.0


def without_zero_residual(content):
    del content["zero_residual"]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (shifted_zero, r"zero_residual\.filter: its residual"),
        (without_zero_residual, "zero_residual: missing|generic"),
        (change("zero_residual", "rank", to=2), r"zero_residual\.rank: 2; expected 3"),
        (change("zero_residual", "dimension", to=70), r"zero_residual\.dimension: 70"),
    ],
)
def test_forged_filters_of_residual_zero_are_refused(tmp_path, edit, message):
    content = json.loads(few_samples().to_json())
    edit(content)
    with pytest.raises(InputError, match=message):
        read(tmp_path, with_digest(content))


def test_the_claims_of_a_result_with_contradictions_need_not_hold(tmp_path):
    """Such a result is not complete, and says itself that it is not sound."""
    content = json.loads(solved((2, 2, 2), (1, 2, 1)).to_json())
    as_saddle(content)
    content["contradictions"] = ["the Hessian contradicts the kind of 1 real θ"]
    with pytest.raises(InputError, match="complete: true"):
        read(tmp_path, with_digest(content))
    content["complete"] = False
    text = with_digest(content)
    (tmp_path / "result.json").write_text(text)
    check_claims(read_file(tmp_path / "result.json"))


# Flipped bits


@cache
def small_result():
    return critical_points(Architecture((2, 2), (2, 1)), SquaredLoss.white([3, 1, 1, 2]))


def outcome_of(path):
    """The result in a file, or the message with which the file is refused."""
    try:
        return CriticalPoints.from_json(path), ""
    except InputError as error:
        return None, str(error)


def assert_flips_are_found(tmp_path, places):
    """No flip of a bit may be read with another answer and without a word."""
    result = small_result()
    data = result.to_json().encode()
    path = tmp_path / "flipped.json"
    outcomes = {"refused": 0, "edited": 0, "equal": 0}
    for place, bit in places(8 * len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << bit
        path.write_bytes(changed)
        again, refusal = outcome_of(path)
        if again is None:
            assert "\n" not in refusal
            outcomes["refused"] += 1
            continue
        if again.edited is False:
            assert again == result
            outcomes["equal"] += 1
        else:
            outcomes["edited"] += 1
    return outcomes


def test_flipped_bits_are_refused_or_said_or_change_nothing(tmp_path):
    outcomes = assert_flips_are_found(tmp_path, lambda bits: [divmod(i, 8) for i in range(0, bits, 37)])
    assert outcomes["refused"] > 100
    assert outcomes["edited"] > 50
    assert outcomes["equal"] < outcomes["edited"]


@pytest.mark.slow
def test_every_flipped_bit_is_refused_or_said_or_changes_nothing(tmp_path):
    assert_flips_are_found(tmp_path, lambda bits: [divmod(i, 8) for i in range(bits)])


# Work that is bounded by the size of the file


def test_a_file_that_names_a_giant_is_refused_at_once(tmp_path):
    for filters, strides in (
        ([10**9, 2], [1, 1]),
        ([2, 2], [10**9, 1]),
        ([2] * 900, [2] * 900),
        ([10**3000], [1]),
        ([2] * 10**5, [1] * 10**5),
    ):
        content = json.loads(small_result().to_json())
        content["architecture"] |= {"filters": filters, "strides": strides}
        with pytest.raises(InputError, match="architecture") as error:
            read(tmp_path, with_digest(content))
        assert len(str(error.value)) < 500
    content["architecture"] = {"filters": [2] * 30, "strides": [1] * 30, "filter_size": 31}
    content["loss"] = {"gram": np.eye(31).tolist(), "b": [1.0] * 31, "constant": 31.0}
    content |= {"points": [], "strata": [], "continua": []}
    content["counts"] = dict.fromkeys(content["counts"], 0) | {"certified": None}
    with pytest.raises(InputError, match="strata: 0 strata; expected more than 0"):
        read(tmp_path, with_digest(content))


@pytest.mark.parametrize("deep", ['{"a":' * 10**5, '{"format": "homotopy-lcn/critical-points", "x": ' + "[" * 10**5])
def test_deep_nesting_is_refused(tmp_path, deep):
    with pytest.raises(InputError, match=r"brackets|not whole"):
        read(tmp_path, deep)


@pytest.mark.parametrize("depth", [300, 600, 900, 950, 990])
def test_nesting_as_deep_as_the_parser_takes_it(tmp_path, depth):
    content = json.loads(small_result().to_json())
    text = json.dumps(content)[:-1] + ', "more": ' + "[" * depth + "]" * depth + "}"
    path = tmp_path / "deep.json"
    path.write_text(text)
    again, refusal = outcome_of(path)
    assert "brackets" in refusal if again is None else again.edited is True


@pytest.mark.parametrize("number", ["1e999999999", "-1e400", "1" + "0" * 4500])
def test_numbers_beyond_all_doubles_are_refused(tmp_path, number):
    text = small_result().to_json().replace('"constant": 15.0', f'"constant": {number}')
    assert number in text
    with pytest.raises(InputError, match=r"finite number|digits"):
        read(tmp_path, text)
