"""Other programs that find critical points of networks of any supports."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from itertools import product
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

PHC = shutil.which("phc")


def descended(network, loss, rng):
    """The loss where a least-squares solver of SciPy ends from random parameters."""
    root = np.linalg.cholesky(loss.gram)
    target = np.linalg.solve(root, loss.b)
    ends = np.cumsum(network.layer_sizes)[:-1]
    start = rng.standard_normal(sum(network.layer_sizes))
    found = least_squares(
        lambda flat: root.T @ network.mu(np.split(flat, ends)) - target, start, xtol=1e-14, ftol=1e-14, gtol=1e-14
    )
    return 2 * found.cost - target @ target + loss.constant


def solved_by_phcpack(network, loss):
    """The filters of all solutions of the gradient in the parameters, all layers but the last one in affine patches.

    Polynomials are dictionaries from exponents of the unknowns to coefficients, multiplied out from the definition.
    """
    if PHC is None:
        return None
    layers, unknowns = [], 0
    rng = np.random.default_rng(11)
    patches = [rng.standard_normal(size) for size in network.layer_sizes]
    total = sum(network.layer_sizes) - network.depth + 1
    for place, size in enumerate(network.layer_sizes):
        free = size if place == network.depth - 1 else size - 1
        entries = [{_unit(total, unknowns + j): 1.0} for j in range(free)]
        unknowns += free
        if free < size:  # Σ c_j w_j = 1
            c = patches[place]
            last = {(0,) * total: 1.0 / c[-1]}
            for j, entry in enumerate(entries):
                last = _plus(last, entry, -c[j] / c[-1])
            entries.append(last)
        layers.append(entries)
    filter_ = [{} for _ in range(network.filter_size)]
    for choice in product(*(range(size) for size in network.layer_sizes)):
        term = {(0,) * total: 1.0}
        for layer, j in enumerate(choice):
            term = _times(term, layers[layer][j])
        position = sum(network.exponents[layer][j] for layer, j in enumerate(choice))
        filter_[position] = _plus(filter_[position], term)
    value = {}
    for i, j in product(range(network.filter_size), repeat=2):
        value = _plus(value, _times(filter_[i], filter_[j]), loss.gram[i, j])
    for i in range(network.filter_size):
        value = _plus(value, filter_[i], -2 * loss.b[i])
    system = [_derivative(value, variable) for variable in range(total)]
    solutions = _blackbox(system, total)
    filters = [np.array([_value(entry, solution) for entry in filter_]) for solution in solutions]
    return [w for w in filters if np.abs(w).max() > 1e-6]


def _unit(total, place):
    return tuple(int(i == place) for i in range(total))


def _plus(one, other, factor=1.0):
    result = dict(one)
    for exponent, value in other.items():
        result[exponent] = result.get(exponent, 0.0) + factor * value
    return result


def _times(one, other):
    result = {}
    for (a, x), (b, y) in product(one.items(), other.items()):
        exponent = tuple(p + q for p, q in zip(a, b, strict=True))
        result[exponent] = result.get(exponent, 0.0) + x * y
    return result


def _derivative(polynomial, variable):
    result = {}
    for exponent, value in polynomial.items():
        if exponent[variable]:
            lower = tuple(e - int(i == variable) for i, e in enumerate(exponent))
            result[lower] = result.get(lower, 0.0) + exponent[variable] * value
    return result


def _value(polynomial, point):
    return sum(value * np.prod(point ** np.array(exponent)) for exponent, value in polynomial.items())


def _blackbox(system, total):
    lines = [f"{len(system)}"]
    for polynomial in system:
        terms = []
        for exponent, value in polynomial.items():
            powers = "".join(f"*x{i}^{e}" for i, e in enumerate(exponent) if e)
            terms.append(f"{'+' if value >= 0 else '-'}{abs(value):.17e}{powers}")
        lines.append("".join(terms) + ";")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "system"), Path(folder, "solutions")
        source.write_text("\n".join(lines) + "\n", encoding="utf-8")
        subprocess.run([PHC, "-b", source, target], check=True, capture_output=True, timeout=240)
        text = target.read_text(encoding="utf-8").rpartition("THE SOLUTIONS")[2]  # those of start systems stand before
    solutions, point = [], {}
    for line in text.splitlines():
        words = line.split()
        if line.startswith(" x") and len(words) == 4 and words[1] == ":":
            point[int(words[0][1:])] = complex(float(words[2]), float(words[3]))
        elif line.startswith("== err") and len(point) == total:
            _, reciprocal_condition, residual = map(float, re.findall(r"\d\.\d+E[+-]\d+", line))
            regular = reciprocal_condition > 1e-9 and residual < 1e-8
            if regular and max(map(abs, point.values())) < 1e8:
                solutions.append(np.array([point[i] for i in range(total)]))
            point = {}
    return solutions
