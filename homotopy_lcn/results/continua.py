"""Records of what special data have beside isolated critical points: continua, and infima that are not attained."""

from __future__ import annotations

from dataclasses import dataclass

from ..arrays import ComparedByValue
from ..doors import ShownInNotebooks
from ..networks.patterns import Pattern
from .points import CriticalPoint

__all__ = ["UNDECIDED", "Continuum", "Infimum"]


@dataclass(frozen=True, eq=False)
class Continuum(ComparedByValue, ShownInNotebooks):
    """A set of positive dimension of critical filters of one loss.

    Pieces of one stratum with equal dimensions and equal losses count as one, unless the Hessian tells them apart.

    Attributes
    ----------
    pattern : tuple of tuple of int
        The root pattern of the stratum that the filters are on, save for special ones.
    dimension : int
        The dimension of the set, complex if it is not real.
    loss : float or complex
        The loss, which is constant on the set; a float if it is real.
    real : bool or None
        Whether the set has real filters; None if that is undecided.
    attained : bool or None
        Whether the set has real filters with a real critical θ over them.
    kind : str or None
        For an attained set ``"minimum"`` if the Hessian at a real critical θ is positive semidefinite and vanishes
        along the set only, ``"saddle"`` if it has a negative eigenvalue and vanishes along the set only, or
        ``"degenerate"``. A set of residual zero is a minimum, whatever its Hessian.
    points : tuple of CriticalPoint
        Points of the set: real ones if there are any, at least one on every real piece. How many there are is no
        property of the data.
    real_dimension : int or None
        The largest dimension of the set of real filters near the real points; 0 if the real points are isolated from
        other real critical points. None without real points, or if it is undecided.
    """

    pattern: Pattern
    dimension: int
    loss: float | complex
    real: bool | None
    attained: bool | None
    kind: str | None
    points: tuple[CriticalPoint, ...]
    real_dimension: int | None = None

    @property
    def minimum(self) -> bool:
        """Whether the set consists of minima."""
        return self.kind == "minimum"

    def describe(self) -> str:
        """The facts in one line."""
        name = {1: "curve", 2: "surface"}.get(self.dimension, f"set of dimension {self.dimension}")
        real = "real at single points" if self.real_dimension == 0 else "real"
        real += {True: "", False: ", not attained", None: ", perhaps attained"}[self.attained]
        reality = {True: real, False: "without real points", None: "undecided whether real"}[self.real]
        sort = {"minimum": " of minima", "saddle": " of saddles", "degenerate": ", degenerate", None: ""}[self.kind]
        value = f"{self.loss:.10g}" if isinstance(self.loss, float) else f"{self.loss:.6g}"
        return f"{name}{sort}, loss {value}, {reality}"


@dataclass(frozen=True)
class Infimum:
    """The infimum of the loss over all real parameters.

    Attributes
    ----------
    value : float or None
        The infimum; None if the result is not complete. It is accurate to all digits if it is attained. If it is not
        attained, it is extrapolated from critical points of regularized losses.
    attained : bool or None
        Whether a minimum has this loss; None if that is undecided.
    """

    value: float | None
    attained: bool | None


#: Nothing is known about the infimum.
UNDECIDED = Infimum(None, None)
