from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from homotopy_lcn import Architecture, CriticalPoints, InputError, SquaredLoss, Tolerances, critical_points
from homotopy_lcn.cli import program
from homotopy_lcn.display.wording import summary

ARCHITECTURE = Architecture((3, 2), (2, 1))


@pytest.fixture(scope="module")
def loss():
    """Data within 1e-9 of the change of a complex pair of filters into two real ones, on the complex side."""
    rng = np.random.default_rng(0)

    def real(target):
        return critical_points(ARCHITECTURE, SquaredLoss.white(target)).counts.real

    targets = sorted((rng.normal(size=5) for _ in range(20)), key=real)
    low, high = targets[0], targets[-1]
    fewest = real(low)
    assert fewest < real(high)
    while np.linalg.norm(high - low) > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if real(middle) == fewest else (low, middle)
    return SquaredLoss.white(low)


def test_labels_depend_on_tolerances_and_nothing_else_does(loss):
    def solved(tolerances):
        return critical_points(ARCHITECTURE, loss, tolerances=tolerances)

    strict, usual, wide, loose = map(solved, (Tolerances(0, 1e15), None, Tolerances(1e-3), Tolerances(0.9, 1)))
    assert (strict.nearly_real, strict.nearly_singular) == ((), ())
    assert len(wide.nearly_real) == 2
    assert len(loose.nearly_singular) == len(loose)
    for result in strict, usual, wide, loose:
        assert result.complete
        assert result.points == strict.points
        assert result.counts == strict.counts
    assert usual.tolerances == Tolerances(1e-6, 1e10)


def test_a_loose_tolerance_makes_no_result_complete():
    arch = Architecture((3, 3, 3), (1, 1, 1))
    loss = SquaredLoss.white(np.random.default_rng(0).normal(size=7))
    assert not critical_points(arch, loss, time_limit=1e-3, tolerances=Tolerances(0.9, 1)).complete


def test_they_are_said_and_stored(loss, tmp_path):
    result = critical_points(ARCHITECTURE, loss, tolerances=Tolerances(1e-3, 10))
    rows = dict(summary(result))
    assert rows["nearly real"].startswith("2 complex filters, imaginary parts up to ")
    assert rows["nearly real"].endswith(" of the norm (tolerance 1.0e-03)")
    assert "nonsingular points of condition numbers above 1.0e+01" in rows["nearly singular"]
    assert rows["nearly real"] in str(result)
    path = tmp_path / "result.json"
    result.to_json(path)
    assert json.loads(path.read_text(encoding="utf-8"))["tolerances"] == {"real": 1e-3, "singular": 10.0}
    again = CriticalPoints.from_json(path)
    assert again == result
    assert again.nearly_real == result.nearly_real


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"real": -1e-9}, "real: -1e-09 given; expected a number from 0 to below 1"),
        ({"real": 1}, "real: 1 given; expected a number from 0 to below 1"),
        ({"real": "a"}, "real: 'a' given; expected a number from 0 to below 1"),
        ({"singular": 0.5}, "singular: 0.5 given; expected a number of at least 1"),
        ({"singular": float("inf")}, "singular: inf given; expected a number of at least 1"),
    ],
)
def test_unusable_tolerances(options, message, capsys):
    with pytest.raises(InputError) as caught:
        Tolerances(**options)
    assert str(caught.value) == message
    ((name, value),) = options.items()
    if isinstance(value, float):
        arguments = ["solve", "-k", "2,2", "-s", "1,1", "--random", f"--{name}-tolerance={value}"]
        assert program.main(arguments) == 2
        assert capsys.readouterr().err == f"homotopy-lcn: --{name}-tolerance{message.removeprefix(name)}\n"


def test_other_objects_are_no_tolerances(loss):
    with pytest.raises(InputError, match=r"^tolerances: float given; expected Tolerances"):
        critical_points(ARCHITECTURE, loss, tolerances=1e-6)


@pytest.mark.parametrize("stored", [{"real": 2.0, "singular": 10.0}, {"real": 0.1}, {"real": 0.1, "singular": "1"}, 3])
def test_stored_tolerances_are_checked(loss, tmp_path, stored):
    path = tmp_path / "result.json"
    critical_points(ARCHITECTURE, loss).to_json(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, "tolerances": stored}), encoding="utf-8")
    with pytest.raises(InputError, match=r"result\.json: tolerances"):
        CriticalPoints.from_json(path)


def test_unknown_condition_numbers_are_not_large(loss):
    result = critical_points(ARCHITECTURE, loss)
    assert Tolerances(singular=1.0).nearly_singular(result)
    assert Tolerances(singular=1.0).nearly_singular([replace(point, condition=None) for point in result]) == ()


def test_the_text_of_a_file_is_no_path(loss):
    with pytest.raises(InputError, match=r"^path: the text of a file is given; expected the path of a file$"):
        CriticalPoints.from_json(critical_points(ARCHITECTURE, loss).to_json())
