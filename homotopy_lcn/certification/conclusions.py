"""Proved conclusions from a box that holds exactly one critical point: answers that are yes, no, or undecided.

* A filter with an imaginary part that excludes 0 is not real. If the conjugate of the solution's enclosure lies within
  the box of uniqueness, the solution is its own conjugate, because the equations are real: it is real.
* Real roots of the Q_f are isolated by discs: a disc that meets the real axis, and whose mirror image meets no other
  disc, holds a real root. The rules of `classification` then apply to certain numbers of real roots.
* No root is common to two Q_f of one block if their resultant excludes 0. Then the critical points of the stratum are
  critical points of the network (the image of dμ at the parameters of such a filter is the tangent space of the
  stratum), and the generic count counts them.
* The filter is a smooth point of the Zariski closure if no hyperroot of a block's level divides the product of the
  blocks below it: if the polyphase components of that product have no common root.
* An exchange of layers of equal degree and dilation changes neither w nor, up to the order of the coordinates, the
  Hessian: one θ stands for all θ that differ from it in this way.
* Inertia: with T an approximate eigenbasis of the Hessian H, Tᵀ H T is nearly diagonal. If no Gershgorin disc of
  Tᵀ H T holds 0, its diagonal has the signs of the eigenvalues of H (Sylvester).

At a critical point the loss is c − bᵀw, as wᵀ(Σw − b) = 0: its enclosure needs no cancellation of squares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations, pairwise, product
from math import prod
from typing import Any

import numpy as np

from ..geometry.real_factors import RealStructure
from ..networks.architecture import Architecture
from ..networks.layer_factorizations import distributions_up_to_exchange
from ..networks.strata import ClassOfFilters, Stratum
from ..networks.support_networks import SupportNetwork
from ._flint import acb, acb_mat, acb_poly, arb, ctx
from .krawczyk_in_balls import (
    Ball,
    BallEquations,
    Box,
    Solution,
    binary_exponent,
    coefficients,
    dilated,
    placed,
    power_of_two,
)
from .sending_balls import HoldsBalls

__all__ = [
    "Claims",
    "Form",
    "ProvedParameters",
    "charted",
    "conclude",
    "conclude_in_parameters",
    "form_of",
    "indices_of",
    "inertia",
    "layers_of",
    "loss_at",
    "loss_claim",
    "mirrored",
    "parameter_space",
    "real_pieces",
    "resultant",
    "stratum_of",
]

#: Forms with balls as coefficients: arrays of objects, which `distributions` handles like numbers.
Form = Any


@dataclass(frozen=True, eq=False)
class ProvedParameters(HoldsBalls):
    """Enclosures of real critical θ over a filter, up to scaling and up to exchanging layers of equal degree.

    Attributes
    ----------
    layers : tuple of tuple of arb
        For each layer of the architecture its coefficients, up to a factor. The product of all layers, times a factor,
        meets the enclosure of the filter.
    number : int
        How many θ differ only by exchanging layers.
    index : int or None
        The index of the Hessian at each of them.
    """

    layers: tuple[tuple[Ball, ...], ...]
    number: int
    index: int | None


@dataclass(frozen=True, eq=False)
class Claims(HoldsBalls):
    """Proved answers on one critical point. None: undecided, or the question does not apply.

    Attributes
    ----------
    real, in_function_space, attained, interior, smooth : bool or None
        As for `CriticalPoint`.
    indices : tuple of (int or None), or None
        The index of the Hessian at each real critical θ, increasing; 0 is a strict minimum up to scaling. None if not
        all θ could be found.
    exact_pattern : bool
        Whether different factors of one block are proved to have no common root.
    loss : acb
        Enclosure of the loss.
    loss_radius : arb
        Exact: a power of two, at least four times the radius of `loss`. A check with other rounding can verify this
        radius, too.
    parameters : tuple of ProvedParameters, or None
        The real critical θ that `indices` are of; None if not all θ could be found.
    """

    real: bool | None
    in_function_space: bool | None
    attained: bool | None
    interior: bool | None
    smooth: bool | None
    indices: tuple[int | None, ...] | None
    exact_pattern: bool
    loss: Ball
    loss_radius: Ball
    parameters: tuple[ProvedParameters, ...] | None = None

    @property
    def answers(self) -> dict[str, Any]:
        """All answers, ready for JSON; the loss is not among them."""
        return {
            "real": self.real,
            "in_function_space": self.in_function_space,
            "attained": self.attained,
            "interior": self.interior,
            "smooth": self.smooth,
            "indices": None if self.indices is None else list(self.indices),
            "exact_pattern": self.exact_pattern,
        }


def stratum_of(arch: Architecture, pattern: tuple[tuple[int, ...], ...]) -> Stratum:
    """The stratum of a root pattern, or the class of filters, in the filter size of the architecture."""
    if isinstance(arch, SupportNetwork):
        return ClassOfFilters.of_class(arch, pattern)
    return Stratum.of_pattern(arch.blocks, pattern)


def conclude(
    arch: Architecture, equations: BallEquations, box: Box, solution: Solution, regular: bool = False
) -> Claims:
    """All conclusions on the critical point in a box.

    With ``regular`` the caller has proved already that no two factors of a block have a common root, and that the
    filter is a smooth point.
    """
    real = _is_real(box, solution)
    factors = equations.factors(box.chart, solution.coordinates)
    exact = regular or _no_common_roots(equations.stratum, factors)
    smooth = regular or _is_smooth(arch, equations.stratum, factors)
    loss, radius = loss_at(equations, solution)
    if not real:
        return Claims(real, None, None, None, smooth, None, exact, loss, radius)
    loss = acb(loss.real)
    if smooth and equations.stratum == parameter_space(arch):
        # The coordinates are the parameters: every block has one layer, which gets all of its polynomial.
        index = inertia(equations.hessian(box.chart, solution.coordinates))
        theta = ProvedParameters(layers_of(arch, [[x.real for x in form] for form in factors]), 1, index)
        return Claims(real, True, True, True, smooth, (index,), exact, loss, radius, (theta,))
    w = [x.real for x in solution.filter]
    structures = _real_structures(arch, equations.stratum, factors)
    if structures is None:
        return Claims(real, None, None, None, smooth, None, exact, loss, radius)
    odd = [sum(d % 2 for d in degrees) for degrees in arch.layer_degrees]
    pairs = list(zip(structures, odd, strict=True))
    inside: bool | None = all(s.enough(n, odd_only=False) is True for s, n in pairs)
    interior: bool | None = all(s.enough(n, odd_only=True) is True for s, n in pairs) if inside else None
    attained: bool | None = None
    thetas: tuple[ProvedParameters, ...] | None = None
    if exact:
        attained, thetas = _parameters(arch, equations, structures, w) if inside else (False, ())
    if smooth is None:  # then w may have other factorizations
        inside, interior, attained = inside or None, None, attained or None
    return Claims(real, inside, interior=interior, attained=attained, smooth=smooth, indices=indices_of(thetas),
                  exact_pattern=exact, loss=loss, loss_radius=radius, parameters=thetas)  # fmt: skip


def conclude_in_parameters(arch: Architecture, layers: BallEquations, box: Box, solution: Solution) -> Claims:
    """All conclusions on the filter of the critical parameters θ in a box.

    ``layers`` are the equations on the parameter space. Nothing is concluded of the root pattern, nor of other θ over
    the filter.
    """
    real = _is_real(box, solution)
    smooth = _is_smooth(arch, layers.stratum, layers.factors(box.chart, solution.coordinates))
    loss, radius = loss_at(layers, solution)
    if not real:
        return Claims(real, None, None, None, smooth, None, False, loss, radius)
    return Claims(real, True, True, None, smooth, None, False, acb(loss.real), radius)


def loss_at(equations: BallEquations, solution: Solution) -> tuple[Ball, Ball]:
    terms = (b * w for b, w in zip(equations.data.b, solution.filter, strict=True))
    return loss_claim(equations.data.constant - sum(terms, acb(0)))


def loss_claim(loss: Ball) -> tuple[Ball, Ball]:
    """An enclosure of the loss, and the radius that a certificate claims for it."""
    return loss, arb(0) if loss.is_exact() else power_of_two(2 + binary_exponent(loss.real.rad() + loss.imag.rad()))


def mirrored(claims: Claims) -> Claims:
    """The conclusions on the conjugate point."""
    return replace(claims, loss=claims.loss.conjugate())


def _is_real(box: Box, solution: Solution) -> bool | None:
    if any(not x.imag.contains(0) for x in solution.filter):
        return False
    for x, middle, radius in zip(solution.coordinates, box.middle, box.radii, strict=True):
        distance = x.conjugate() - middle
        if not (abs(distance.real) < radius and abs(distance.imag) < radius):
            return None
    return True


def _no_common_roots(stratum: Stratum, factors: Sequence[Sequence[Ball]]) -> bool:
    return all(
        not resultant(factors[f], factors[g]).contains(0)
        for f, g in combinations(range(len(factors)), 2)
        if stratum.factors[f].dilation == stratum.factors[g].dilation
    )


def resultant(left: Sequence[Ball], right: Sequence[Ball]) -> Ball:
    """The resultant of two forms: the determinant of Sylvester's matrix."""
    m, n = len(left) - 1, len(right) - 1
    rows = [[0] * i + list(left) + [0] * (n - 1 - i) for i in range(n)]
    rows += [[0] * i + list(right) + [0] * (m - 1 - i) for i in range(m)]
    return acb_mat(rows).det() if rows else acb(1)


