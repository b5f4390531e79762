"""The critical points of one stratum for a Gram matrix Σ and a moment vector b, as a system modulo a prime.

A filter w = λ μ, μ = Π_f Q_f^{m_f}, is critical if J_fᵀ(λ Σ μ − b) = 0 for all factors f. Each Q_f has leading
coefficient one: for generic b no critical point has a leading coefficient zero, as the pairs of b and a critical point
form a vector bundle over each family of critical points. By Euler's relation all J_fᵀ(λ Σ μ − b) · Q_f are multiples of
λ μᵀΣμ − bᵀμ. So the equations are this one, and the entries of J_fᵀ(λ Σ μ − b) after the first. A filter with
μᵀΣμ = 0 is no solution for generic b, nor is w = 0.

If a factor Q_f without a power has more coefficients than the other factors have unknowns, λ becomes its leading
coefficient, w = μ, and the equations are those of its degrees without λ: all J_fᵀ(Σ μ − b), and the entries of the
other ones after the first. Q_f = 0 is no solution for generic b: it would be one of the k_f equations J_fᵀ b = 0 in the
other factors, where J_f has full rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from random import Random

from ..networks.strata import Stratum

__all__ = [
    "ModularPolynomial",
    "autocorrelations",
    "coprimality",
    "critical_system",
    "derivative",
    "linear_combination",
    "longer",
    "patch_of",
    "quadric",
    "quadric_of",
    "quadric_on_patch",
    "residues",
    "singular_system",
]

#: A polynomial modulo a prime: exponents of the unknowns, and the coefficient, which is not zero.
ModularPolynomial = dict[tuple[int, ...], int]


def residues(values: Sequence[Fraction], prime: int) -> list[int] | None:
    """Rational numbers modulo a prime; None if the prime divides one of the denominators."""
    if any(value.denominator % prime == 0 for value in values):
        return None
    return [value.numerator * pow(value.denominator, -1, prime) % prime for value in values]


def critical_system(
    stratum: Stratum, gram: Sequence[Sequence[int]], b: Sequence[int], prime: int
) -> list[ModularPolynomial]:
    """The equations in the coefficients after the leading ones, factor by factor, and a last unknown.

    The last unknown is λ, or the leading coefficient of one factor.

    Parameters
    ----------
    stratum : Stratum
    gram : (K, K) residues, symmetric
    b : (K,) residues
    prime : int
    """
    unknowns, free = stratum.dimension, _free_factor(stratum)
    factors, one = _factors(stratum), {(0,) * unknowns: 1}
    last: ModularPolynomial = {(*[0] * (unknowns - 1), 1): 1}
    if free is not None:
        factors[free][0] = last
    mu = _product(stratum, factors, [factor.power for factor in stratum.factors], prime)
    images = [_combination(row, mu, prime) for row in gram]
    residual = [
        _sum(_multiply(last if free is None else one, image, prime), {(0,) * unknowns: prime - entry}, prime)
        for image, entry in zip(images, b, strict=True)
    ]
    equations = []
    for f, factor in enumerate(stratum.factors):
        powers = [other.power - (g == f) for g, other in enumerate(stratum.factors)]
        column = _product(stratum, factors, powers, prime)
        rows = range(0 if f == free else 1, factor.degree + 1)
        equations += [_pairing(column, residual[q * factor.dilation :], prime) for q in rows]
    return [*equations, _pairing(mu, residual, prime)] if free is None else equations


def _free_factor(stratum: Stratum) -> int | None:
    """The factor whose leading coefficient takes the place of λ; None if there is none.

    Factors that must have no common root keep leading coefficients of one, see `coprimality`.
    """
    factors = stratum.factors
    powers = {(factor.dilation, factor.power) for factor in factors}
    if len({dilation for dilation, _ in powers}) < len(powers):
        return None
    free = max(range(len(factors)), key=lambda f: factors[f].degree)
    others = sum(factor.degree for factor in factors) - factors[free].degree
    return free if factors[free].power == 1 and others <= factors[free].degree else None


def singular_system(
    stratum: Stratum, gram: Sequence[Sequence[int]], cell: Sequence[int | None], prime: int
) -> tuple[list[ModularPolynomial], list[list[int]]]:
    """J_fᵀΣμ for all factors f: the derivatives of μᵀΣμ, up to the factor 2 and powers, on a cell.

    By Euler's relation μᵀΣμ is one of their combinations.

    Parameters
    ----------
    stratum : Stratum
    gram : (K, K) residues, symmetric
    cell : sequence of (int or None)
        For each factor the place of its first coefficient that is not zero, which is one; None for a factor all of
        whose coefficients are unknown, homogeneous coordinates.
    prime : int

    Returns
    -------
    list of polynomials
        They have an unknown for each coefficient of each factor. Those that a cell fixes do not occur.
    list of list of int
        For each homogeneous factor, the places of its coefficients among the unknowns.
    """
    unknowns, before, factors, homogeneous = sum(f.degree + 1 for f in stratum.factors), 0, [], []
    for factor, one in zip(stratum.factors, cell, strict=True):
        places = range(before, before + factor.degree + 1)
        coefficients: list[ModularPolynomial] = [
            {tuple(int(i == place) for i in range(unknowns)): 1} if one is None or place > before + one else {}
            for place in places
        ]
        if one is None:
            homogeneous.append(list(places))
        else:
            coefficients[one] = {(0,) * unknowns: 1}
        factors.append(coefficients)
        before += factor.degree + 1
    powers = [factor.power for factor in stratum.factors]
    mu = _product(stratum, factors, powers, prime)
    images = [_combination(row, mu, prime) for row in gram]
    equations = []
    for f, factor in enumerate(stratum.factors):
        column = _product(stratum, factors, [power - (g == f) for g, power in enumerate(powers)], prime)
        equations += [_pairing(column, images[q * factor.dilation :], prime) for q in range(factor.degree + 1)]
    return equations, homogeneous


def quadric(stratum: Stratum, gram: Sequence[Sequence[int]], chart: Sequence[int], prime: int) -> ModularPolynomial:
    """μᵀΣμ, with the same unknowns without λ.

    In a chart, the first coefficient of each factor that is not zero is one, and its place is given; unknowns before it
    do not occur.
    """
    return quadric_of(stratum, _factors(stratum, chart), gram, prime)


def patch_of(stratum: Stratum, prime: int, rng: Random) -> list[list[ModularPolynomial]]:
    """The coefficients of each factor on a random affine patch, with the same unknowns as the equations, λ included."""
    factors = []
    for plain in _factors(stratum):
        mixed = []
        for _ in plain:
            weights: list[ModularPolynomial] = [{(0,) * stratum.dimension: rng.randrange(1, prime)} for _ in plain]
            mixed.append(linear_combination(weights, plain, prime))
        factors.append(mixed)
    return factors


def quadric_on_patch(stratum: Stratum, gram: Sequence[Sequence[int]], prime: int, rng: Random) -> ModularPolynomial:
    """μᵀΣμ on a random affine patch of each factor, with the same unknowns without λ."""
    return quadric_of(stratum, patch_of(stratum, prime, rng), gram, prime)


def autocorrelations(
    stratum: Stratum, factors: list[list[ModularPolynomial]], chosen: range, prime: int
) -> list[ModularPolynomial]:
    """Σ_i p_i p_{i+h} for h = 0, 1, …, p the coefficients of the product of chosen factors; the unknowns without λ."""
    powers = [factor.power * (index in chosen) for index, factor in enumerate(stratum.factors)]
    product = _product(stratum, factors, powers, prime)
    lags = [_pairing(product, product[h:], prime) for h in range(len(product))]
    return [{exponents[:-1]: value for exponents, value in lag.items()} for lag in lags]


def derivative(polynomial: ModularPolynomial, unknown: int, prime: int) -> ModularPolynomial:
    """The derivative with respect to one unknown."""
    result = {}
    for exponents, value in polynomial.items():
        if power := exponents[unknown]:
            result[(*exponents[:unknown], power - 1, *exponents[unknown + 1 :])] = value * power
    return _reduced(result, prime)


def longer(polynomial: ModularPolynomial, more: int) -> ModularPolynomial:
    """The same polynomial with more unknowns at the end."""
    return {(*exponents, *[0] * more): value for exponents, value in polynomial.items()}


def linear_combination(
    weights: Sequence[ModularPolynomial], polynomials: Sequence[ModularPolynomial], prime: int
) -> ModularPolynomial:
    """Σ_i weights_i polynomials_i."""
    return _pairing(weights, polynomials, prime)


def quadric_of(
    stratum: Stratum, factors: list[list[ModularPolynomial]], gram: Sequence[Sequence[int]], prime: int
) -> ModularPolynomial:
    """μᵀΣμ for given coefficients of the factors, with the same unknowns without λ."""
    mu = _product(stratum, factors, [factor.power for factor in stratum.factors], prime)
    form = _pairing(mu, [_combination(row, mu, prime) for row in gram], prime)
    return {exponents[:-1]: value for exponents, value in form.items()}


def coprimality(stratum: Stratum, prime: int) -> ModularPolynomial | None:
    """t R − 1 with a last unknown t, R the product of the resultants of factors of one block with different powers.

    None if there are no two such factors.
    """
    unknowns, factors = stratum.dimension, _factors(stratum)
    product: ModularPolynomial = {(0,) * unknowns: 1}
    found = False
    for (one, left), (other, right) in combinations(zip(stratum.factors, factors, strict=True), 2):
        if one.dilation == other.dilation and one.power != other.power:
            size, found = one.degree + other.degree, True
            rows: list[list[ModularPolynomial]] = [
                [{}] * i + left + [{}] * (size - len(left) - i) for i in range(other.degree)
            ]
            rows += [[{}] * i + right + [{}] * (size - len(right) - i) for i in range(one.degree)]
            product = _multiply(product, _determinant(rows, unknowns, prime), prime)
    if not found:
        return None
    return {(*exponents, 1): value for exponents, value in product.items()} | {(0,) * (unknowns + 1): prime - 1}


def _determinant(rows: list[list[ModularPolynomial]], unknowns: int, prime: int) -> ModularPolynomial:
    """By the first row; the matrices are small."""
    if not rows:
        return {(0,) * unknowns: 1}
    result: ModularPolynomial = {}
    for j, entry in enumerate(rows[0]):
        if entry:
            minor = _determinant([row[:j] + row[j + 1 :] for row in rows[1:]], unknowns, prime)
            signed = {exponents: -value for exponents, value in minor.items()} if j % 2 else minor
            result = _sum(result, _multiply(entry, signed, prime), prime)
    return result


def _factors(stratum: Stratum, chart: Sequence[int] | None = None) -> list[list[ModularPolynomial]]:
    """The coefficients of the factors as polynomials."""
    unknowns, before, result = stratum.dimension, 0, []
    for factor, one in zip(stratum.factors, chart or [0] * len(stratum.factors), strict=True):
        coefficients: list[ModularPolynomial] = [{} for _ in range(factor.degree + 1)]
        coefficients[one] = {(0,) * unknowns: 1}
        for j in range(one + 1, factor.degree + 1):
            coefficients[j] = {tuple(int(i == before + j - 1) for i in range(unknowns)): 1}
        before += factor.degree
        result.append(coefficients)
    return result


def _product(
    stratum: Stratum, factors: list[list[ModularPolynomial]], powers: Sequence[int], prime: int
) -> list[ModularPolynomial]:
    """The coefficients of Π_f Q_f^{powers_f}."""
    unknowns = next(len(exponents) for factor in factors for one in factor for exponents in one)
    result: list[ModularPolynomial] = [{(0,) * unknowns: 1}]
    for factor, coefficients, power in zip(stratum.factors, factors, powers, strict=True):
        for _ in range(power):
            longer: list[ModularPolynomial] = [{} for _ in range(len(result) + factor.degree * factor.dilation)]
            for i, left in enumerate(result):
                for j, right in enumerate(coefficients):
                    place = i + j * factor.dilation
                    longer[place] = _sum(longer[place], _multiply(left, right, prime), prime)
            result = longer
    return result


def _pairing(left: Sequence[ModularPolynomial], right: Sequence[ModularPolynomial], prime: int) -> ModularPolynomial:
    """Σ_i left_i right_i; ``right`` may be longer."""
    result: ModularPolynomial = {}
    for one, other in zip(left, right, strict=False):
        result = _sum(result, _multiply(one, other, prime), prime)
    return result


def _combination(
    coefficients: Sequence[int], polynomials: Sequence[ModularPolynomial], prime: int
) -> ModularPolynomial:
    result: ModularPolynomial = {}
    for value, polynomial in zip(coefficients, polynomials, strict=True):
        if value:
            result = _sum(result, {exponents: value * other for exponents, other in polynomial.items()}, prime)
    return result


def _multiply(left: ModularPolynomial, right: ModularPolynomial, prime: int) -> ModularPolynomial:
    result: ModularPolynomial = {}
    for one, a in left.items():
        for other, b in right.items():
            exponents = tuple(map(int.__add__, one, other))
            result[exponents] = result.get(exponents, 0) + a * b
    return _reduced(result, prime)


def _sum(left: ModularPolynomial, right: ModularPolynomial, prime: int) -> ModularPolynomial:
    result = dict(left)
    for exponents, value in right.items():
        result[exponents] = result.get(exponents, 0) + value
    return _reduced(result, prime)


def _reduced(polynomial: ModularPolynomial, prime: int) -> ModularPolynomial:
    return {exponents: rest for exponents, value in polynomial.items() if (rest := value % prime)}
