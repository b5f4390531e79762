"""Ways to go downhill from many starting points at once: gradient flow, gradient descent, Adam.

All methods see the loss in its own units (see `ScaledLoss`), so that a tolerance means the same for every data set.

Gradient flow dθ/dt = −∇L(θ) is integrated by the exponential Rosenbrock method exprb32 of order three with an embedded
method of order two (Hochbruck, Ostermann, Schweitzer, *Exponential Rosenbrock-type methods*, SIAM J. Numer. Anal. 47
(2009) 786–803, section 5). The method solves the linearized flow exactly. So ill-conditioned data do not limit its
step, escape from a saddle is followed at the true rate, and near a minimum, as the step grows, the method becomes
Newton's method.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..doors import cached_property
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.parameters import compose, gradient, hessian
from .tolerances import OPTIMIZATION

__all__ = ["Adam", "Descent", "Flow", "Method", "Move", "ScaledLoss"]

Real = NDArray[np.float64]

#: Stands for zero in a denominator.
TINY = 1e-100


@dataclass(frozen=True, eq=False)
class ScaledLoss:
    """The loss wᵀΣw − 2bᵀw in units in which Σ and the unconstrained solution u have norm one.

    Positions are rows (Σ k_l) of the layers' entries in order. With λ = ‖Σ‖, ρ = ‖u‖ (1 if u = 0) and L layers, the
    units are ρ for the filter, ρ^(1/L) for θ and λρ² for the loss.
    """

    architecture: Architecture
    loss: SquaredLoss

    @cached_property
    def filter_unit(self) -> float:
        return float(np.linalg.norm(self.loss.target)) or 1.0

    @cached_property
    def parameter_unit(self) -> float:
        return self.filter_unit ** (1 / self.architecture.depth)

    @cached_property
    def curvature(self) -> float:
        """λ, the norm of Σ."""
        return float(np.linalg.norm(self.loss.gram, 2)) or 1.0

    @cached_property
    def gradient_unit(self) -> float:
        return self.curvature * self.filter_unit**2 / self.parameter_unit

    @cached_property
    def time_unit(self) -> float:
        """Unit of the flow's time, and of a learning rate."""
        return self.parameter_unit / self.gradient_unit

    @cached_property
    def gram(self) -> Real:
        return np.asarray(self.loss.gram / self.curvature)

    @cached_property
    def b(self) -> Real:
        return np.asarray(self.loss.b / (self.curvature * self.filter_unit))

    @cached_property
    def reference_gradient(self) -> float:
        """Size of the gradient at balanced θ of norm one with a small filter: 2 ‖b‖."""
        return 2 * float(np.linalg.norm(self.b)) or 1.0

    def layers(self, positions: Real) -> list[Real]:
        return np.split(positions, np.cumsum(self.architecture.layer_sizes)[:-1], axis=-1)

    def filters(self, positions: Real) -> Real:
        """End-to-end filters (…, K), in their unit."""
        return np.asarray(compose(self.architecture, self.layers(positions)))

    def value_and_size(self, positions: Real) -> tuple[Real, Real]:
        """The loss without its constant, and the size of its terms."""
        filters = self.filters(positions)
        quadratic, linear = ((filters @ self.gram) * filters).sum(axis=-1), 2 * (filters @ self.b)
        return quadratic - linear, quadratic + np.abs(linear)

    def gradient(self, positions: Real) -> Real:
        return np.concatenate(gradient(self.architecture, self.layers(positions), self.gram, self.b), axis=-1)

    def hessian(self, positions: Real) -> Real:
        matrix = hessian(self.architecture, self.layers(positions), self.gram, self.b)
        return np.asarray((matrix + np.swapaxes(matrix, -1, -2)) / 2)


class Move(NamedTuple):
    """One step of some runs (rows).

    Attributes
    ----------
    positions : (P, n) array
        The places after the step. A step that is refused stays in place and is tried again with another length.
    gradients : (P,) array
        Norm of the gradient before the step.
    times : (P,) array
        Time that the step takes; 0 for a refused step.
    settled : (P,) bool array
        Whether the run was at its end before the step.
    """

    positions: Real
    gradients: Real
    times: Real
    settled: NDArray[np.bool_]


class Method(ABC):
    """A way to go downhill. It keeps a state for each run from step to step, and is made anew for each training."""

    @abstractmethod
    def step(self, scaled: ScaledLoss, positions: Real, runs: NDArray[np.int64]) -> Move:
        """Move the runs with the given numbers, which are at ``positions`` (P, n)."""