def _is_smooth(arch: Architecture, stratum: Stratum, factors: Sequence[Sequence[Ball]]) -> bool | None:
    """True if no hyperroot of a block's level divides the product of the blocks below, None if one may."""
    below = acb_poly([1])
    degree = 0
    for lower, block in pairwise(arch.blocks):
        for factor, q in zip(stratum.factors, factors, strict=True):
            if factor.dilation == lower.dilation:
                below *= dilated(q, factor.dilation) ** factor.power
        degree += lower.degree * lower.dilation
        if degree < block.dilation:
            continue
        values = coefficients(below, degree + 1)
        components = [values[j :: block.dilation] for j in range(block.dilation)]
        constants = [part[0] for part in components if len(part) == 1]
        others = [part for part in components if len(part) > 1]
        if all(value.contains(0) for value in constants) and all(
            resultant(left, right).contains(0) for left, right in combinations(others, 2)
        ):
            return None
    return True


def _real_structures(
    arch: Architecture, stratum: Stratum, factors: Sequence[Sequence[Ball]]
) -> list[RealStructure] | None:
    """The real factorization of every block of a real filter; None if it is undecided which roots are real.

    The only layer of a block gets the whole polynomial of the block, so that its roots do not matter: a polynomial of
    odd degree has a real root.
    """
    structures = {block.dilation: RealStructure([], [], {}) for block in arch.blocks}
    alone = {
        block.dilation for block, degrees in zip(arch.blocks, arch.layer_degrees, strict=True) if len(degrees) == 1
    }
    for factor, q in zip(stratum.factors, factors, strict=True):
        form = [x.real for x in q]
        pieces: tuple[list[Form], list[Form]] | None
        if factor.dilation in alone and factor.power == 1:
            pieces = ([form_of(form)], []) if factor.degree % 2 else ([], [form_of(form)])
        else:
            pieces = real_pieces(form)
        if pieces is None:
            return None
        structures[factor.dilation].linear.extend((factor.power, form) for form in pieces[0])
        structures[factor.dilation].quadratic.extend((factor.power, form) for form in pieces[1])
    return [structures[block.dilation] for block in arch.blocks]


