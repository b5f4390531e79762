"""What can happen to a critical point at a wall, as systems of equations with a known number of solutions.

`Fold` is F = 0, F_θ v = 0. The other conditions are about a point itself: its filter is zero, a factor has a double
root, or two factors of one block have a common root. There the point is written as a product of pieces, Q_f = ℓ² R for
example, and the critical points are those whose residual r = c Σ P − s b vanishes on the tangent space of the stratum,

    Σ_b P_{−b} G_b · {forms of the degree of the number of roots},   G_b = Π_{f in b} Q_f^{m_f − 1},

P_{−b} the product of the other blocks. This form of the tangent space does not degenerate where roots coincide.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..arrays import Complex, Real
from ..doors import cached_property
from ..networks.strata import Factor, Stratum
from .degrees import common_root_count, double_root_count, wall_count, zero_count
from .extended_system import Patches, System, Value, WallPoints, WallSystem, evaluated
from .lines import DataLine, Motion, random_complex

__all__ = [
    "Coincidence",
    "Condition",
    "Criticality",
    "Fold",
    "PassageThroughZero",
    "homogeneous_coordinates",
    "local_coordinates",
]


class Condition(Protocol):
    """What happens at a wall.

    Attributes
    ----------
    coordinates : Stratum
        The pieces of the point, as factors with their powers in the filter.
    name : str
        Short unique name.
    """

    def __hash__(self) -> int: ...

    @property
    def coordinates(self) -> Stratum: ...

    @property
    def name(self) -> str: ...

    def count(self, motion: Motion) -> int:
        """The number of complex walls on a generic line."""

    def system(self, patches: Patches, start: DataLine, target: DataLine) -> System:
        """The equations."""

    def points(self, patches: Patches, z: Complex) -> WallPoints:
        """Walls in homogeneous coordinates from their local coordinates."""

    def local(self, system: System, points: WallPoints, motion: Motion, tau: float | Real) -> Complex:
        """Local coordinates of walls."""


def local_coordinates(stratum: Stratum, patches: Patches, points: WallPoints, motion: Motion) -> Complex:
    """The local coordinates (P, n + 2) of walls: of the factors, of (c : s), of (t_0 : t_1)."""
    count, start = len(stratum.factors), 0
    coordinates = []
    stretch = np.ones(len(points), complex)
    for f, factor in enumerate(stratum.factors):
        form = points.factors[:, start : start + factor.degree + 1]
        start += factor.degree + 1
        size = form @ patches.centres[f].conj()
        stretch = stretch * size**factor.power
        coordinates.append((form / size[:, None]) @ patches.bases[f].conj())
    t = points.t
    size = t @ patches.centres[count + 1].conj()
    # Dividing (t_0 : t_1) by a number divides the data that move, and c or s makes up for it.
    scale = points.scale * np.stack(
        [stretch * (size if motion.gram else 1), size if motion.b else np.ones_like(size)], axis=1
    )
    scale = scale / (scale @ patches.centres[count].conj())[:, None]
    coordinates += [scale @ patches.bases[count].conj(), (t / size[:, None]) @ patches.bases[count + 1].conj()]
    return np.concatenate(coordinates, axis=1)


def homogeneous_coordinates(stratum: Stratum, patches: Patches, z: Complex) -> WallPoints:
    """Homogeneous coordinates from local ones (P, at least n + 2)."""
    n, count = stratum.dimension - 1, len(stratum.factors)
    parts, start = [], 0
    for f, factor in enumerate(stratum.factors):
        parts.append(patches.centres[f] + z[:, start : start + factor.degree] @ patches.bases[f].T)
        start += factor.degree
    scale, t = (patches.centres[count + i] + z[:, n + i : n + i + 1] @ patches.bases[count + i].T for i in (0, 1))
    return WallPoints(np.concatenate(parts, axis=1), scale, t)


@dataclass(frozen=True)
class Fold:
    """Two critical points of a stratum merge."""

    stratum: Stratum

    @property
    def coordinates(self) -> Stratum:
        """The stratum."""
        return self.stratum

    @property
    def name(self) -> str:
        """Short unique name."""
        return f"{self.stratum.name}-fold"

    def count(self, motion: Motion) -> int:
        """The number of complex walls on a generic line."""
        return wall_count(self.stratum, gram_moves=motion.gram, b_moves=motion.b)

    def system(self, patches: Patches, start: DataLine, target: DataLine) -> System:
        """The equations."""
        return WallSystem(self.stratum, patches, start, target)

    def points(self, patches: Patches, z: Complex) -> WallPoints:
        """Walls in homogeneous coordinates from their local coordinates."""
        return homogeneous_coordinates(self.stratum, patches, z)

    def local(self, system: System, points: WallPoints, motion: Motion, tau: float | Real) -> Complex:
        """Local coordinates of walls; the kernel vectors are computed."""
        n, count, patches = self.stratum.dimension - 1, len(self.stratum.factors), system.patches
        coordinates = local_coordinates(self.stratum, patches, points, motion)
        blank = np.concatenate([coordinates, np.zeros((len(coordinates), n))], axis=1)
        at = np.broadcast_to(np.asarray(tau, float), (len(blank),))
        hessians = evaluated(system, blank, at).jacobian[:, : n + 1, : n + 1]
        kernels = np.linalg.svd(hessians)[2][:, -1].conj()
        kernels = kernels / (kernels @ patches.centres[count + 2].conj())[:, None]
        return np.concatenate([coordinates, kernels @ patches.bases[count + 2].conj()], axis=1)


class _OnPieces:
    """What the conditions about a point itself share."""

    stratum: Stratum
    at_zero = False

    @cached_property
    def lost(self) -> Counter[int]:
        """How many roots each factor gives to the piece ℓ."""
        return Counter()

    @cached_property
    def coordinates(self) -> Stratum:
        """The pieces: what is left of the factors, and ℓ, with their powers in the filter."""
        pieces = [
            Factor(factor.degree - self.lost[f], factor.power, factor.dilation)
            for f, factor in enumerate(self.stratum.factors)
        ]
        if self.lost:
            power = sum(number * self.stratum.factors[f].power for f, number in self.lost.items())
            pieces.append(Factor(1, power, self.stratum.factors[min(self.lost)].dilation))
        return Stratum(tuple(pieces))

    @cached_property
    def blocks(self) -> list[tuple[int, int, list[int]]]:
        """For each block its dilation, its number of roots, and the powers of all pieces in P_{−b} G_b."""
        factors, result = self.stratum.factors, []
        for dilation in dict.fromkeys(factor.dilation for factor in factors):
            powers = [factor.power - (factor.dilation == dilation) for factor in factors]
            last = [sum(number * powers[f] for f, number in self.lost.items())] if self.lost else []
            degree = sum(factor.degree for factor in factors if factor.dilation == dilation)
            result.append((dilation, degree, powers + last))
        return result

    def system(self, patches: Patches, start: DataLine, target: DataLine) -> System:
        """The equations."""
        return PieceSystem(self, patches, start, target)

    def points(self, patches: Patches, z: Complex) -> WallPoints:
        """Walls in homogeneous coordinates from their local coordinates."""
        if not self.at_zero:
            return homogeneous_coordinates(self.coordinates, patches, z)
        n = self.coordinates.dimension - 1
        blank = np.zeros((len(z), 1))
        found = homogeneous_coordinates(self.coordinates, patches, np.concatenate([z[:, :n], blank, z[:, n:]], axis=1))
        return WallPoints(found.factors, np.tile([0j, 1.0], (len(z), 1)), found.t)

    def local(self, system: System, points: WallPoints, motion: Motion, tau: float | Real) -> Complex:
        """Local coordinates of walls."""
        if not self.at_zero:
            return local_coordinates(self.coordinates, system.patches, points, motion)
        n = self.coordinates.dimension - 1
        whole = local_coordinates(self.coordinates, system.patches, points, motion)
        return np.concatenate([whole[:, :n], whole[:, n + 1 :]], axis=1)


@dataclass(frozen=True)
class PassageThroughZero(_OnPieces):
    """A critical point of a stratum passes through the filter zero."""

    stratum: Stratum
    at_zero = True

    @property
    def name(self) -> str:
        """Short unique name."""
        return f"{self.stratum.name}-zero"

    def count(self, motion: Motion) -> int:
        """The number of complex walls on a generic line."""
        return zero_count(self.stratum, gram_moves=motion.gram, b_moves=motion.b) if motion.b else 0


@dataclass(frozen=True)
class Criticality(_OnPieces):
    """A critical point of a stratum, at any t: the equations are regular where two of its roots coincide, too."""

    stratum: Stratum


@dataclass(frozen=True)
class Coincidence(_OnPieces):
    """Two roots of a critical point coincide, of one factor (f, f) or of two factors (f, g) of one block."""

    stratum: Stratum
    factors: tuple[int, int]

    @cached_property
    def lost(self) -> Counter[int]:
        """How many roots each factor gives to the piece ℓ."""
        return Counter(self.factors)

    @property
    def name(self) -> str:
        """Short unique name."""
        return f"{self.stratum.name}-roots{self.factors[0]}{self.factors[1]}"

    def count(self, motion: Motion) -> int:
        """The number of complex walls on a generic line."""
        f, g = self.factors
        moves = {"gram_moves": motion.gram, "b_moves": motion.b}
        if f == g:
            return double_root_count(self.stratum, f, **moves)
        return common_root_count(self.stratum, self.factors, **moves)


class PieceSystem:
    """The equations of a condition about a point itself: unknowns y, (c : s) unless it is (0 : 1), and (t_0 : t_1)."""

    def __init__(self, condition: _OnPieces, patches: Patches, start: DataLine, target: DataLine) -> None:
        self.patches = patches
        self.condition = condition
        self.stratum = condition.coordinates
        self.size = self.stratum.dimension - 1
        self.unknowns = self.size + (1 if condition.at_zero else 2)
        self._data = WallSystem(self.stratum, patches, start, target)
        # Forms that span the tangent spaces. Σ_b of them contains P once for each block: one form less for all but one.
        rng = np.random.default_rng(self.unknowns)
        size = self.stratum.filter_size
        fourier = self._data.fourier
        self._forms = []
        for b, (dilation, degree, _) in enumerate(condition.blocks):
            values = fourier[:, (np.arange(degree + 1) * dilation) % size]
            mixing = np.eye(degree + 1) if b == 0 else random_complex(rng, (degree + 1, degree))
            self._forms.append(values @ mixing)

    @cached_property
    def compiled(self) -> Any | None:
        """The same equations in compiled code, None where there is none."""
        powers = [powers for _, _, powers in self.condition.blocks]
        blocks = [(list(p), np.ascontiguousarray(forms.T)) for p, forms in zip(powers, self._forms, strict=True)]
        return self._data.compiled_form("pieces", at_zero=self.condition.at_zero, blocks=blocks)

    def evaluate(self, z: Complex, tau: Real) -> Value:
        """Evaluate at P points z (P, N) for parameters τ (P,) of the homotopy."""
        n, pieces, count = self.size, len(self.stratum.factors), len(z)
        zero = self.condition.at_zero
        t = self._data.coefficients(z[:, -1:], pieces + 1)
        scale = np.tile([0j, 1.0], (count, 1)) if zero else self._data.coefficients(z[:, n : n + 1], pieces)
        (gram, gram_slope, gram_rate), (b, b_slope, b_rate) = self._data.data_at(tau, t)
        values = self._data.factor_values(z[:, :n])
        p, p_slopes = self._product(values, [factor.power for factor in self.stratum.factors])
        c, s = scale[:, :1], scale[:, 1:]
        dc, ds = self._data.scale_basis
        image, slope, rate = ((matrix @ p[:, :, None])[:, :, 0] for matrix in (gram, gram_slope, gram_rate))
        r = c * image - s * b
        moved = [c[:, :, None] * (gram @ p_slopes)]
        if not zero:
            moved.append((dc * image - ds * b)[:, :, None])
        moved.append((c * slope - s * b_slope)[:, :, None])
        moved.append((c * rate - s * b_rate)[:, :, None])
        changes = np.concatenate(moved, axis=2)
        equations, jacobians = [], []
        for (_, _, powers), forms in zip(self.condition.blocks, self._forms, strict=True):
            u, u_slopes = self._product(values, powers)
            equations.append((u * r) @ forms)
            change = u[:, :, None] * changes
            change[:, :, :n] += u_slopes * r[:, :, None]
            jacobians.append(forms.T @ change)
        jacobian = np.concatenate(jacobians, axis=1)
        return Value(np.concatenate(equations, axis=1), jacobian[:, :, :-1], jacobian[:, :, -1])

    def _product(self, values: list[Complex], powers: list[int]) -> tuple[Complex, Complex]:
        """Π pieces^powers (P, K), and its derivatives in the local coordinates (P, K, n)."""
        ladder = [_value_and_slope(value, power) for value, power in zip(values, powers, strict=True)]
        whole = np.prod([value for value, _ in ladder], axis=0)
        slopes = []
        for f, basis in enumerate(self._data.bases):
            rest = np.prod([value if g != f else slope for g, (value, slope) in enumerate(ladder)], axis=0)
            slopes.append(rest[:, :, None] * basis)
        return whole, np.concatenate(slopes, axis=2)


def _value_and_slope(value: Complex, power: int) -> tuple[Complex, Complex]:
    if power == 0:
        return np.ones_like(value), np.zeros_like(value)
    return value**power, power * value ** (power - 1)