class Flow(Method):
    """Gradient flow."""

    def __init__(self, count: int) -> None:
        self._lengths = np.full(count, OPTIMIZATION.first_step)

    def step(self, scaled: ScaledLoss, positions: Real, runs: NDArray[np.int64]) -> Move:
        slope = scaled.gradient(positions)
        curvatures, axes = np.linalg.eigh(scaled.hessian(positions))
        along = np.einsum("pij,pi->pj", axes, slope)
        largest = np.abs(curvatures).max(axis=1)
        floor = np.maximum(OPTIMIZATION.flat * largest, TINY)
        newton = np.abs(along) / np.maximum(np.abs(curvatures), floor[:, None])
        size = np.maximum(np.linalg.norm(positions, axis=1), 1.0)
        settled = newton.max(axis=1) <= OPTIMIZATION.settled * size

        longest = OPTIMIZATION.longest_step
        most = np.where(largest > 0, longest / np.maximum(largest, TINY), longest)
        growth = np.maximum(-curvatures.min(axis=1), TINY)
        lengths = np.minimum(np.minimum(self._lengths[runs], most), OPTIMIZATION.most_growth / growth)
        exponents = -lengths[:, None] * curvatures
        first, third = _phi_1_and_3(exponents)
        linear = -lengths[:, None] * first * along
        middle = positions + np.einsum("pij,pj->pi", axes, linear)
        # The part of −∇L at the end of the linearized step that the linearization misses.
        missed = -(np.einsum("pij,pi->pj", axes, scaled.gradient(middle)) - along - curvatures * linear)
        correction = 2 * lengths[:, None] * third * missed
        ends = middle + np.einsum("pij,pj->pi", axes, correction)
        scale = np.maximum(np.linalg.norm(positions, axis=1), np.linalg.norm(middle, axis=1))
        errors = np.linalg.norm(correction, axis=1) / np.where(scale > 0, scale, 1.0)
        before, terms = scaled.value_and_size(positions)
        after, _ = scaled.value_and_size(ends)
        accurate = errors <= OPTIMIZATION.step_error
        accepted = accurate & (after <= before + OPTIMIZATION.loss_rounding * terms) & ~settled
        factors = OPTIMIZATION.safety * (OPTIMIZATION.step_error / np.maximum(errors, 1e-30)) ** (1 / 3)
        refused = np.where(accurate, OPTIMIZATION.after_increase, np.minimum(factors, OPTIMIZATION.after_error))
        factors = np.where(accepted, factors, refused)
        self._lengths[runs] = np.clip(factors, OPTIMIZATION.shrink, OPTIMIZATION.growth) * lengths
        return Move(
            np.where(accepted[:, None], ends, positions),
            np.linalg.norm(slope, axis=1),
            np.where(accepted, lengths, 0.0),
            settled,
        )


class _FirstOrder(Method):
    """Methods that use the gradient alone, with a learning rate in the units of the data."""

    def __init__(self, learning_rate: float) -> None:
        self._rate = learning_rate

    def step(self, scaled: ScaledLoss, positions: Real, runs: NDArray[np.int64]) -> Move:
        slope = scaled.gradient(positions)
        size = np.linalg.norm(slope, axis=1)
        update = self._update(slope * scaled.gradient_unit, runs) / scaled.parameter_unit
        return Move(
            positions - update,
            size,
            np.full(len(runs), self._rate / scaled.time_unit),
            size <= OPTIMIZATION.small_gradient * scaled.reference_gradient,
        )

    @abstractmethod
    def _update(self, slope: Real, runs: NDArray[np.int64]) -> Real:
        """The vector to subtract from θ; gradient and result are in the units of the data."""


class Descent(_FirstOrder):
    """Gradient descent with a fixed learning rate, as ``torch.optim.SGD`` on all data at once."""

    def _update(self, slope: Real, runs: NDArray[np.int64]) -> Real:
        return self._rate * slope


class Adam(_FirstOrder):
    """Adam on all data at once, with the constants of ``torch.optim.Adam`` (Kingma, Ba 2015, algorithm 1)."""

    DECAY = (0.9, 0.999)
    EPSILON = 1e-8

    def __init__(self, learning_rate: float, count: int, size: int) -> None:
        super().__init__(learning_rate)
        self._first, self._second = np.zeros((count, size)), np.zeros((count, size))
        self._steps = 0

    def _update(self, slope: Real, runs: NDArray[np.int64]) -> Real:
        self._steps += 1
        beta, gamma = self.DECAY
        self._first[runs] = beta * self._first[runs] + (1 - beta) * slope
        self._second[runs] = gamma * self._second[runs] + (1 - gamma) * slope**2
        first = self._first[runs] / (1 - beta**self._steps)
        second = self._second[runs] / (1 - gamma**self._steps)
        return np.asarray(self._rate * first / (np.sqrt(second) + self.EPSILON))


def _phi_1_and_3(y: Real) -> tuple[Real, Real]:
    """φ₁(y) = (eʸ − 1)/y and φ₃(y) = (eʸ − 1 − y − y²/2)/y³; by its series where that would cancel."""
    small = np.abs(y) < 1.0
    inner, outer = np.where(small, y, 0.0), np.where(small, 1.0, y)
    first = np.where(small, 1.0, 0.0)
    third = np.where(small, 1 / 6, 0.0)
    power, factorial = np.ones_like(y), 1.0
    for n in range(1, 19):
        power, factorial = power * inner, factorial * (n + 1)
        first = first + power / factorial
        third = third + power / (factorial * (n + 2) * (n + 3))
    exact = np.expm1(outer)
    return np.where(small, first, exact / outer), np.where(small, third, (exact - outer - outer**2 / 2) / outer**3)
