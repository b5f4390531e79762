"""Entries of a result of another type or size are named, whatever stands there."""

from __future__ import annotations

import json

import numpy as np
import pytest

from homotopy_lcn import Architecture, CriticalPoints, InputError, SquaredLoss, critical_points
from tests.entries import WRONG, at, name, of_another_type, unlike_entries, with_entry
from tests.results.forgeries import with_digest


def generic():
    return critical_points(Architecture((2, 2), (1, 1)), SquaredLoss.white([3, 1, 2]))


def with_a_continuum():
    return critical_points(Architecture((2, 2), (2, 1)), SquaredLoss(np.eye(4), [1, 0, 0, 1], constant=2))


def of_exact_numbers_of_low_rank():
    gram, b = [["1/3", "1/3", 0], ["1/3", "1/3", 0], [0, 0, 1]], ["2/3", "2/3", 1]
    return critical_points(Architecture((2, 2), (1, 1)), SquaredLoss.from_exact(gram, b, 5), isolated=True)


def read(tmp_path, text):
    path = tmp_path / "result.json"
    path.write_text(text, encoding="utf-8")
    try:
        return CriticalPoints.from_json(path)
    except InputError as error:
        raise InputError(str(error).removeprefix(f"{path}: ")) from None


@pytest.mark.parametrize("solve", [generic, with_a_continuum, of_exact_numbers_of_low_rank])
def test_every_entry_of_another_type_is_named(tmp_path, solve):
    content = json.loads(solve().to_json())
    for number, path in enumerate(unlike_entries(content)):
        if path in (("digest",), ("edited",)):
            continue
        for value in WRONG[number % 3 :: 3]:
            old = at(content, path)
            if (
                old is None
                or not of_another_type(old, value)
                or (path[:2] == ("loss", "exact") and not isinstance(value, dict))
            ):
                continue
            with pytest.raises(InputError) as error:
                read(tmp_path, with_digest(with_entry(content, path, value)))
            message, parents = str(error.value), [name(path[:end]) for end in range(1, len(path) + 1)]
            if path[0] in ("format", "version"):
                assert message.startswith(("not a file of solve", "version:"))
            else:
                whole = {"pattern", "stratum", "also_on", "exact"} & set(path)  # named as a whole
                below = (f"{parents[-1]}{end}" for end in (":", ".", "["))
                known = (*below, *(f"{parent}:" for parent in parents)) if whole else tuple(below)
                assert message.startswith(known), (name(path), value, message)
            assert "\n" not in message
            assert len(message) < 500


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("filter", "re", 2), "x", r"filter\.re\[2\]: 'x' is not a finite number"),
        (("kinds", 0), "maximum", r"kinds\[0\]: 'maximum' is unknown"),
        (("indices", 0), 0.5, r"indices\[0\]: 0\.5 is not an integer"),
        (("parameters", 0, 1, 0), [], r"parameters\[0\]\[1\]\[0\]: \[\] is not a finite number"),
        (("parameters", 0, 1), None, r"parameters\[0\]\[1\]: None is not a list"),
        (("windings",), [1.0], r"windings\[0\]: 1\.0 is not an integer"),
        (("filter",), 3, "filter: 3 is not an object"),
    ],
)
def test_the_message_says_where_what_and_what_is_expected(tmp_path, path, value, message):
    content = json.loads(generic().to_json())
    number = next(i for i, point in enumerate(content["points"]) if point["attained"])
    with pytest.raises(InputError, match=rf"^points\[{number}\]\.{message}"):
        read(tmp_path, with_digest(with_entry(content, ("points", number, *path), value)))
