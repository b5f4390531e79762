"""Autocovariances of AR, MA and ARMA series, as exact rational numbers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ..errors import InputError
from ..rationals import exact_text

__all__ = ["arma_autocovariances", "is_stationary"]


def arma_autocovariances(ar: Sequence[Fraction], ma: Sequence[Fraction], size: int) -> tuple[Fraction, ...]:
    """γ(0), …, γ(size − 1) of x_t = Σ_i φ_i x_{t−i} + ε_t + Σ_j θ_j ε_{t−j}, ε_t white with variance one.

    Parameters
    ----------
    ar : sequence of Fraction
        φ_1, …, φ_p.
    ma : sequence of Fraction
        θ_1, …, θ_q, any numbers: a moving average is stationary, with a unit root as well.
    size : int

    Raises
    ------
    InputError
        If the series is not stationary. The message begins with ``gram``.

    Notes
    -----
    With ψ the coefficients of (1 + Σ θ_j z^j) / (1 − Σ φ_i z^i), γ(h) − Σ_i φ_i γ(h − i) = Σ_{j≥h} θ_j ψ_{j−h}: linear
    equations for γ(0), …, γ(p), and a recursion after them.

    Examples
    --------
    >>> [str(value) for value in arma_autocovariances([Fraction(1, 2)], [], 3)]
    ['4/3', '2/3', '1/3']
    >>> [str(value) for value in arma_autocovariances([], [Fraction(-1)], 3)]
    ['2', '-1', '0']
    """
    if not is_stationary(ar):
        numbers = ", ".join(map(exact_text, ar))
        raise InputError(
            f"gram: the series with the autoregressive coefficients {numbers} is not stationary: 1 − Σφ_i z^i has a "
            "zero z with |z| ≤ 1; expected coefficients of a stationary series, such as ar1:RHO with |RHO| < 1"
        )
    p, theta = len(ar), [Fraction(1), *ma]
    psi: list[Fraction] = []
    for j in range(len(theta)):
        psi.append(theta[j] + sum((ar[i] * psi[j - 1 - i] for i in range(min(p, j))), Fraction(0)))

    def noise(h: int) -> Fraction:
        return sum((theta[j] * psi[j - h] for j in range(h, len(theta))), Fraction(0))

    rows = []
    for h in range(p + 1):
        row = [Fraction(0)] * (p + 1)
        row[h] += 1
        for i, value in enumerate(ar, 1):
            row[abs(h - i)] -= value
        rows.append([*row, noise(h)])
    gamma = _solved(rows)
    for h in range(p + 1, size):
        gamma.append(noise(h) + sum((value * gamma[h - i] for i, value in enumerate(ar, 1)), Fraction(0)))
    return tuple(gamma[:size])


def is_stationary(ar: Sequence[Fraction]) -> bool:
    """Whether all zeros of 1 − Σ φ_i z^i have |z| > 1, by the Levinson recursion from above: all |φ_kk| < 1.

    Examples
    --------
    >>> is_stationary([Fraction(3, 2), Fraction(-3, 4)]), is_stationary([Fraction(1)])
    (True, False)
    """
    coefficients = list(ar)
    while coefficients:
        last = coefficients.pop()
        if abs(last) >= 1:
            return False
        coefficients = [
            (value + last * other) / (1 - last * last)
            for value, other in zip(coefficients, reversed(coefficients), strict=True)
        ]
    return True


def _solved(rows: list[list[Fraction]]) -> list[Fraction]:
    """The solution of a system with a regular matrix; each row ends with the right-hand side."""
    size = len(rows)
    for k in range(size):
        pivot = next(i for i in range(k, size) if rows[i][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for i in range(size):
            if i != k and rows[i][k]:
                factor = rows[i][k]
                rows[i] = [value - factor * other for value, other in zip(rows[i], rows[k], strict=True)]
    return [row[size] for row in rows]
