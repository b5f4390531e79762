"""The loss of a network by plain convolution, with gradient, Hessian and descents; no code of the package's own.

The parameters θ are one vector here, the filters of the layers one after another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import mpmath
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares, minimize

Real = NDArray[np.float64]

#: Eigenvalues of Σ below this fraction of the largest one count as zero.
RANK = 1e-12
#: A residual Σw − b below this fraction of ‖Σw‖ + ‖b‖ is rounding, and so is a gradient in proportion.
NO_RESIDUAL = 1e-7
#: Roundings of θ to double precision, and of Σw, whose effect on Σw − b counts as none.
ROUNDINGS = 4 * 2.0**-53
#: Most steps of Newton's method at the end of a descent, and the relative gradient at which they stop.
NEWTON_STEPS, SMALLEST = 60, 1e-14
#: Rounding of the loss, relative to its size.
NOISE = 1e-14
#: Random parameters drawn for one far start, and the factor that makes them large.
FAR_DRAWS, FAR_AWAY = 2000, 5.0
#: Eigenvalues of the Hessian below this fraction of the largest one are not divided by.
FLAT = 1e-11
#: Steps of Newton's method in 50 digits, and the relative length of the last one.
SHARP_STEPS, SHARP = 12, 1e-40
#: A descent stopped early if the Hessian has a smaller eigenvalue than the first, the relative gradient is larger than
#: the second, and the next critical point is further away than the third, relative to θ.
NEARLY_FLAT, STOPPED, VALLEY = 1e-7, 1e-10, 0.1
#: A Hessian with a smaller eigenvalue, relative to the largest one, is left along the eigenvector.
DOWNWARDS = -1e-7
#: How far away a continuum through a point is looked for, relative to the point; and a step down from a saddle.
AWAY, STEP = (0.4, 0.3), 0.1
#: Relative gradient of a point of a continuum.
CRITICAL = 1e-13
#: Parameters are over a filter if theirs is this near, relative to its size.
OVER = 1e-6


class Limit(NamedTuple):
    """Where a descent ends: parameters, loss, relative gradient, and the Hessian's eigenvalues as in `inertia`."""

    theta: Real
    loss: float
    slope: float
    eigenvalues: Real


