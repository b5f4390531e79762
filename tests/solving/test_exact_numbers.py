"""Solves that are complete by the exact number of their Gram matrix, beside the account of all paths."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from homotopy_lcn import Architecture, SquaredLoss, critical_points, gram_matrix
from homotopy_lcn.solving import all_paths
from homotopy_lcn.solving.problem import Problem
from homotopy_lcn.solving.start_systems import StartSystems
from tests.small_networks import filters_of, matched

CASES = [
    ((3, 3), (2, 1), "white"),
    ((3, 3), (2, 1), "ar1:1/2"),
    ((4, 2), (2, 1), "seasonal:2,1/2"),
    ((2, 2, 2), (2, 2, 1), "white"),
    ((2, 2, 2), (1, 2, 1), "differenced:1"),
    ((5, 2), (4, 1), "white"),
]


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path))


def solved(arch, loss):
    return critical_points(arch, loss, start_systems=StartSystems())


def numbers(result):
    return [(row.found, row.at_infinity, row.singular, row.origin) for row in result.strata]


@pytest.mark.parametrize(("filters", "strides", "text"), CASES)
def test_the_account_of_all_paths_says_the_same(filters, strides, text, fresh, tmp_path, monkeypatch):
    arch = Architecture(filters, strides)
    gram = gram_matrix(text, arch.filter_size).array
    loss = SquaredLoss(gram, np.random.default_rng(7).standard_normal(arch.filter_size))
    endgames = []
    traced = all_paths.trace_ends
    monkeypatch.setattr(all_paths, "trace_ends", lambda *args, **kw: endgames.append(1) or traced(*args, **kw))
    by_number = solved(arch, loss)
    assert not endgames
    for file in tmp_path.glob("*.npz"):
        if "-white-" in file.name or "-gram-" in file.name:
            file.unlink()
    monkeypatch.setattr(Problem, "has_all", lambda *args: False)
    by_account = solved(arch, loss)
    assert endgames
    assert by_number.complete
    assert by_account.complete
    assert numbers(by_number) == numbers(by_account)
    assert any(row.at_infinity for row in by_number.strata)
    assert matched(filters_of(by_number), filters_of(by_account))[1] < 1e-10


SPECIAL = {
    "on the function space": lambda arch, gram: gram @ np.convolve([1.0, 2, -1], [1.0, 0, 3, 0, 2]),
    "one entry": lambda arch, gram: np.eye(arch.filter_size)[2],
    "constant": lambda arch, gram: np.ones(arch.filter_size),
    "symmetric": lambda arch, gram: np.array([1.0, 2, 3, 4, 3, 2, 1]),
    "zero": lambda arch, gram: np.zeros(arch.filter_size),
}


@pytest.mark.parametrize("moments", SPECIAL.values(), ids=SPECIAL)
@pytest.mark.parametrize("text", ["white", "ar1:1/2"])
def test_special_moment_vectors_are_left_to_the_account(text, moments, fresh, monkeypatch):
    """Where b is special for Σ, fewer points are found than the exact number, or all; the account says the same."""
    arch = Architecture((3, 3), (2, 1))
    gram = gram_matrix(text, arch.filter_size).array
    loss = SquaredLoss(gram, moments(arch, gram))
    by_number = solved(arch, loss)
    monkeypatch.setattr(Problem, "has_all", lambda *args: False)
    by_account = solved(arch, loss)
    assert numbers(by_number) == numbers(by_account)
    assert (by_number.complete, len(by_number)) == (by_account.complete, len(by_account))
    assert len(by_number.continua) == len(by_account.continua)
    for row in by_number.strata:
        assert row.found <= 23


def test_doubles_near_special_data_are_left_to_the_account(fresh, monkeypatch):
    arch = Architecture((3, 3), (2, 1))
    asked = []
    inner = Problem.has_all

    def has_all(problem, ends):
        asked.append(inner(problem, ends))
        return asked[-1]

    monkeypatch.setattr(Problem, "has_all", has_all)
    loss = SquaredLoss(gram_matrix("ar1:0.3", arch.filter_size).array, np.arange(1.0, 8) ** 2)
    result = solved(arch, loss)
    assert (result.complete, result.counts.at_infinity) == (True, 16)
    assert asked
    assert not any(asked)


def test_an_ordinary_solve_does_not_import_exact_counts():
    code = (
        "import sys, numpy as np, homotopy_lcn as hl\n"
        "arch = hl.Architecture((3, 2), (2, 1))\n"
        "X = np.random.default_rng(0).standard_normal((20, arch.filter_size))\n"
        "result = hl.critical_points(arch, hl.SquaredLoss(X.T @ X, X[0]))\n"
        "assert result.complete and str(result)\n"
        "assert not [name for name in sys.modules if name.startswith('homotopy_lcn.counting')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
