"""Walls where filters without loss are tangent to the function space: Σ is singular on the whole line of data.

If Σ(t) has one kernel for all t, and its dimension is the codimension of the function space, some filters have no
residual: Σ(t) w = b(t). Where two of them meet, the space of all such w is tangent to the function space, and a third
critical filter lies between them. So three solutions of F = 0 meet, a triple solution of the equations of folds.
By itself, it is a nonsingular solution of

    Uᵀ (Σ(t) w − b(t)) = 0,  Uᵀ Σ(t) (dw/dθ) v = 0,

with a basis U of the image of Σ. The number of solutions is known, see `degrees.tangency_count`, and Newton's method
finds them from the ends of the paths that three of them share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Complex, Real
from ..equations.critical_equations import equations_of
from ..networks.strata import Stratum
from .extended_system import WallPoints
from .lines import DataLine
from .pieces import is_product
from .tolerances import WALLS

__all__ = ["Tangency", "common_image", "kernel_meets", "tangencies"]

#: Step of differences, relative to the unknowns.
STEP_OF_DIFFERENCES = 1e-6
MOST_STEPS_TO_TANGENCY = 30


@dataclass(frozen=True)
class Tangency:
    """A tangency: t, the factors one after the other, and c, so that w = c · Π Q_f."""

    t: complex
    factors: Complex
    scale: complex

    def differs_from(self, other: Tangency) -> bool:
        """Whether it is at another t."""
        return abs(self.t - other.t) > WALLS.same * (1 + abs(self.t))


def common_image(line: DataLine) -> Real | None:
    """An orthonormal basis (K, r) of the image of all Σ(t); None if it is the whole space, or has not all b(t)."""
    grams = [gram.real for gram in line.grams[: 1 + line.motion.gram]]
    values, vectors = np.linalg.eigh(sum(gram / np.linalg.norm(gram) for gram in grams))
    inside = values > WALLS.singular * values[-1]
    outside = vectors[:, ~inside]
    bs = line.bs[: 1 + line.motion.b].real
    if inside.all() or np.linalg.norm(bs @ outside) > WALLS.same * np.linalg.norm(bs):
        return None
    return np.asarray(vectors[:, inside])


def kernel_meets(stratum: Stratum, image: Real) -> bool:
    """Whether the kernel, if it has one dimension, is spanned by a filter of the stratum."""
    kernel = np.linalg.svd(image.T)[2][image.shape[1] :]
    return len(kernel) == 1 and is_product(stratum, range(stratum.filter_size), kernel[0])


def tangencies(stratum: Stratum, line: DataLine, image: Real, near: WallPoints) -> list[Tangency]:
    """The distinct tangencies that Newton's method finds from points near them, of a stratum without powers.

    Parameters
    ----------
    stratum : Stratum
    line : DataLine
        Real data, (1 − t) · first + t · second.
    image : (K, r) float array
        `common_image` of the line; r is the dimension of the stratum.
    near : WallPoints
        Points near tangencies, on the line.
    """
    system = _TangencySystem(stratum, line, image)
    found: list[Tangency] = []
    for row in range(len(near)):
        start = _start(stratum, line, near.chosen(np.array([row])))
        solution = None if start is None else system.solved(start)
        if solution is not None and all(solution.differs_from(other) for other in found):
            found.append(solution)
    return found


def _start(stratum: Stratum, line: DataLine, point: WallPoints) -> Complex | None:
    """c, all factors, and t; None for a point at infinity."""
    with np.errstate(all="ignore"):
        total = point.t[0].sum()
        scale = point.scale[0, 0] / point.scale[0, 1]
        scale *= (total if line.motion.gram else 1) / (total if line.motion.b else 1)
        t = point.t[0, 1] / total
    parts, start = [], 0
    for factor in stratum.factors:
        form = point.factors[0, start : start + factor.degree + 1]
        start += factor.degree + 1
        largest = form[np.argmax(np.abs(form))]
        parts.append(form / largest)
        scale = scale * largest
    whole = np.concatenate([[scale], *parts, [t]])
    return whole if np.isfinite(whole).all() else None


class _TangencySystem:
    """The equations, in affine patches of the factors and of v."""

    def __init__(self, stratum: Stratum, line: DataLine, image: Real) -> None:
        self.line, self.image = line, image
        self.equations = equations_of(stratum)
        self.parts = []
        start = 1
        for factor in stratum.factors:
            self.parts.append(slice(start, start + factor.degree + 1))
            start += factor.degree + 1
        self.size = start

    def solved(self, start: Complex) -> Tangency | None:
        """The solution to which Newton's method goes from c, factors and t, None if it goes to none."""
        theta, t = start[:-1], start[-1]
        largest = [part.start + int(np.argmax(np.abs(theta[part]))) for part in self.parts]
        free = [i for i in range(self.size) if i not in largest]
        jacobian = self._slopes(theta, t)[:, free]
        v = np.linalg.svd(jacobian)[2][-1].conj()
        centre = v.conj()

        def values(z: Complex) -> Complex:
            whole = theta.copy()
            whole[free] = z[: len(free)]
            v = z[len(free) : -1]
            first = self._residual(whole, z[-1])
            return np.concatenate([first, self._slopes(whole, z[-1])[:, free] @ v, [centre @ v - 1]])

        z = np.concatenate([theta[free], v, [t]])
        step = np.inf
        for _ in range(MOST_STEPS_TO_TANGENCY):
            value = values(z)
            columns = []
            for i in range(len(z)):
                h = np.zeros(len(z), complex)
                h[i] = STEP_OF_DIFFERENCES * max(1.0, abs(z[i]))
                columns.append((values(z + h) - values(z - h)) / (2 * h[i]))
            matrix = np.array(columns).T
            if not np.isfinite(matrix).all() or matrix.shape[0] != matrix.shape[1]:
                return None
            change = np.linalg.lstsq(matrix, value, rcond=None)[0]
            z = z - change
            before, step = step, float(np.linalg.norm(change) / (1 + np.linalg.norm(z)))
            if step < WALLS.real and step >= before / 2:
                break
        if not step < WALLS.real or not np.linalg.cond(matrix) < WALLS.condition:
            return None
        whole = theta.copy()
        whole[free] = z[: len(free)]
        return Tangency(complex(z[-1]), whole[1:], complex(whole[0]))

    def _data(self, t: complex) -> tuple[Complex, Complex]:
        grams, bs = self.line.grams, self.line.bs
        gram = (1 - t) * grams[0] + t * grams[1] if self.line.motion.gram else grams[0]
        return gram, (1 - t) * bs[0] + t * bs[1] if self.line.motion.b else bs[0]

    def _residual(self, theta: Complex, t: complex) -> Complex:
        gram, b = self._data(t)
        return np.asarray(self.image.T @ (gram @ self.equations.filters(theta[None])[0] - b))

    def _slopes(self, theta: Complex, t: complex) -> Complex:
        """The derivatives of the residual in c and the factors: w is linear in each of them."""
        gram, _ = self._data(t)
        columns = []
        for i in range(self.size):
            part = next((part for part in self.parts if part.start <= i < part.stop), slice(0, 1))
            one = theta.copy()
            one[part] = 0
            one[i] = 1
            columns.append(self.equations.filters(one[None])[0])
        return np.asarray(self.image.T @ gram @ np.array(columns).T)