@dataclass(frozen=True, eq=False)
class PlainLoss:
    """The loss wᵀΣw − 2bᵀw + c of the network with these filters and strides."""

    filters: tuple[int, ...]
    strides: tuple[int, ...]
    gram: Real
    b: Real
    constant: float

    @cached_property
    def dilations(self) -> list[int]:
        """The product of the strides before each layer."""
        return [int(np.prod(self.strides[:layer])) for layer in range(len(self.filters))]

    @cached_property
    def parts(self) -> list[slice]:
        """The entries of θ that belong to each layer."""
        ends = np.cumsum([0, *self.filters]).tolist()
        return [slice(*pair) for pair in pairwise(ends)]

    @cached_property
    def used(self) -> NDArray[np.int_]:
        """The coefficients of w that some parameters reach."""
        return np.flatnonzero(self.product([np.ones(k) for k in self.filters]))

    @cached_property
    def _spectrum(self) -> tuple[Real, Real]:
        values, vectors = np.linalg.eigh(self.gram[np.ix_(self.used, self.used)])
        kept = values > RANK * values[-1]
        return values[kept], vectors[:, kept]

    @property
    def definite(self) -> bool:
        """Whether Σ is positive definite on the coefficients that matter."""
        return len(self._spectrum[0]) == len(self.used)

    @cached_property
    def target(self) -> Real:
        """The least-squares filter of least norm, zero where no parameters reach."""
        values, vectors = self._spectrum
        result = np.zeros(len(self.b))
        result[self.used] = vectors @ (vectors.T @ self.b[self.used] / values)
        return result

    @property
    def floor(self) -> float:
        """The least loss of any filter."""
        return self.constant - float(self.target @ self.b)

    @property
    def scale(self) -> float:
        """A size of the loss: how much of it the best filter explains, or the constant if that is nothing."""
        return float(self.target @ self.b) or abs(self.constant) or 1.0

    def split(self, theta: Real) -> list[Real]:
        """The filters of the layers."""
        return [theta[part] for part in self.parts]

    def product(self, layers: Sequence[Real], without: Iterable[int] = ()) -> Real:
        """All filters dilated and convolved, except some."""
        result, left_out = np.ones(1), tuple(without)
        for layer, (w, dilation) in enumerate(zip(layers, self.dilations, strict=True)):
            if layer not in left_out:
                dilated = np.zeros((len(w) - 1) * dilation + 1, dtype=w.dtype)
                dilated[::dilation] = w
                result = np.convolve(result, dilated)
        return result

    def filter(self, theta: Real) -> Real:
        """The end-to-end filter w."""
        return self.product(self.split(theta))

    def at_filter(self, w: Real) -> float:
        """The loss of an end-to-end filter."""
        return float(w @ (self.gram @ w) - 2 * self.b @ w + self.constant)

    def jacobian(self, theta: Real) -> Real:
        """∂w/∂θ: its columns are shifts of the product of the other layers."""
        layers, columns = self.split(theta), []
        for layer, (size, dilation) in enumerate(zip(self.filters, self.dilations, strict=True)):
            others = self.product(layers, (layer,))
            for place in range(0, size * dilation, dilation):
                column = np.zeros(len(self.b), dtype=theta.dtype)
                column[place : place + len(others)] = others
                columns.append(column)
        return np.array(columns).T

    def value_and_gradient(self, theta: Real) -> tuple[float, Real]:
        """The loss and its gradient in θ."""
        w = self.filter(theta)
        residual = self.gram @ w - self.b
        return float(w @ (residual - self.b) + self.constant), 2 * self.jacobian(theta).T @ residual

    def hessian(self, theta: Real) -> Real:
        """The second derivatives in θ."""
        layers, jacobian = self.split(theta), self.jacobian(theta)
        residual = self.gram @ self.filter(theta) - self.b
        result = jacobian.T @ self.gram @ jacobian
        starts = [part.start for part in self.parts]
        for a in range(len(layers)):
            for other in range(a):
                rest = self.product(layers, (a, other))
                for p in range(self.filters[a]):
                    for q in range(self.filters[other]):
                        place = p * self.dilations[a] + q * self.dilations[other]
                        value = residual[place : place + len(rest)] @ rest
                        result[starts[a] + p, starts[other] + q] += value
                        result[starts[other] + q, starts[a] + p] += value
        return 2 * result

    def slope(self, theta: Real, *, stored: bool = False) -> float:
        """The gradient relative to its own scale at θ, layer by layer: 1 is large, and rounding about 1e-16.

        The scale of layer l is ‖J_l‖ ‖Σw − b‖; where the residual itself is rounding, the scale is that of Σw and b.
        No θ that is stored in double precision is better than its rounding. With ``stored``, what that makes of Σw − b,
        ‖|Σ| |J| |θ|‖ in units of the last place, is taken off. It matters where w runs far along the kernel of Σ.
        """
        w, jacobian = self.filter(theta), self.jacobian(theta)
        fitted = self.gram @ w
        residual = fitted - self.b
        size = np.linalg.norm(residual) + NO_RESIDUAL * (np.linalg.norm(fitted) + np.linalg.norm(self.b))
        terms = np.linalg.norm(np.abs(self.gram) @ (np.abs(jacobian) @ np.abs(theta)))
        unavoidable = ROUNDINGS * terms if stored else 0.0
        slopes = [0.0]
        for part in (jacobian[:, columns] for columns in self.parts):
            if scale := float(np.linalg.norm(part) * size):
                excess = np.linalg.norm(part.T @ residual) - np.linalg.norm(part) * unavoidable
                slopes.append(float(excess) / scale)
        return max(slopes)

    def across(self, theta: Real) -> Real:
        """An orthonormal basis of the directions that are orthogonal to the scalings of the layers."""
        scalings = np.zeros((len(theta), len(self.parts) - 1))
        for number, (part, following) in enumerate(pairwise(self.parts)):
            scalings[part, number], scalings[following, number] = theta[part], -theta[following]
        return np.linalg.qr(scalings, mode="complete")[0][:, len(self.parts) - 1 :]

    def inertia(self, theta: Real) -> Real:
        """Eigenvalues of the Hessian across the scalings, relative to the largest by absolute value, increasing."""
        basis = self.across(theta)
        values = np.linalg.eigvalsh(basis.T @ self.hessian(theta) @ basis)
        return values / (np.abs(values).max() or 1.0)

    def sharp_inertia(self, theta: Real) -> Real | None:
        """The `inertia` at the critical point near θ, in 50 digits; None if Newton's method finds none.

        Where the filter is long, a Hessian that is regular may have eigenvalues below the rounding of doubles.
        """
        end = self._sharp(theta)
        return None if end is None or np.linalg.norm(end[0] - theta) > OVER * np.linalg.norm(theta) else end[1]

    def _sharp(self, theta: Real) -> tuple[Real, Real] | None:
        """The end of Newton's method from θ in 50 digits, and the inertia there; None if there is no end."""
        basis = self.across(theta)
        with mpmath.workdps(50):
            there = np.array([mpmath.mpf(float(x)) for x in theta], dtype=object)
            for _ in range(SHARP_STEPS):
                gradient = 2 * self.jacobian(there).T @ (self.gram @ self.filter(there) - self.b)
                hessian = mpmath.matrix((basis.T @ self.hessian(there) @ basis).tolist())
                try:
                    step = np.array(list(mpmath.lu_solve(hessian, mpmath.matrix((-basis.T @ gradient).tolist()))))
                except (ZeroDivisionError, TypeError):  # mpmath 1.3 raises either for a singular matrix
                    return None
                there = there + basis @ step
                if max(map(abs, step)) < SHARP * max(map(abs, there)):
                    values = np.array(list(mpmath.eigsy(hessian, eigvals_only=True)))
                    return there.astype(float), np.array(values / max(map(abs, values)), dtype=float)
        return None

    def balanced(self, theta: Real) -> Real:
        """The same filter from layers of equal norm."""
        layers = self.split(theta)
        norms = np.array([np.linalg.norm(w) for w in layers])
        if not norms.all():
            return theta
        common = np.exp(np.log(norms).mean())
        return np.concatenate([w * (common / norm) for w, norm in zip(layers, norms, strict=True)])

    def descend(self, rng: np.random.Generator, *, far: bool = False) -> Limit:
        """Descend from random parameters: by L-BFGS, then by steps of Newton's method that never go uphill.

        With ``far``, from large parameters whose filter the loss sees little of: towards an infimum at infinity.
        """
        theta, noise = self._far_start(rng) if far else self._start(rng), NOISE * (self.scale + abs(self.constant))
        run = minimize(
            self.value_and_gradient, theta, jac=True, method="L-BFGS-B",
            options={"maxiter": 500, "ftol": 1e-15, "gtol": 1e-9 * self.scale, "maxcor": 20},
        )  # fmt: skip
        theta = self.balanced(run.x)
        for _ in range(NEWTON_STEPS):
            value, gradient = self.value_and_gradient(theta)
            values, vectors = np.linalg.eigh(self.hessian(theta))
            largest = np.abs(values).max() or 1.0
            steep = np.abs(values) > FLAT * largest
            step = -vectors[:, steep] @ (vectors[:, steep].T @ gradient / np.abs(values[steep]))
            slope = self.slope(theta)
            if slope < 1e-6 and values[0] < DOWNWARDS * largest:
                sign = -1.0 if vectors[:, 0] @ gradient > 0 else 1.0
                step += sign * STEP * np.linalg.norm(theta) * vectors[:, 0]
            elif slope < SMALLEST:
                break
            length = 1.0
            while length > 1e-6:
                there = theta + length * step
                rise = self.value_and_gradient(there)[0] - value
                # Where rounding hides whether the loss falls, the gradient has to.
                if rise < -noise or (rise <= noise and self.slope(there) < slope):
                    break
                length /= 4
            else:
                break
            theta = self.balanced(there)
        return Limit(theta, self.at_filter(self.filter(theta)), self.slope(theta), self.inertia(theta))

    def in_a_valley(self, theta: Real) -> bool:
        """Whether a descent that stopped here would go on for ever lower losses, had it more digits and time.

        Along dead coordinates the loss may fall by 1e-9 a unit of length, for thousands of units. Rounding stops
        descents there, with a gradient that is small and does not vanish, and no critical point is near.
        """
        flat = np.abs(self.inertia(theta)).min(initial=1.0) < NEARLY_FLAT
        if not flat or self.slope(theta) < STOPPED:
            return False
        end = self._sharp(theta)
        return end is None or bool(np.linalg.norm(end[0] - theta) > VALLEY * np.linalg.norm(theta))

    def _start(self, rng: np.random.Generator) -> Real:
        theta = rng.standard_normal(sum(self.filters))
        w = self.filter(theta)
        curvature, moment = float(w @ self.gram @ w), float(self.b @ w)
        # The first layer is scaled to where the loss is least along the ray, if that is away from zero.
        factor = moment / curvature if curvature > 0 else 0.0
        theta[: self.filters[0]] *= factor if abs(factor) > 1e-3 else 1.0
        return self.balanced(theta)

    def _far_start(self, rng: np.random.Generator) -> Real:
        """The parameters, of many random ones, that the loss sees least of, made larger."""

        def seen(theta: Real) -> float:
            w = self.filter(theta)
            return float(w @ self.gram @ w / (w @ w))

        drawn = [rng.standard_normal(sum(self.filters)) for _ in range(FAR_DRAWS)]
        return self.balanced(FAR_AWAY * min(drawn, key=seen))

    def settle(self, rng: np.random.Generator) -> Real:
        """Parameters where the gradient is least near random ones: critical points of all kinds, if it vanishes.

        All layers but the first keep the norm one.
        """

        def equations(theta: Real) -> Real:
            norms = [w @ w - 1 for w in self.split(theta)[1:]]
            return np.concatenate([self.value_and_gradient(theta)[1] / 2, norms])

        def derivative(theta: Real) -> Real:
            norms = np.zeros((len(self.parts) - 1, len(theta)))
            for number, part in enumerate(self.parts[1:]):
                norms[number, part] = 2 * theta[part]
            return np.vstack([self.hessian(theta) / 2, norms])

        theta = self._start(rng)
        norms = [float(np.linalg.norm(w)) for w in self.split(theta)]
        factors = [float(np.prod(norms[1:])), *(1 / norm for norm in norms[1:])]
        start = np.concatenate([factor * w for factor, w in zip(factors, self.split(theta), strict=True)])
        with np.errstate(all="ignore"):  # steps to w = 0
            end = least_squares(equations, start, derivative, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=100)
        return self.balanced(end.x)

    def parameters_over(self, w: Real, rng: np.random.Generator) -> Real | None:
        """Some parameters of a filter where the gradient vanishes, if it does; None if the search ends elsewhere."""

        def equations(theta: Real) -> Real:
            norms = [layer @ layer - 1 for layer in self.split(theta)[1:]]
            return np.concatenate([self.filter(theta) - w, norms])

        start = rng.standard_normal(self.parts[-1].stop)
        with np.errstate(all="ignore"):  # steps of nothing
            over = least_squares(equations, start, xtol=None, ftol=None, gtol=1e-15, max_nfev=300)
        if np.abs(over.fun).max() > OVER * np.linalg.norm(w):
            return None

        def gradient(theta: Real) -> Real:
            return np.append(equations(theta), self.value_and_gradient(theta)[1])

        with np.errstate(all="ignore"):
            end = least_squares(gradient, over.x, xtol=None, ftol=None, gtol=1e-15, max_nfev=300)
        return np.asarray(end.x)

    def continues(self, theta: Real) -> bool:
        """Whether critical parameters of other filters lie at two fixed distances from degenerate critical ones.

        The equations are the gradient, the distance, and orthogonality to the scalings at θ; they are solved by least
        squares from several places at that distance in the kernel of the Hessian. Isolated critical points are not
        at just these distances.
        """
        theta = self.balanced(theta)
        basis = self.across(theta)
        values, vectors = np.linalg.eigh(basis.T @ self.hessian(theta) @ basis)
        kernel = vectors[:, np.abs(values) < 1e-9 * (np.abs(values).max() or 1.0)]
        if not kernel.shape[1]:
            return False
        # A large part of the filter that no sample sees is in no term.
        terms = np.abs(self.gram @ self.filter(theta)) + np.abs(self.b)
        size = np.linalg.norm(self.jacobian(theta)) * np.linalg.norm(terms)

        def gradient(step: Real) -> Real:
            return self.value_and_gradient(theta + basis @ step)[1] / (2 * size)

        def derivative(step: Real, radius: float) -> Real:
            hessian = self.hessian(theta + basis @ step) @ basis / (2 * size)
            return np.vstack([hessian, 2 * step / radius**2])

        def reached(radius: float) -> bool:
            for direction in directions:
                end = least_squares(
                    lambda step, radius: np.append(gradient(step), step @ step / radius**2 - 1),
                    direction * (radius / np.linalg.norm(direction)),
                    derivative, xtol=None, ftol=None, gtol=1e-15, max_nfev=60, args=(radius,),
                )  # fmt: skip
                if np.abs(end.fun).max() < CRITICAL:
                    return True
            return False

        mixtures = np.random.default_rng(0).standard_normal((kernel.shape[1], 2 * kernel.shape[1]))
        directions = np.hstack([kernel, -kernel, kernel @ mixtures]).T
        critical = np.abs(gradient(np.zeros(basis.shape[1]))).max() < CRITICAL
        return bool(critical) and all(reached(part * np.linalg.norm(theta)) for part in AWAY)
