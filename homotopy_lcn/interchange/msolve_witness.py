"""All critical θ of rational data by msolve, exactly, with proven error bounds.

The equations are those of `PatchedSystem` with the scalar λ = c apart: J_fᵀ(λΣμ − b) = 0 in the unknowns of each
factor, and λμᵀΣμ = bᵀμ, μ the product of the factors. Isolated nonsingular critical θ are its solutions of multiplicity
one with λ ≠ 0. msolve gives the solutions as a rational parametrization: the roots t of a polynomial with integer
coefficients, and a rational function of t for each unknown. python-flint encloses the roots, and evaluates the
functions in ball arithmetic. What msolve has read is not taken on trust: all solutions are put into the equations that
were written, and its boxes of real solutions have to be around the real solutions of the parametrization.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import gcd, lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..certification._flint import acb, acb_mat, acb_poly, arb, fmpz, fmpz_poly, working_precision
from ..equations.msolve_program import IntegerPolynomial, MsolveFailure, msolve_program, msolve_version, run_msolve
from ..equations.polynomials import PatchedSystem
from ..errors import InputError
from ..extras import install_command
from ..losses.exact_data import ExactData
from ..networks.strata import Stratum
from .exact_formats import exact_equations

__all__ = [
    "ExactSolutions",
    "Infinite",
    "check_installed",
    "integer_patches",
    "read_parametrization",
    "solve_exactly",
    "version",
]

version = msolve_version
#: The name that msolve gives to an unknown of its own, a linear form in the others.
LINEAR_FORM = "A"
#: The unknown with λ · z = 1.
INVERSE = "z"
#: Entries of the patches are integers of a size from the first number to the second. Factors of integer data, such as
#: x + 1, are at infinity in patches of smaller integers; larger ones make the coefficients longer.
PATCH_SIZES = 11, 99
#: Bits of msolve's boxes of real solutions.
BITS_OF_BOXES = 128
#: Solutions are known to this many bits, relative to the filter.
BITS_OF_SOLUTIONS = 80
#: Values of the equations at the solutions are zero to this many bits, relative to their terms.
BITS_OF_RESIDUALS = 64
#: The first and the last working precision, in bits, at which the parametrization is evaluated.
FIRST_BITS, LAST_BITS = 256, 2**16
#: More solutions than this, with multiplicity, are not believed.
LARGEST_BELIEVED_DEGREE = 10**6


class _TooWide(Exception):
    """The working precision is too low."""


class _ZeroFilter(Exception):
    """A solution has λ = 0, or nearly so."""


class Infinite(MsolveFailure):
    """The equations have infinitely many solutions."""


@dataclass(frozen=True, eq=False)
class ExactSolutions:
    """The critical θ up to scaling of rational data, in one patch.

    Attributes
    ----------
    points : (P, coordinates) complex array
        Nearest doubles of the coordinates of the stratum.
    filters : (P, K) complex array
        Nearest doubles of the filters.
    real : (P,) bool array
        Whether θ is real: proven.
    simple : (P,) bool array
        Whether the solution has multiplicity one: proven where it is true.
    complex_filter : (P,) bool array
        Where the filter is proven not to be real.
    degree : int
        The number of solutions with multiplicity.
    radius : float
        Bound of the errors of all filters, before they are rounded to doubles, relative to their norms.
    """

    points: Complex
    filters: Complex
    real: NDArray[np.bool_]
    simple: NDArray[np.bool_]
    complex_filter: NDArray[np.bool_]
    degree: int
    radius: float


@dataclass(frozen=True)
class Parametrization:
    """What msolve answers.

    The solutions are the roots t of ``eliminating``; an unknown is −numerator(t) / (divisor · eliminating'(t)), and the
    last unknown is t itself. ``boxes`` are (lower, upper) for each unknown of each real solution.
    """

    degree: int
    unknowns: tuple[str, ...]
    eliminating: Any
    numerators: tuple[tuple[Any, Any], ...]
    boxes: tuple[tuple[tuple[Any, Any], ...], ...]


def check_installed() -> None:
    """Raise InputError if msolve or python-flint is not installed. The message does not name an argument."""
    msolve_program()
    if find_spec("flint") is None:
        raise InputError(f"python-flint is not installed, which reads msolve's answer; {install_command('exact')}")


def integer_patches(stratum: Stratum, rng: np.random.Generator) -> list[Complex]:
    """A patch of random integers for each factor."""
    return [
        rng.integers(PATCH_SIZES[0], PATCH_SIZES[1] + 1, factor.degree) * rng.choice([-1.0, 1.0], factor.degree)
        for factor in stratum.factors
    ]


def solve_exactly(
    stratum: Stratum,
    data: ExactData,
    patches: Sequence[Complex],
    *,
    positions: Sequence[int] | None = None,
    seed: int = 0,
    timeout: float | None = None,
) -> ExactSolutions:
    """All critical θ in a patch of integers; ``positions`` as in `PatchedSystem`.

    Raises
    ------
    InputError
        If a program is not installed.
    Infinite
        If there are infinitely many, as for data with continua of critical points.
    MsolveFailure
        If msolve gives no answer in time, or none that stands the checks.
    """
    system = PatchedSystem(stratum, patches, apart=True, positions=positions, filter_size=len(data.b))
    equations = [_integers(equation) for equation in exact_equations(system, data)]
    written = [equation for equation in equations if equation]
    if len(written) < len(equations):
        raise Infinite("one of the equations vanishes: these data have infinitely many critical θ")
    options = ["-P", "1", "-p", str(BITS_OF_BOXES), "--random-seed", str(seed % 2**31)]
    unknowns = list(system.unknowns)
    answer = read_parametrization(run_msolve(written, unknowns, options=options, timeout=timeout).answer, unknowns)
    found = None if answer is None else _enclosed(system, written, answer)
    if found is not None:
        return found
    # For special b all θ with Jᵀb = 0, of filter zero, solve the equations with λ = 0. They are taken out.
    unknowns.append(INVERSE)
    lifted = [{(*exponents, 0): value for exponents, value in equation.items()} for equation in written]
    inverse = {(1, *[0] * (len(unknowns) - 2), 1): 1, (0,) * len(unknowns): -1}
    run = run_msolve([*lifted, inverse], unknowns, options=options, timeout=timeout)
    answer = read_parametrization(run.answer, unknowns)
    if answer is None:
        raise Infinite("msolve finds infinitely many critical θ, as of data with continua of critical points")
    found = _enclosed(system, written, answer)
    if found is None:
        raise MsolveFailure("msolve lists a filter that is zero where it cannot be")
    return found


def _integers(equation: Mapping[tuple[int, ...], Any]) -> dict[tuple[int, ...], int]:
    """A multiple of an equation of rational numbers, with integer coefficients that have no common divisor."""
    if not equation:
        return {}
    scale = lcm(*(value.denominator for value in equation.values()))
    integers = {exponents: int(value * scale) for exponents, value in equation.items()}
    divisor = gcd(*integers.values())
    return {exponents: value // divisor for exponents, value in integers.items()}


def read_parametrization(text: str, unknowns: Sequence[str]) -> Parametrization | None:
    """What msolve wrote; None if there are infinitely many solutions.

    The grammar is strict, as a program that misreads without a word may write anything: every list has the length that
    it announces, and the unknowns are the written ones in some order, with at most one more, msolve's linear form.

    Raises
    ------
    MsolveFailure
        If it is something else.
    """
    text = text.strip()
    if not text.endswith("]:") or not re.fullmatch(r"[\[\]0-9\s,\-'/^a-zA:]*", text):
        raise MsolveFailure("msolve's answer cannot be read")
    if text == "[-1]:":
        return Parametrization(0, tuple(unknowns), fmpz_poly([1]), (), ())
    # Written as JSON: the ends of boxes such as 3 / 2^7 become floats such as 3e7, read by `_dyadic`; 3 / 2 is 3e1.
    if "e" in text:
        raise MsolveFailure("msolve's answer cannot be read")
    content = re.sub(r" / 2(?=[,\]])", "e1", text[:-1].replace(" / 2^", "e")).replace("'", '"')
    try:
        answer = json.loads(content, parse_int=fmpz, parse_float=_dyadic)
        return _parametrization(answer, unknowns)
    except (ValueError, TypeError, IndexError, RecursionError):
        raise MsolveFailure("msolve's answer cannot be read") from None


def _dyadic(text: str) -> tuple[Any, int]:
    """The number m / 2^e from the text ``me``, as the pair of m and e."""
    mantissa, _, exponent = text.partition("e")
    if not exponent.isdigit() or len(exponent) > 6:
        raise ValueError(text[:20])
    return fmpz(mantissa), int(exponent)


def _parametrization(answer: Any, unknowns: Sequence[str]) -> Parametrization | None:
    if answer in ([1, len(unknowns), -1, []], [1, len(unknowns) + 1, -1, []]):
        return None
    kind, (field, number, degree, names, form, (one, parts)), (also_one, boxes) = answer
    if not (kind == 0 and field == 0 and one == 1 and also_one == 1):
        raise ValueError
    names = [str(name) for name in names]
    read, added = (names[:-1], True) if names[-1:] == [LINEAR_FORM] else (names, False)
    if number != len(names) or sorted(read) != sorted(unknowns):
        raise MsolveFailure("msolve has read other unknowns than the written ones")
    if not added and [int(entry) for entry in form] != [0] * (len(names) - 1) + [1]:
        raise ValueError
    if not 0 < degree <= LARGEST_BELIEVED_DEGREE:
        raise ValueError
    eliminating, slope, numerators = parts
    polynomial = _polynomial(eliminating)
    if not 0 < polynomial.degree() <= degree or _polynomial(slope) != polynomial.derivative():
        raise ValueError
    if len(numerators) != len(names) - 1:
        raise ValueError
    functions = tuple((_polynomial(numerator), fmpz(divisor)) for numerator, divisor in numerators)
    if any(divisor == 0 for _, divisor in functions):
        raise ValueError
    intervals = tuple(tuple((_end(low), _end(high)) for low, high in box) for box in boxes)
    if any(len(box) != len(read) for box in intervals):
        raise ValueError
    return Parametrization(int(degree), tuple(names), polynomial, functions, intervals)


def _polynomial(entry: Any) -> Any:
    degree, coefficients = entry
    if len(coefficients) != degree + 1 or not all(type(value) is fmpz for value in coefficients):
        raise ValueError
    return fmpz_poly(coefficients)


def _end(entry: Any) -> Any:
    """An end of a box, as a ball that is one number."""
    mantissa, exponent = entry if isinstance(entry, tuple) else (fmpz(entry), 0)
    with working_precision(max(mantissa.bit_length(), 2)):
        return arb(mantissa) * arb(2) ** -exponent


def _enclosed(
    system: PatchedSystem, equations: Sequence[IntegerPolynomial], answer: Parametrization
) -> ExactSolutions | None:
    """The solutions in balls, narrow enough, and checked."""
    bits = FIRST_BITS
    while bits <= LAST_BITS:
        with working_precision(bits):
            try:
                return _at_precision(system, equations, answer)
            except _ZeroFilter:
                return None
            except _TooWide:
                bits *= 2
    raise MsolveFailure(f"msolve's solutions are not known well enough in {LAST_BITS} bits")


def _at_precision(
    system: PatchedSystem, equations: Sequence[IntegerPolynomial], answer: Parametrization
) -> ExactSolutions:
    """The solutions at the working precision."""
    roots = [] if answer.eliminating.degree() < 1 else answer.eliminating.complex_roots()
    if any(multiplicity != 1 for _, multiplicity in roots):
        raise MsolveFailure("msolve's eliminating polynomial has multiple roots")
    slope = acb_poly(answer.eliminating.derivative())
    numerators = [(acb_poly(numerator), divisor) for numerator, divisor in answer.numerators]
    solutions = []
    for t, _ in roots:
        below = slope(t)
        if below.contains(0):
            raise _TooWide
        values = [-numerator(t) / (divisor * below) for numerator, divisor in numerators]
        solutions.append(dict(zip(answer.unknowns, [*values, t], strict=True)))
    forms = [{exponents: round(complex(c).real) for exponents, c in w.items()} for w in system.filter]
    rows: list[tuple[_Point, list[Any], float]] = []
    for solution in solutions:
        point = _Point([solution[name] for name in system.unknowns])
        if not all(point.solves(equation) for equation in equations):
            raise _TooWide
        filter_ = [point.value(w) for w in forms]
        size, error = _norm([w.mid() for w in filter_]), _norm([w.rad() for w in filter_])
        if point.values[0].contains(0):
            raise _ZeroFilter if float(abs(point.values[0]).upper()) <= 2.0**-BITS_OF_SOLUTIONS else _TooWide
        if not error <= 2.0**-BITS_OF_SOLUTIONS * size:
            raise _TooWide
        rows.append((point, filter_, error / size))
    _check_boxes(answer, [values for values, (t, _) in zip(solutions, roots, strict=True) if _is_real(t)])
    simple = [True] * len(rows)
    if answer.degree > len(rows):
        count = range(len(system.unknowns))
        slopes = [[_slope(equation, i) for i in count] for equation in equations]
        simple = [not acb_mat([[row[0].value(s) for s in line] for line in slopes]).det().contains(0) for row in rows]
    unknowns: Complex = np.array([[_double(x) for x in point.values] for point, *_ in rows], complex)
    ends: Complex = np.array([[_double(w) for w in filter_] for _, filter_, *_ in rows], complex)
    return ExactSolutions(
        points=system.points(unknowns.reshape(len(rows), len(system.unknowns))),
        filters=ends.reshape(len(rows), len(system.filter)),
        real=np.array([_is_real(t) for t, _ in roots], dtype=bool),
        simple=np.array(simple, dtype=bool),
        complex_filter=np.array([any(not w.imag.contains(0) for w in filter_) for _, filter_, *_ in rows], dtype=bool),
        degree=answer.degree,
        radius=max((error for *_, error in rows), default=0.0),
    )


class _Point:
    """Balls around the unknowns of a solution, and the monomials of them that have been needed."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = list(values)
        self._monomials: dict[tuple[int, ...], Any] = {(0,) * len(values): acb(1)}

    def value(self, polynomial: IntegerPolynomial) -> Any:
        """A ball around the value of a polynomial."""
        total = acb(0)
        for exponents, coefficient in polynomial.items():
            total += self._monomial(exponents) * coefficient
        return total

    def solves(self, equation: IntegerPolynomial) -> bool:
        """Whether the value is small in comparison with its terms; MsolveFailure if it is proven not to be zero."""
        value = self.value(equation)
        if not value.contains(0):
            raise MsolveFailure("msolve has misread the equations: its solutions do not solve the written ones")
        terms = arb(0)
        for exponents, coefficient in equation.items():
            terms += abs(self._monomial(exponents)).upper() * abs(coefficient)
        return bool(abs(value).upper() <= terms * arb(2) ** -BITS_OF_RESIDUALS)

    def _monomial(self, exponents: tuple[int, ...]) -> Any:
        found = self._monomials.get(exponents)
        if found is None:
            i = next(i for i, exponent in enumerate(exponents) if exponent)
            lower = (*exponents[:i], exponents[i] - 1, *exponents[i + 1 :])
            found = self._monomials[exponents] = self._monomial(lower) * self.values[i]
        return found


def _slope(polynomial: IntegerPolynomial, i: int) -> dict[tuple[int, ...], int]:
    """The derivative in unknown i."""
    return {
        (*exponents[:i], exponents[i] - 1, *exponents[i + 1 :]): value * exponents[i]
        for exponents, value in polynomial.items()
        if exponents[i]
    }


def _check_boxes(answer: Parametrization, solutions: Sequence[Mapping[str, Any]]) -> None:
    """Raise MsolveFailure unless each box is around one real solution of the parametrization, and each is in one."""
    wrong = MsolveFailure("msolve's boxes of real solutions contradict its parametrization")
    if len(answer.boxes) != len(solutions):
        raise wrong
    names = [name for name in answer.unknowns if name != LINEAR_FORM]
    intervals = [[low.union(high) for low, high in box] for box in answer.boxes]
    free = list(range(len(solutions)))
    for box in intervals:
        inside = [
            i for i in free if all(solutions[i][name].real.overlaps(x) for name, x in zip(names, box, strict=True))
        ]
        if len(inside) != 1:
            raise wrong
        free.remove(inside[0])


def _is_real(t: Any) -> bool:
    """Whether a root of a polynomial with integer coefficients, enclosed alone, is real."""
    return bool(t.imag.is_zero())


def _norm(values: Sequence[Any]) -> float:
    """An upper bound of the norm, rounded to a double."""
    return float(np.linalg.norm([float(abs(value).upper()) for value in values]))


def _double(value: Any) -> complex:
    """The midpoint of a ball, rounded."""
    return complex(float(value.real.mid()), float(value.imag.mid()))