def real_pieces(q: list[Ball]) -> tuple[list[Form], list[Form]] | None:
    """Irreducible real factors up to scale of a real square-free form: the linear and the quadratic factors."""
    if len(q) == 2:
        return [form_of(q)], []
    if len(q) == 3:
        a, b, c = q
        discriminant = b * b - 4 * a * c
        if discriminant < 0:
            return [], [form_of(q)]
        if not discriminant > 0:
            return None
        root = discriminant.sqrt()
        t = -(b + root) / 2 if b.mid() > 0 else (root - b) / 2
        return [form_of([a, -t]), form_of([t, -c])], []
    for turn in ((1, 0), (3, 1), (1, 2)):
        points = _isolated_roots(q, *turn)
        if points is not None:
            return _pieces_of_points(points)
    return None


def _isolated_roots(q: list[Ball], p: int, s: int) -> list[tuple[bool, Ball, Ball]] | None:
    """Roots (x : y) of a real form and whether they are real, after the turn x = p ξ − s η, y = s ξ + p η."""
    degree = len(q) - 1
    x, y = acb_poly([-s, p]), acb_poly([p, s])
    turned = sum((acb_poly([value]) * x ** (degree - j) * y**j for j, value in enumerate(q)), acb_poly([]))
    coefficients = turned.coeffs()
    if len(coefficients) != degree + 1 or coefficients[-1].contains(0):
        return None
    try:
        discs = turned.roots(maxprec=4 * ctx.prec)
    except ValueError:
        return None
    result = []
    for i, z in enumerate(discs):
        meets_axis = z.imag.contains(0)
        mirror = z.conjugate()
        if meets_axis and any(mirror.overlaps(other) for j, other in enumerate(discs) if j != i):
            return None
        root = acb(z.real) if meets_axis else z
        result.append((meets_axis, p * root - s, s * root + p))
    return result


def _pieces_of_points(points: list[tuple[bool, Ball, Ball]]) -> tuple[list[Form], list[Form]]:
    linear = [form_of([y.real, -x.real]) for real, x, y in points if real]
    quadratic = []
    for real, x, y in points:
        if not real and bool((x * y.conjugate()).imag > 0):
            middle = (x * y.conjugate()).real
            quadratic.append(form_of([(y * y.conjugate()).real, -2 * middle, (x * x.conjugate()).real]))
    return linear, quadratic


