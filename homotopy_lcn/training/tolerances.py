"""Tolerances of training, one record a stage, each with its reason and its price.

`descent.Options` holds the options that users set. The records here hold the constants that users do not set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..arrays import Constants

__all__ = [
    "ARRIVAL",
    "LANDSCAPE",
    "MOST_STARTS",
    "MOST_STEPS_OF_RUN",
    "MOST_WATCHED",
    "OPTIMIZATION",
    "ArrivalTolerances",
    "LandscapeTolerances",
    "OptimizationTolerances",
]


#: Runs at most, and entries of the table that says how long each run lingers at each critical filter: 800 MB.
MOST_STARTS: Final = 100_000
MOST_WATCHED: Final = 50_000_000
#: Steps of a run at most.
MOST_STEPS_OF_RUN: Final = 10_000_000


@dataclass(init=False, repr=False, eq=False, match_args=False)
class OptimizationTolerances(Constants):
    """Tolerances of the optimizers, in the units of `ScaledLoss`.

    Attributes
    ----------
    step_error : float
        Error that a step of the flow may make, relative to the size of θ. The number of steps grows like its inverse
        third root. Runs near the boundary of two basins may end in the wrong one if it is too large.
    first_step : float
        Length of the first step of the flow.
    longest_step : float
        Longest step of the flow, in units of the inverse of the largest curvature. A longer step gains nothing, as the
        step is Newton's then.
    most_growth : float
        Along a negative curvature a step of the flow is at most this many times the inverse of the curvature, so that
        no exponential overflows before the error estimate has refused the step.
    safety : float
        The next step aims at this part of the length that the error estimate allows, so that few steps are refused.
    shrink, growth : float
        Least and largest factor by which the length of a step changes at once.
    after_error : float
        A step with too large an error is tried again with at most this part of its length.
    after_increase : float
        A step with a small error that increases the loss is tried again with this part of its length.
    loss_rounding : float
        Relative rounding of the loss, up to which a step may seem to increase the loss.
    settled : float
        At the end of the flow the Newton step is at most this, relative to the size of θ.
    flat : float
        In that Newton step nothing is divided by curvatures below this part of the largest curvature: along a flat
        direction, as by the scaling of the layers, the quotient is rounding.
    small_gradient : float
        At the end of a first-order method the gradient is at most this part of the reference gradient. A smaller value
        takes many more steps, and gradient flow is followed from there anyway.
    """

    step_error: float = 1e-4
    first_step: float = 1e-2
    longest_step: float = 1e8
    most_growth: float = 5.0
    safety: float = 0.9
    shrink: float = 0.1
    growth: float = 5.0
    after_error: float = 0.5
    after_increase: float = 0.25
    loss_rounding: float = 1e-13
    settled: float = 1e-10
    flat: float = 1e-4
    small_gradient: float = 1e-8


@dataclass(init=False, repr=False, eq=False, match_args=False)
class ArrivalTolerances(Constants):
    """Tolerances that decide at which critical point a run ends, and at which it lingers.

    Attributes
    ----------
    same_filter : float
        The filter at the end of a run is a listed filter up to this relative distance. Settled runs are far nearer, and
        different critical filters far apart.
    same_degenerate : float
        The same near a degenerate critical point, where a small gradient says less about the distance.
    same_loss : float
        Relative accuracy to which a residual Σw − b is zero, and losses on a continuum are equal.
    diverged : float
        A run has diverged if θ is larger than this, in units of the size of the unconstrained solution.
    reach : float
        A slow run farther than this from every critical filter, relative to the unconstrained solution, does not linger
        at one of them.
    """

    same_filter: float = 1e-6
    same_degenerate: float = 1e-3
    same_loss: float = 1e-8
    diverged: float = 1e8
    reach: float = 1 / 3


@dataclass(init=False, repr=False, eq=False, match_args=False)
class LandscapeTolerances(Constants):
    """Tolerances of the plane through two minima and a saddle.

    Attributes
    ----------
    margin : float
        The plane is shown this far beyond the three points, relative to their spread.
    same : float
        Minima nearer than this, relative to their norms, are equal up to the scaling of the layers.
    least_angle : float
        Least sine of the angle between the lines from the lowest minimum to the other minimum and to the saddle. At a
        smaller angle the plane would be chosen by rounding.
    most_layers : int
        Signs of the layers are tried for networks of at most this many layers; their number doubles with each layer.
    """

    margin: float = 0.45
    same: float = 1e-6
    least_angle: float = 0.05
    most_layers: int = 12


OPTIMIZATION = OptimizationTolerances()
ARRIVAL = ArrivalTolerances()
LANDSCAPE = LandscapeTolerances()
