"""The critical-point equations with rational coefficients, for programs that compute exactly: msolve and Macaulay2.

Doubles stand for the rational numbers that they are, so that nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from ..equations.polynomials import PatchedSystem, Polynomial, written_plainly
from ..errors import InputError
from ..losses.exact_data import ExactData
from .export_formats import ExportTask, Format, check_products, comment

__all__ = ["EXACT_SYSTEMS", "diagonalized", "exact_equations", "msolve_text", "nonzero_condition"]

#: Coefficient of each monomial, a tuple of exponents.
ExactPolynomial = dict[tuple[int, ...], Fraction]


def exact_equations(system: PatchedSystem, data: ExactData) -> list[ExactPolynomial]:
    """Half the derivatives of the loss in each unknown, expanded, without vanishing terms.

    Where the first unknown is the scalar c of the filter, the other equations are divided by c: they vanish at c = 0
    for all values of the other unknowns, although the filter there is zero.
    """
    filter_ = [_exact(w) for w in system.filter]
    constant = (0,) * len(system.unknowns)
    residual = []
    for row, moment in zip(data.gram, data.b, strict=True):
        entry: ExactPolynomial = {constant: -moment}
        for coefficient, w in zip(row, filter_, strict=True):
            _add(entry, w, coefficient)
        residual.append(entry)
    equations = []
    for number, tangent in enumerate(system.tangents()):
        equation: ExactPolynomial = {}
        for slope, r in zip(tangent, residual, strict=True):
            for exponents, coefficient in _exact(slope).items():
                shifted = {tuple(map(sum, zip(exponents, other, strict=True))): value for other, value in r.items()}
                _add(equation, shifted, coefficient)
        equation = {exponents: value for exponents, value in equation.items() if value}
        if system.free is None and number:
            equation = {(exponents[0] - 1, *exponents[1:]): value for exponents, value in equation.items()}
        equations.append(equation)
    return equations


def nonzero_condition(system: PatchedSystem, data: ExactData) -> ExactPolynomial | None:
    """The polynomial z bᵀw − 1 in the unknowns and one more unknown z; None where no filter zero solves the equations.

    A filter is zero if the factor that absorbs the scalar is zero. All derivatives in other unknowns vanish then, and
    there is one equation left for each coefficient of that factor. If there are as many other unknowns as these
    equations, the equations have solutions for generic data. At a critical point bᵀw = wᵀΣw, which for real w ≠ 0 and
    positive definite Σ is not zero.
    """
    if system.free is None:
        return None  # the equations are divided by the scalar
    absorbing = system.stratum.factors[system.free].degree + 1
    if len(system.unknowns) - absorbing < absorbing:
        return None
    condition: ExactPolynomial = {(0,) * (len(system.unknowns) + 1): Fraction(-1)}
    for moment, w in zip(data.b, system.filter, strict=True):
        _add(condition, {(*exponents, 1): value for exponents, value in _exact(w).items()}, moment)
    return {exponents: value for exponents, value in condition.items() if value}


def _exact(polynomial: Polynomial) -> ExactPolynomial:
    """A polynomial with integer coefficients."""
    return {exponents: Fraction(round(complex(value).real)) for exponents, value in polynomial.items()}


def _add(total: ExactPolynomial, other: ExactPolynomial, scale: Fraction) -> None:
    for exponents, value in other.items():
        total[exponents] = total.get(exponents, Fraction(0)) + scale * value


def _written(polynomial: ExactPolynomial, unknowns: Sequence[str]) -> str:
    """Such as ``3/4*x0^2*x1-x2+5``: msolve 0.10.1 misreads decimals, parentheses and repeated monomials in silence."""
    text = ""
    for exponents, value in polynomial.items():
        factors = [f"{x}^{e}" if e > 1 else x for x, e in zip(unknowns, exponents, strict=True) if e]
        if abs(value) != 1 or not factors:
            factors.insert(0, str(abs(value)))
        text += ("-" if value < 0 else "+" if text else "") + "*".join(factors)
    return text or "0"


def msolve_text(system: PatchedSystem, data: ExactData) -> str:
    """The equations as a file for msolve."""
    unknowns = list(system.unknowns)
    lines = [_written(equation, unknowns) for equation in exact_equations(system, data)]
    condition = nonzero_condition(system, data)
    if condition is not None:
        unknowns.append("z")
        lines.append(_written(condition, unknowns))
    lines = [line for line in lines if line != "0"] or ["0"]
    return f"{','.join(unknowns)}\n0\n" + ",\n".join(lines) + "\n"


def _msolve(task: ExportTask) -> tuple[str, ...]:
    check_products(task, "msolve")
    return (msolve_text(task.system, _exact_data(task)),)


_EUCLIDEAN_DISTANCE_DEGREE = """{comment}
needsPackage "EuclideanDistanceDegree"