def _parameters(
    arch: Architecture, equations: BallEquations, structures: list[RealStructure], w: list[Ball]
) -> tuple[bool | None, tuple[ProvedParameters, ...] | None]:
    """Whether a real θ over w is critical, and every real θ with square-free layers, with the index of the Hessian."""
    layers = equations.on(parameter_space(arch))
    order = [layer for layers_of_block in arch.layers_by_block for layer in layers_of_block]
    found: list[ProvedParameters] = []
    for choice, number in _choices(arch, structures, repeated=False):
        chart, x = charted(arch, order, choice, w)
        if not all(value.real.overlaps(y) for value, y in zip(layers.filter(chart, x), w, strict=True)):
            return None, None
        forms = [[value.real for value in form] for form in layers.factors(chart, x)]
        found.append(ProvedParameters(layers_of(arch, forms), number, inertia(layers.hessian(chart, x))))
    if found:
        return True, tuple(found)
    for choice, _ in _choices(arch, structures, repeated=True):
        chart, x = charted(arch, order, choice, w)
        if all(value.contains(0) for value in layers.equations(chart, x).entries()):
            return None, None
    return False, ()


def layers_of(arch: Architecture, forms: Sequence[Sequence[Ball]]) -> tuple[tuple[Ball, ...], ...]:
    """All layers, from those with more than one weight in their order."""
    rest = iter(forms)
    return tuple(tuple(next(rest)) if size > 1 else (arb(1),) for size in arch.layer_sizes)


def indices_of(thetas: tuple[ProvedParameters, ...] | None) -> tuple[int | None, ...] | None:
    """The index at every θ, increasing, unknown ones last."""
    if thetas is None:
        return None
    indices = [one.index for one in thetas for _ in range(one.number)]
    return tuple(sorted(indices, key=lambda index: (index is None, index or 0)))


@lru_cache(maxsize=64)
def parameter_space(arch: Architecture) -> Stratum:
    return Stratum.of_layers(arch)


def _choices(
    arch: Architecture, structures: list[RealStructure], repeated: bool
) -> Iterator[tuple[list[list[Form]], int]]:
    """Real layers of every block up to scale: one choice up to exchange of layers, and the number of such choices."""
    blocks = [
        list(distributions_up_to_exchange([*s.quadratic, *s.linear], degrees, repeated))
        for degrees, s in zip(arch.layer_degrees, structures, strict=True)
    ]
    for choice in product(*blocks):
        yield [forms for forms, _ in choice], prod(number for _, number in choice)


def charted(
    arch: Architecture, order: Sequence[int], choice: Sequence[Sequence[Form]], w: Sequence[Ball]
) -> tuple[tuple[int, ...], list[Ball]]:
    """Chart and coordinates of the parameters over w with the given layers up to scale, in a given order."""
    forms = dict(zip(order, (list(form) for forms in choice for form in forms), strict=True))
    chart, rest, whole = [], [], acb_poly([1])
    for layer, factor in zip(sorted(forms), parameter_space(arch).factors, strict=True):
        sizes = [abs(float(value.mid())) if hasattr(value, "mid") else abs(float(value)) for value in forms[layer]]
        one = int(np.argmax(sizes))
        form = [value / forms[layer][one] for value in forms[layer]]
        chart.append(one)
        rest += [acb(value) for i, value in enumerate(form) if i != one]
        whole *= placed(form, factor.places)
    largest = int(np.argmax([abs(float(value.mid())) for value in w]))
    return tuple(chart), [w[largest] / coefficients(whole, len(w))[largest], *rest]


def inertia(hessian: Ball) -> int | None:
    """Number of negative eigenvalues of a real symmetric matrix of balls; None if it is not proved."""
    n = hessian.nrows()
    entries = [[hessian[i, j].real for j in range(n)] for i in range(n)]
    middle = np.array([[float(value.mid()) for value in row] for row in entries])
    diagonal = np.abs(np.diag(middle))
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    if not (np.isfinite(middle).all() and np.isfinite(scale).all()):
        return None
    _, vectors = np.linalg.eigh(middle * scale[:, None] * scale)
    basis = acb_mat(n, n, (scale[:, None] * vectors).ravel().tolist())
    turned = basis.transpose() * hessian * basis
    negative = 0
    for i in range(n):
        spread = sum((abs(turned[i, j].real) for j in range(n) if j != i), arb(0))
        if turned[i, i].real + spread < 0:
            negative += 1
        elif not turned[i, i].real - spread > 0:
            return None
    return negative


def form_of(values: Sequence[Ball]) -> Form:
    """The coefficients as an array of objects."""
    form = np.empty(len(values), dtype=object)
    form[:] = values
    return form