-- The filter in the unknowns, and the equations between its coefficients.
R = QQ[{unknowns}]
W = QQ[{filter_names}]
equations = flatten entries gens ker map(R, W, matrix(R, {{{{{filter}}}}}))

-- The Gram matrix is S = transpose(U) * D * U with D diagonal and U unitriangular. In the coordinates z = U*w the loss
-- is, up to a constant, the squared distance from dataVector with the weights on the diagonal of D. V is U^-1.
Z = QQ[{coordinates}]
V = matrix(QQ, {{
{inverse}
    }})
toCoordinates = map(Z, W, transpose(sub(V, Z) * transpose vars Z))
F = if #equations == 0 then {{0_Z}} else apply(equations, f -> toCoordinates f)
dataVector = {{{data}}}
weightVector = {{{weights}}}

-- The number of critical points on the smooth part of the closure of the stratum.
print symbolicWeightEDDegree(F, dataVector, weightVector)
"""


def _euclidean_distance_degree(task: ExportTask) -> tuple[str, ...]:
    inverse, weights, data = diagonalized(_exact_data(task))
    names = [f"w{p}" for p in task.positions]
    script = _EUCLIDEAN_DISTANCE_DEGREE.format(
        comment=comment(task, "--", tracked=True),
        unknowns=", ".join(task.unknowns),
        filter_names=", ".join(names),
        filter=", ".join(written_plainly(w, task.unknowns) for w in task.system.filter),
        coordinates=", ".join(f"z{p}" for p in task.positions),
        inverse=",\n".join(f"    {{{_numbers(row)}}}" for row in inverse),
        data=_numbers(data),
        weights=_numbers(weights),
    )
    return (script,)


def diagonalized(data: ExactData) -> tuple[list[list[Fraction]], list[Fraction], list[Fraction]]:
    """The weighted squared distance that a loss is in other coordinates.

    The loss wᵀΣw − 2bᵀw is, up to a constant, Σ_i d_i (z_i − u_i)² for z = Uw, where Σ = UᵀDU with U unitriangular.

    Returns
    -------
    inverse : (K, K) list of Fraction
        U⁻¹.
    weights, data : (K,) lists of Fraction
        d and u.

    Raises
    ------
    InputError
        If the Gram matrix is not positive definite.
    """
    size = len(data.b)
    rest = [list(row) for row in data.gram]
    upper = [[Fraction(i == j) for j in range(size)] for i in range(size)]
    weights, moments = [], list(data.b)
    for i in range(size):
        weight = rest[i][i]
        if weight <= 0:
            raise InputError("loss: its Gram matrix is singular; expected a positive definite one for distances")
        weights.append(weight)
        for j in range(i + 1, size):
            upper[i][j] = rest[i][j] / weight
        for j in range(i + 1, size):
            moments[j] -= upper[i][j] * moments[i]
            for k in range(i + 1, size):
                rest[j][k] -= upper[i][j] * rest[i][k]
    inverse = [[Fraction(i == j) for j in range(size)] for i in range(size)]
    for i in reversed(range(size)):
        for j in range(i + 1, size):
            for k in range(j, size):
                inverse[i][k] -= upper[i][j] * inverse[j][k]
    return inverse, weights, [moment / weight for moment, weight in zip(moments, weights, strict=True)]


def _exact_data(task: ExportTask) -> ExactData:
    assert task.exact is not None
    return task.exact


def _numbers(values: Iterable[Fraction]) -> str:
    return ", ".join(map(str, values))


EXACT_SYSTEMS = {
    "msolve": Format(
        ("critical_points.ms",), _msolve, "msolve -f critical_points.ms -o solutions", exact=True, tracked=False
    ),
    "euclidean-distance-degree": Format(
        ("distance_degree.m2",), _euclidean_distance_degree, "M2 --script distance_degree.m2", exact=True, tracked=False
    ),
}
